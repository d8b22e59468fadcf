"""Is it alive, does it serve. Without a token, and without a word about anything else."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint

from master_app.web import schemas
from master_app.web.identity import services
from master_app.web.limits import limiter

bp = APIBlueprint("health", __name__, tag="Health")


@bp.get("/healthz")
@limiter.exempt
@bp.output(schemas.HealthOut)
@bp.doc(summary="The program runs")
def healthz() -> Any:
    return {"status": "ok"}


@bp.get("/readyz")
@limiter.exempt
@bp.output(schemas.HealthOut)
@bp.doc(summary="The master takes work", responses=[503])
def readyz() -> Any:
    """503 while it starts, stops, or cannot write."""
    reason = services().ready()
    if reason:
        return {"status": "not ready", "reason": reason}, 503
    return {"status": "ready"}
