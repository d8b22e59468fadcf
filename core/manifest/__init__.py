"""`hivemind.toml` and everything that follows from it alone. Pure: files are read through callables.

reading     manifest or old zip -> TaskSpec, or problems with line, key, reason and fix
items       what each subtask works on; slices of blobs for files, lines and lists
render      command, environment and files of one subtask, on the node
spec_json   TaskSpec <-> text, for the database and the wire
packages    requirements files, judged before they are resolved
advice      what will probably go wrong, said at submit
"""
