"""Installers to download: which there are, and the files. For people of the pool."""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template

from core.domain.user import Action, require
from master_app.web.api.results import disposition, ranged
from master_app.web.installers import Installer, Installers, pieces
from master_app.web.pages.frame import page_blueprint
from master_app.web.pages.session import signed_in_visitor

bp = page_blueprint("installers")


def offered(program: str = "") -> list[Installer]:
    """Return the installers of a program, or all."""
    return [one for one in _installers().offered() if program in ("", one.program)]


def _installers() -> Installers:
    found: Installers = current_app.extensions["hivemind.installers"]
    return found


@bp.get("/download")
def list_installers() -> Any:
    """Each installer with its size and SHA-256."""
    require(signed_in_visitor(), Action.NODE_READ)
    return render_template("download.html", installers=offered())


@bp.get("/download/<name>")
def download(name: str) -> Any:
    """One installer, or a part of it."""
    require(signed_in_visitor(), Action.NODE_READ)
    found = _installers().find(name)
    return ranged(
        found.size,
        found.sha256,
        lambda start, length: pieces(found, start, length),
        mimetype="application/octet-stream",
        headers={"Content-Disposition": disposition(found.name), "Cache-Control": "private, no-cache"},
    )
