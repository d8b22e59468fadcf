"""create_app: REST, the pages and the API's documents, with errors, limits and headers around them."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog
from apiflask import APIFlask
from flask import Response, g, render_template, request
from werkzeug.middleware.proxy_fix import ProxyFix

from core.domain.errors import Invalid, Problem
from master_app.web import problems
from master_app.web.aliases import Aliases
from master_app.web.api import (
    accounts,
    asks,
    audit,
    blobs,
    events,
    health,
    invites,
    metrics,
    money,
    nodes,
    notices,
    own_account,
    pool,
    results,
    submitting,
    tasks,
    templates,
    users,
    vpn,
)
from master_app.web.api import secrets as user_secrets
from master_app.web.documents import complete
from master_app.web.headers import add_headers
from master_app.web.installers import Installers
from master_app.web.limits import limiter
from master_app.web.pages.register import register_pages
from master_app.web.schemas import ProblemDocument
from master_app.web.services import WebServices
from master_app.web.uploads import FREE_RESERVE_BYTES, USER_BYTES, Uploads

JSON_BYTES: Final = 1 << 20
_DEEP: Final = 200
_VERSION: Final = "0.1.0"
#: In the order of the API's reference.
_SUBJECTS: Final = (
    *(
        accounts,
        own_account,
        notices,
        submitting,
        templates,
        tasks,
        results,
        blobs,
        events,
        user_secrets,
        nodes,
        money,
        asks,
        vpn,
    ),
    *(pool, users, invites, audit, health, metrics),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """What the daemon decides about the web door."""

    #: Zips on their way in; best on the disk of the content store.
    upload_folder: Path
    #: Where the operator puts installers, for "Add my computer"; None: nowhere.
    installer_folder: Path | None = None
    #: Names under which the door may be reached ("localhost", ".pool.example"); empty: any.
    hosts: tuple[str, ...] = ()
    #: One proxy stands in front and sets X-Forwarded-For, -Proto and -Host.
    behind_proxy: bool = False
    rate_limits: bool = True
    user_upload_bytes: int = USER_BYTES
    free_reserve_bytes: int = FREE_RESERVE_BYTES
    pool_name: str = "HiveMind"
    version: str = _VERSION
    #: Signs the cookie that carries form tokens; kept over restarts, so that open forms still work.
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)


def create_app(services: WebServices, settings: WebSettings) -> APIFlask:
    """Make the app. It holds no state but the uploads; several may live in one process."""
    app = APIFlask("master_app.web", title="HiveMind", version="v1", spec_path=None, docs_path=None)
    app.config.update(
        MAX_CONTENT_LENGTH=JSON_BYTES,
        MAX_FORM_MEMORY_SIZE=JSON_BYTES,
        RATELIMIT_ENABLED=settings.rate_limits,
        PROPAGATE_EXCEPTIONS=False,
        AUTO_404_RESPONSE=False,
        VALIDATION_ERROR_SCHEMA=ProblemDocument,
        HTTP_ERROR_SCHEMA=ProblemDocument,
        OPENAPI_VERSION="3.1.0",
        DESCRIPTION="Send tasks, follow them, fetch results, pay. Errors are RFC 9457 problem documents.",
    )
    if settings.hosts:
        app.config["TRUSTED_HOSTS"] = list(settings.hosts)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["hivemind"] = services
    app.extensions["hivemind.uploads"] = Uploads(
        settings.upload_folder,
        free_reserve_bytes=settings.free_reserve_bytes,
        user_bytes=settings.user_upload_bytes,
    )
    app.extensions["hivemind.installers"] = Installers(settings.installer_folder)
    app.extensions["hivemind.settings"] = settings
    app.after_request(add_headers)  # runs after the limiter's own
    limiter.init_app(app)
    _begin_requests(app)
    metrics.count_requests(app, services.figures)
    problems.register_errors(app)
    app.error_processor(_from_apiflask)
    for each in _SUBJECTS:
        app.register_blueprint(each.bp)
    app.register_blueprint(health.conditions_bp)
    app.spec_processor(complete)
    _documents(app, settings)
    register_pages(
        app,
        services.pages,
        secret_key=settings.secret_key,
        pool_name=settings.pool_name,
        version=settings.version,
    )
    inner: Any = app.wsgi_app
    if settings.behind_proxy:
        inner = ProxyFix(inner, x_for=1, x_proto=1, x_host=1)
    app.wsgi_app = Aliases(inner)  # type: ignore[method-assign]
    return app


def _begin_requests(app: APIFlask) -> None:
    @app.before_request
    def begin() -> None:
        g.request_id = secrets.token_hex(8)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)
        if request.is_json:
            _refuse_endless_json()


def _refuse_endless_json() -> None:
    """Refuse what is nested so deep that no reader of JSON takes it; else that would look like a bug of ours."""
    content = request.get_data(cache=True)
    if content.count(b"[") + content.count(b"{") < _DEEP:
        return
    try:
        json.loads(content)
    except RecursionError as error:
        raise Invalid(
            "The JSON is nested too deep.", code="JSON_INVALID", fix="Send what is described."
        ) from error
    except ValueError:
        return  # whoever reads it says what is wrong


def _from_apiflask(error: Any) -> Response:
    """Translate what APIFlask found wrong with a body or a query."""
    if error.status_code != 422:
        code, fix = problems.HTTP_CODES.get(error.status_code, ("BAD_REQUEST", ""))
        response = problems.respond(problems.problem_json(error.status_code, code, error.message, fix=fix))
        for name, value in dict(error.headers or {}).items():
            if name.lower() in ("allow", "location", "retry-after"):
                response.headers[name] = value
        return response
    found: list[Problem] = []
    detail = error.detail if isinstance(error.detail, dict) else {}
    for place, fields in detail.items():
        _collect(found, "", fields if isinstance(fields, dict) else {str(place): fields})
    return problems.from_domain(Invalid("The request has mistakes.", found))


def _collect(found: list[Problem], prefix: str, value: Any) -> None:
    if isinstance(value, dict):
        for name, inner in list(value.items())[:50]:
            own = str(name)[:80]
            _collect(found, own if own == "_schema" or not prefix else f"{prefix}.{own}", inner)
        return
    for text in value if isinstance(value, list) else [value]:
        found.append(
            Problem(
                code="FIELD_INVALID", key=prefix, reason=str(text)[:300], fix="See /api/v1/docs for this request."
            )
        )


def _documents(app: APIFlask, settings: WebSettings) -> None:
    @app.get("/api/v1/docs")
    @app.doc(hide=True)
    def docs() -> Any:
        return render_template("docs.html", pool_name=settings.pool_name)

    @app.get("/api/v1/openapi.json")
    @app.doc(hide=True)
    def openapi() -> Any:
        document: Any = app.spec
        response = app.json.response(document)
        response.headers["Cache-Control"] = "public, max-age=300"
        return response

    @app.get("/api/v1/version")
    @app.doc(hide=True)
    def version() -> Any:
        return {"version": settings.version, "api": "v1"}
