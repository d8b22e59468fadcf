"""Things that people make for later: secrets of tasks, invitations, join links."""

from __future__ import annotations

from typing import Any, Final

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _

from core.domain.errors import HiveMindError, Invalid
from core.domain.user import Action, Principal, Role, require
from master_app.users.invitations import SIGN_UP_ROLES
from master_app.web.api.parts import done
from master_app.web.identity import services
from master_app.web.limits import STRICT, limited
from master_app.web.pages.frame import back_to, done_or_error, page_blueprint
from master_app.web.pages.sentences import said
from master_app.web.pages.session import signed_in_visitor

bp = page_blueprint("keeping")
_DAY_MS: Final = 86_400_000
_DAYS: Final = (1, 7, 30, 90)


# ---- secrets


@bp.get("/account/secrets")
def secrets() -> Any:
    """Names and dates; values never come back."""
    return _secrets(signed_in_visitor())


def _secrets(who: Principal, errors: dict[str, str] | None = None, status: int = 200) -> Any:
    require(who, Action.TASK_SUBMIT)
    page = render_template(
        "secrets.html",
        secrets=services().secrets.listed(who),
        errors=errors or {},
        name=request.form.get("name", "") if errors else "",
    )
    return page, status


@bp.post("/account/secrets")
@limited(STRICT)
def keep_secret() -> Any:
    """Keep a value under a name, in place of an older one."""
    who = signed_in_visitor()
    name = request.form.get("name", "").strip()[:100]
    try:
        done(services().secrets.keep(who, name, request.form.get("value", "").replace("\r\n", "\n")))
    except Invalid as error:
        where = "value" if error.code == "SECRET_VALUE" else "name"
        return _secrets(who, {where: f"{said(error.message)} {said(error.fix)}".strip()}, 422)
    except HiveMindError as error:
        done_or_error(error)
    else:
        flash(_("%(name)s is kept.", name=name), "good")
    return back_to("page_keeping.secrets")


@bp.post("/account/secrets/forget")
def forget_secret() -> Any:
    """Forget one. Attempts that run have it still."""
    try:
        done(services().secrets.forget(signed_in_visitor(), request.form.get("name", "")[:100]))
    except HiveMindError as error:
        done_or_error(error)
    else:
        flash(_("Forgotten."), "good")
    return back_to("page_keeping.secrets")


# ---- invitations


@bp.get("/admin/invitations")
def invitations() -> Any:
    """Those that may still be used."""
    return _invitations(signed_in_visitor())


def _invitations(who: Principal, secret: str = "") -> Any:
    found = done(services().invitations.list(who))
    return render_template(
        "admin_invitations.html",
        invites=found,
        names=services().audit.names(each.created_by for each in found),
        secret=secret,
        where=url_for("page_people.first_visit", invite=secret or None, _external=True),
        days=_DAYS,
        roles=[role for role in Role if role in SIGN_UP_ROLES],
        mode=services().people.sign_up_mode.value,
    )


@bp.post("/admin/invitations")
@limited(STRICT)
def invite() -> Any:
    """Make one; its code is in this answer alone."""
    who = signed_in_visitor()
    form = request.form
    try:
        secret, _row = done(
            services().invitations.make(
                who,
                roles=[role for role in SIGN_UP_ROLES if role.value in form.getlist("role")],
                uses=min(max(form.get("uses", 1, int), 1), 1000),
                lifetime_ms=min(max(form.get("days", 7, int), 1), 366) * _DAY_MS,
            )
        )
    except HiveMindError as error:
        done_or_error(error)
        return back_to("page_keeping.invitations")
    return _invitations(who, secret)


@bp.post("/admin/invitations/<invite_id>")
def end_invitation(invite_id: str) -> Any:
    """End one at once; who used it stays."""
    try:
        done(services().invitations.revoke(signed_in_visitor(), invite_id))
    except HiveMindError as error:
        done_or_error(error)
    else:
        flash(_("Ended."), "good")
    return back_to("page_keeping.invitations")


# ---- join links


@bp.get("/nodes/links")
def links() -> Any:
    """Join links that still work: one's own, or everybody's for operators."""
    who = signed_in_visitor()
    found = done(services().node_control.links(who))
    names = services().audit.names({each.owner_id for each in found} | {each.created_by for each in found})
    return render_template("join_links.html", links=found, names=names)


@bp.post("/nodes/links/<link_id>")
def end_link(link_id: str) -> Any:
    """Make one useless; nodes that joined with it stay."""
    try:
        done(services().node_control.revoke_link(signed_in_visitor(), link_id[:64]))
    except HiveMindError as error:
        done_or_error(error)
    else:
        flash(_("Ended."), "good")
    return back_to("page_keeping.links")
