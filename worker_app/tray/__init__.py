"""The window and the tray icon of a worker: a client of the agent's local door, and nothing more.

client       speaks to the agent (the only file here that knows gRPC)
courier      the client on its own thread: watches, asks, brings answers to the Qt thread
keeper       starts an agent when none runs, and again when it ends
sentences    the agent's lines in words, in the language in use
tray menu window pages/    what people see
app          puts it all together; opened by `python -m worker_app`
"""
