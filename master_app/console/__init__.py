"""The master console: a window on one master, over gRPC alone. It knows no service and no storage.

client        the only file that speaks the wire: calls as futures, Watch with its own reconnecting
places        which masters there are: the one of this computer, and those that were pinned before
models/       rows and cells; no widget, no call        controllers/  calls, models and what follows; no widget
views/        widgets; no call                          app           puts them together
"""
