"""What APIFlask cannot say by itself is written into the OpenAPI document here."""

from __future__ import annotations

from typing import Any, Final

from master_app.web.api.submitting import FORM_DOC

_PROBLEM: Final = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
_ALWAYS: Final = {
    "400": "The request cannot be read.",
    "429": "Too many requests; see Retry-After.",
    "503": "The master is busy or stopping; see Retry-After.",
}
_KEY_HEADER: Final = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "The same key makes one task, however often it is sent.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}
_FORMS: Final = ("/api/v1/tasks", "/api/v1/tasks/check", "/api/v1/tasks/quote")
_IDS: Final = {"task_id", "node_id", "token_id", "invite_id"}


def complete(document: Any) -> Any:
    """Finish the document: problem documents, the form of a task, raw bodies, what every answer may be."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in ("get", "post", "put", "delete", "patch"):
                _complete_operation(path, operation)
    for path in _FORMS:
        operation = document["paths"][path]["post"]
        operation.update(FORM_DOC)
        operation["responses"].setdefault("422", {"description": "It has mistakes.", "content": _PROBLEM})
    document["paths"]["/api/v1/tasks"]["post"].setdefault("parameters", []).append(_KEY_HEADER)
    needed = {**_KEY_HEADER, "required": True, "description": "The same key moves money once."}
    for path in ("/api/v1/transfer", "/api/v1/users/{username}/grant"):
        document["paths"][path]["post"].setdefault("parameters", []).append(needed)
    events = document["paths"]["/api/v1/events"]["get"]
    events["responses"]["200"] = {
        "description": "Events, for as long as you read.",
        "content": {"text/event-stream": {}},
    }
    events["parameters"] = [
        {
            "in": "query",
            "name": "after",
            "required": False,
            "description": "The commit that you have; the header Last-Event-ID goes before it.",
            "schema": {"type": "integer", "minimum": 0},
        }
    ]
    document["paths"]["/api/v1/blobs/{sha256}"]["put"]["requestBody"] = {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
    return document


def _complete_operation(path: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    for status, text in _ALWAYS.items():
        responses.setdefault(status, {"description": text})
    if path.startswith("/api/"):
        responses.setdefault("413", {"description": "Too large."})
        responses.setdefault("415", {"description": "Not a media type that is read here."})
        responses.setdefault("422", {"description": "The request has mistakes."})
    for status, response in responses.items():
        if status.isdigit() and int(status) >= 400:
            response["content"] = _PROBLEM
    if path == "/readyz":
        responses["503"]["content"] = responses["200"]["content"]
    for parameter in operation.get("parameters", ()):
        if parameter.get("in") == "path" and parameter["name"] in _IDS:
            parameter["schema"] = {"type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{26}$"}
        if parameter.get("in") == "path" and parameter["name"] == "sha256":
            parameter["schema"] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
