"""Docs in the app: a task in five minutes, the manifest, licences. Every sample carries this pool's address."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any

from flask import render_template, request

from core.manifest.overrides import FIELDS
from master_app.web.pages import manual
from master_app.web.pages.frame import STATIC, page_blueprint

bp = page_blueprint("docs")


@bp.get("/docs")
def start() -> Any:
    """Write a task in five minutes."""
    return render_template("docs_start.html", address=request.host_url.rstrip("/"))


@bp.get("/docs/manifest")
def manifest() -> Any:
    """What may stand in hivemind.toml."""
    return render_template("docs_manifest.html", tables=manual.TABLES, fields=FIELDS)


@cache
def _vendored() -> list[dict[str, Any]]:
    data = tomllib.loads((STATIC / "vendor" / "vendor.toml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = data["package"]
    return found


@bp.get("/licences")
def licences() -> Any:
    """Whose work is in these pages."""
    return render_template("licences.html", packages=_vendored())
