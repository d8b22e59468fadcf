"""Puts all pages into an app."""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from werkzeug.exceptions import NotFound

from master_app.web import problems
from master_app.web.pages import (
    account,
    admin,
    asks,
    balance,
    certificate,
    dashboard,
    docs,
    frame,
    installers,
    keeping,
    nodes,
    notices,
    people,
    pool_settings,
    results,
    submit,
    tasks,
    templates,
    vpn,
)
from master_app.web.pages.language import begin_languages, zone
from master_app.web.pages.nodes_view import NodeList
from master_app.web.pages.services import PageServices
from master_app.web.pages.session import begin_sessions


def register_pages(app: Flask, services: PageServices, *, secret_key: str, pool_name: str, version: str) -> None:
    """Add the portal to an app. `secret_key` signs the cookie that carries CSRF tokens and messages."""
    app.config.update(
        SECRET_KEY=secret_key,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=24 * 3600,
        SESSION_COOKIE_NAME="hm_form",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
    )
    app.extensions["hivemind.pages"] = services
    app.extensions["hivemind.pool_name"] = pool_name
    app.extensions["hivemind.node_list"] = NodeList()
    begin_languages(app)
    begin_sessions(app)
    frame.begin_pages(app)
    app.context_processor(lambda: {"version": version, "zone_name": str(zone())})
    for each in (
        people,
        dashboard,
        tasks,
        results,
        submit,
        balance,
        asks,
        nodes,
        installers,
        keeping,
        templates,
        notices,
        certificate,
        account,
        vpn,
        docs,
        admin,
        pool_settings,
    ):
        app.register_blueprint(each.bp)
    app.register_error_handler(NotFound, _not_found)


def _not_found(error: NotFound) -> Any:
    """Answer an address that is none: as a page to browsers, as a problem to programs."""
    best = request.accept_mimetypes.best_match(["application/json", "text/html"])
    if request.path.startswith("/api/") or best != "text/html":
        return problems.from_http(error)
    return frame.from_http(error)
