"""What operators change of a running pool from a page: who may sign up, the grant, and what may be used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from core.domain.errors import HiveMindError
from core.domain.ledger import UCPT_PER_CPT, format_cpt, parse_cpt
from core.domain.user import Action, Quota, SignUp, require
from master_app.web.api.parts import done
from master_app.web.identity import services
from master_app.web.pages.frame import back_to, page_blueprint
from master_app.web.pages.sentences import said
from master_app.web.pages.session import signed_in_visitor

bp = page_blueprint("pool_settings")
_GB: Final = 1_000_000_000
#: Field of a quota -> its label, its unit, and how many of the stored unit one of it is.
BOUNDS: Final[Mapping[str, tuple[object, str, int]]] = {
    "queued_tasks": (_l("Tasks that have not ended"), "", 1),
    "queued_subtasks": (_l("Subtasks of tasks that have not ended"), "", 1),
    "storage_bytes": (_l("Bundles and results"), "GB", _GB),
    "running_cpu_millis": (_l("Cores at once"), "", 1000),
    "spend_day_ucpt": (_l("Spending a day"), "CPT", UCPT_PER_CPT),
}


@bp.get("/admin/settings")
def show() -> Any:
    """The rules as they are."""
    return _show({})


def _show(errors: dict[str, str], status: int = 200) -> Any:
    require(signed_in_visitor(), Action.SETTINGS_CHANGE)
    rules = services().rules.now
    given = request.form if errors else {}
    values = {"sign_up": rules.sign_up.value, "sign_up_grant": format_cpt(rules.sign_up_grant_ucpt)}
    for whose in ("user", "pool"):
        quota = getattr(rules, f"{whose}_quota")
        values |= {f"{whose}.{name}": shown(getattr(quota, name), size) for name, (_w, _u, size) in BOUNDS.items()}
    page = render_template(
        "admin_settings.html", values={**values, **given}, errors=errors, bounds=BOUNDS, modes=list(SignUp)
    )
    return page, status


def shown(value: int | None, size: int) -> str:
    """Return a bound as a person writes it; empty is none."""
    return "" if value is None else f"{value / size:,.6f}".rstrip("0").rstrip(".")


def written(text: str, size: int) -> int | None:
    """Return a bound that a person wrote, in the stored unit. Raises ValueError."""
    plain = text.replace(",", "").strip()
    if not plain:
        return None
    whole, _dot, fraction = plain.partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 12) or not (fraction or "0").isdigit():
        raise ValueError(text)
    return int(whole) * size + int((fraction[:9] or "0").ljust(9, "0")) * size // 10**9


@bp.post("/admin/settings")
def change() -> Any:
    """Change them; each change stands in the audit log."""
    who = signed_in_visitor()
    require(who, Action.SETTINGS_CHANGE)
    form, errors = request.form, dict[str, str]()
    quotas: dict[str, Quota] = {}
    for whose in ("user", "pool"):
        found: dict[str, int | None] = {}
        for name, (_words, _unit, size) in BOUNDS.items():
            try:
                found[name] = written(form.get(f"{whose}.{name}", "")[:30], size)
            except ValueError:
                errors[f"{whose}.{name}"] = _("Write a number, or leave it empty for no bound.")
        if len(found) == len(BOUNDS):
            quotas[whose] = Quota(**found)
    mode = form.get("sign_up", "")
    try:
        grant = parse_cpt(form.get("sign_up_grant", "").strip()[:30])
        if not errors and mode in set(SignUp):
            done(
                services().rules.change(
                    who,
                    sign_up=SignUp(mode),
                    sign_up_grant_ucpt=grant,
                    user_quota=quotas["user"],
                    pool_quota=quotas["pool"],
                )
            )
    except HiveMindError as error:
        errors["sign_up_grant"] = said(error.message)
    if errors:
        return _show(errors, 422)
    flash(_("Saved. It holds at once."), "good")
    return back_to("page_pool_settings.show")
