"""The `hivemind` command: what people do by hand with the REST API. Needs no Qt, Flask, SQLAlchemy, Docker.

Data goes to standard output, everything else to standard error; `--json` makes the data JSON. Exit codes: 0 done,
1 error (a task that failed too), 2 wrong use, 3 not signed in or not allowed, 4 not found, 130 interrupted.
"""

from core.cli.app import main

__all__ = ["main"]
