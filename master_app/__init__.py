"""The master: takes tasks in, splits them, gives the pieces to nodes, keeps the ledger, shows all of it.

    web | rpc        doors: decode, one service call, encode          bootstrap   builds everything, once
    feed             facts to faces: a snapshot, then deltas           daemon      loops, threads, timers
    node_pool | vpn  membership, sessions, dispatch, reaper            storage     SQLAlchemy, behind the ports
    tasks            intake, quote, attempts, merging, retention
    users ledger     people; money                                     console     Qt, over gRPC alone
    scheduling       pure: the pool's value in, placements out
    ports settings   what the services need of the outside

Doors call services, services change state through one writer, and facts go out after the commit.
"""
