"""Is it alive, does it serve: without a token, and without a word about anything else. What is wrong:
operators.
"""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint

from core.domain.condition import Condition
from core.domain.user import Action, require
from master_app.web import schemas, shapes
from master_app.web.api.parts import blueprint
from master_app.web.identity import caller, services, signed_in
from master_app.web.limits import limiter

bp = APIBlueprint("health", __name__, tag="Health")
conditions_bp = blueprint("conditions", "Health")


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


@conditions_bp.get("/conditions")
@signed_in
@conditions_bp.output(schemas.ConditionsOut)
@conditions_bp.doc(summary="What is wrong with the pool, and what was lately", responses=[401, 403])
def conditions() -> Any:
    """For operators. Each says what happened, since when, what is at risk and what will happen next."""
    require(caller(), Action.AUDIT_READ)
    held = services().conditions
    return {
        "current": [_condition(each) for each in held.current()],
        "ended": [_condition(each) for each in held.ended()],
    }


def _condition(each: Condition) -> dict[str, Any]:
    return {
        "code": each.code.value,
        "subject": each.subject,
        "gravity": each.gravity.value,
        "what": each.what,
        "at_risk": each.at_risk,
        "next": each.next,
        "fix": each.fix,
        "since": shapes.moment(each.since_ms),
        "until": shapes.moment(each.until_ms),
    }
