"""gRPC plumbing of both programs. Only this room, the doors and the gateways see generated types.

codec/        the only converter between wire messages and domain values; one file a proto
pki/          the pool's own authority, certificates of nodes and master, join links (no gRPC in it)
status        domain error <-> gRPC status, once
credentials   TLS on both sides of both doors
interceptors  request id, who calls (certificate or token), errors into statuses
server, channel   options that both ends must agree on: keepalive, sizes, deadlines
streams       the bounded, thread-safe queue behind a session
"""
