"""The agent's side of the wire: implements the ports of `worker_app.agent.ports.link` over gRPC.

gateway     the session, on a connection of its own; blobs and logs on a second one
enrolment   joining and renewing, on the control door
"""
