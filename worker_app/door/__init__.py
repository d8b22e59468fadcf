"""The local door: gRPC on loopback, for whoever can read the owner-only `agent.json` with its port and token.

tray --token--> AgentDoor --> OwnerActions, Desk (worker_app.agent)
"""
