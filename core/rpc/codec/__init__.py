"""The only converter between wire messages and domain values; one file a proto.

`x_to_pb` takes a value, `x_from_pb` a message. What comes from outside is checked here for what the types of the
domain promise: known enum values, finite numbers, one body a message. The rest is for the services to judge.
All raise ProtocolError and never anything else for what another program sent.
"""
