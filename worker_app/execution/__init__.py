"""How a node runs attempts: sandboxes in which a stranger's program can do what it likes and hurt nobody.

    runtime (Docker) -> images -> packages -> volumes -> policy -> container -> sandbox
                                                                       |
    conductor (the agent's side of the frames) <- link (attached stream) <- runner.py, PID 1 inside

    engine    the Docker API on threads that can be given up; nothing else here talks to Docker
    policy    pure: what a container may do, in one function
    runner    what runs inside; shared with `process`, the runtime that does NOT isolate
    outputs   judges everything that comes out: written by a stranger

Implements `worker_app.agent.ports.sandbox`. Only the agent's bootstrap sees both.
"""
