"""The gRPC doors of the master: decode, one service call, encode.

    node door, mutual TLS      NodeSession (node_door), Blobs (blobs_door), Logs (logs_door)
    control door, TLS          Enrolment (enrolment_door), Operator (operator_door), health

Everything here runs on the `rpc` loop and never blocks it: services answer with futures, files are read and
written in threads. `services` declares what the doors call.
"""
