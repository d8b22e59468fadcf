"""The web door: REST under `/api/v1`, a plain landing page, health and the API's own documents.

    services    what the door calls, as protocols; bootstrap plugs the services in
    app         create_app: Flask with its errors, limits and headers
    api/        one module a subject: decode, one service call, encode
    shapes      values of the domain -> JSON; schemas: the same for the OpenAPI document
    uploads     zips on their way in: streamed to disk, resumable, a folder for each user
    front       ASGI before Flask: bodies, threads, clients that went away
    server      uvicorn on its own loop in its own thread

It imports no storage and no scheduling. Roles are checked by the services; what has no service of its own (reads)
is checked here with the same table.
"""
