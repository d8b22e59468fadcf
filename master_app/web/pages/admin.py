"""For operators: users, grants, invitations, nodes, approvals, join links, the audit log."""

from __future__ import annotations

import secrets
from typing import Any, Final

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _

from core.domain.errors import HiveMindError
from core.domain.ledger import parse_cpt
from core.domain.node import NodeAdmin
from core.domain.operations import NewJoinLink
from core.domain.user import PRACTICE_USER, Action, Principal, Role, require
from master_app.ports.audit import AuditFilter
from master_app.web.api.parts import done
from master_app.web.identity import services
from master_app.web.pages.frame import back_to, done_or_error, page_blueprint
from master_app.web.pages.language import cpt
from master_app.web.pages.nodes_view import all_nodes
from master_app.web.pages.session import signed_in_visitor

bp = page_blueprint("admin")
_DAY_MS: Final = 86_400_000
_PAGE: Final = 50


def _operator(action: Action) -> Principal:
    who = signed_in_visitor()
    require(who, action)
    return who


@bp.get("/admin")
def users() -> Any:
    """All users, by name."""
    return _users()


def _users(secret: str = "", what: str = "", where: str = "") -> Any:
    who = _operator(Action.USER_READ_ANY)
    find = request.args.get("find", "")[:80].strip()
    page = services().people.users(who, name_contains=find, cursor=request.args.get("after") or None, limit=_PAGE)
    balances = {user.user_id: _balance(user.user_id) for user in page.items}
    return render_template(
        "admin_users.html",
        page=page,
        find=find,
        balances=balances,
        secret=secret,
        what=what,
        where=where,
        key=secrets.token_urlsafe(18),
        mode=services().people.sign_up_mode.value,
        practice=PRACTICE_USER,
    )


def _balance(user_id: str) -> int:
    return services().ledger.account(f"user:{user_id}").balance_ucpt


@bp.post("/admin/users/<username>")
def act_on_user(username: str) -> Any:
    """Grant, change roles, lock, unlock, or make a one-use link for a new password."""
    who = _operator(Action.USER_CHANGE_ANY)
    form = request.form
    try:
        match form.get("do", ""):
            case "grant":
                amount = parse_cpt(form.get("amount", "").strip()[:30])
                done(services().money.grant(who, username, amount, form.get("key", "")[:100]))
                flash(_("%(amount)s CPT granted to %(name)s.", amount=cpt(amount), name=username), "good")
            case "roles":
                wanted = [role for role in Role if role.value in form.getlist("role")]
                done(services().people.set_roles(who, username, wanted))
                flash(_("The roles of %(name)s are changed.", name=username), "good")
            case "lock":
                done(services().people.lock(who, username, form.get("reason", "")))
                flash(_("%(name)s is locked.", name=username), "good")
            case "unlock":
                done(services().people.unlock(who, username))
                flash(_("%(name)s is unlocked.", name=username), "good")
            case "reset":
                issued = done(services().people.reset_link(who, username))
                what = _("One-use code for %(name)s, good for a day", name=username)
                return _users(issued.secret, what, url_for("page_people.one_use", _external=True))
    except HiveMindError as error:
        done_or_error(error)
    return back_to("page_admin.users")


@bp.get("/admin/nodes")
def nodes() -> Any:
    """All nodes with what an operator may do; those that wait for approval first."""
    return _nodes(None)


def _nodes(link: Any) -> Any:
    who = _operator(Action.NODE_CONTROL_ANY)
    found = sorted(all_nodes(who), key=lambda node: (node.admin is not NodeAdmin.PENDING, node.name))
    start = max(0, request.args.get("from", 0, int))
    return render_template(
        "admin_nodes.html",
        nodes=found[start : start + _PAGE],
        total=len(found),
        start=start,
        shown=_PAGE,
        link=link,
    )


@bp.post("/admin/join-link")
def join_link() -> Any:
    """Make a join link for somebody, for one computer or many."""
    who = _operator(Action.NODE_JOIN)
    form = request.form
    try:
        wish = NewJoinLink(
            owner=form.get("owner", "").strip()[:40],
            uses=min(max(form.get("uses", 1, int), 1), 1000),
            expires_s=min(max(form.get("hours", 1, int), 1), 24 * 30) * 3600,
            approve=form.get("approve") == "1",
        )
        made = done(services().links.create_link(who, wish))
    except HiveMindError as error:
        done_or_error(error)
        return back_to("page_admin.nodes")
    return _nodes(made)


@bp.get("/admin/audit")
def audit() -> Any:
    """Who did what to what, newest first."""
    who = _operator(Action.AUDIT_READ)
    before = request.args.get("before", "")
    cursor = before if before.isascii() and before.isdigit() and len(before) <= 15 else None
    page = services().audit.page(who, AuditFilter(), cursor=cursor, limit=_PAGE)
    names = services().audit.names(each for row in page.items for each in (row.fact.actor_id, row.fact.subject))
    return render_template("admin_audit.html", page=page, names=names)
