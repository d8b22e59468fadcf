"""The pool's own authority. No gRPC in it.

authority     its key and certificate; signs nodes for 90 days and the master's own doors
node_key      what a node makes itself: key, request, proof for a renewal
"""
