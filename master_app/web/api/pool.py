"""The pool itself: what anybody may know, and the rules that operators change while it runs."""

from __future__ import annotations

from typing import Any

from flask import current_app

from core.domain.pool_rules import PoolRules
from core.domain.user import Action, SignUp, require
from master_app.web import schemas, shapes
from master_app.web.api.parts import blueprint, done
from master_app.web.api.users import quota_of
from master_app.web.identity import caller, services, signed_in

bp = blueprint("pool", "Pool")


def _rules(rules: PoolRules) -> shapes.Json:
    return {
        "sign_up": rules.sign_up.value,
        "sign_up_grant": shapes.money(rules.sign_up_grant_ucpt),
        "user_quota": shapes.quota(rules.user_quota),
        "pool_quota": shapes.quota(rules.pool_quota),
    }


@bp.get("/pool")
@bp.output(schemas.PoolOut)
@bp.doc(summary="The pool's name, version and who may sign up")
def facts() -> Any:
    """Without a token: what a person needs to know before they have one."""
    settings = current_app.extensions["hivemind.settings"]
    return {
        "name": settings.pool_name,
        "version": settings.version,
        "api": "v1",
        "sign_up": services().people.sign_up_mode.value,
    }


@bp.get("/settings")
@signed_in
@bp.output(schemas.PoolRulesOut)
@bp.doc(summary="Who may sign up, and what may be used", responses=[401, 403])
def get_settings() -> Any:
    require(caller(), Action.SETTINGS_CHANGE)
    return _rules(services().rules.now)


@bp.patch("/settings")
@signed_in
@bp.input(schemas.PoolRulesIn, location="json")
@bp.output(schemas.PoolRulesOut)
@bp.doc(summary="Change who may sign up, and what may be used", responses=[401, 403])
def change_settings(json_data: dict[str, Any]) -> Any:
    """Holds at once, and after a restart. What is left out stays as it is; a null bound is none."""
    who, rules = caller(), services().rules
    require(who, Action.SETTINGS_CHANGE)
    given: dict[str, Any] = {}
    if "sign_up" in json_data:
        given["sign_up"] = SignUp(json_data["sign_up"])
    if "sign_up_grant" in json_data:
        given["sign_up_grant_ucpt"] = shapes.amount_ucpt(json_data["sign_up_grant"])
    for name in ("user_quota", "pool_quota"):
        if name in json_data:
            given[name] = quota_of(getattr(rules.now, name), json_data[name])
    return _rules(done(rules.change(who, **given)))
