"""Nodes: what the pool has, how busy it is, and "add my computer" from the link to the first earning."""

from __future__ import annotations

from typing import Any, Final

import segno
from flask import flash, render_template, request
from flask_babel import gettext as _

from core.domain.errors import HiveMindError, NotFound
from core.domain.ledger import PAYMENT_CODES, Transfer, format_cpt, user_account
from core.domain.operations import NewJoinLink, NodeAction
from core.domain.user import Action, require
from master_app.web.api.parts import done
from master_app.web.identity import services
from master_app.web.pages.frame import back_to, done_or_error, page_blueprint
from master_app.web.pages.installers import offered
from master_app.web.pages.nodes_view import all_nodes, is_online, load_of, pool_facts
from master_app.web.pages.session import signed_in_visitor

bp = page_blueprint("nodes")
_PAGE: Final = 60
_TILES: Final = 60


@bp.get("/nodes")
def list_nodes() -> Any:
    """The pool now; the visitor's own nodes first."""
    who = signed_in_visitor()
    require(who, Action.NODE_READ)
    nodes = all_nodes(who)
    find = request.args.get("find", "")[:80].strip().lower()
    chosen = request.args.get("show", "")
    shown = [node for node in nodes if find in node.name.lower()] if find else list(nodes)
    if chosen == "mine":
        shown = [node for node in shown if node.owner_id == who.user_id]
    elif chosen == "online":
        shown = [node for node in shown if is_online(node)]
    shown.sort(key=lambda node: (node.owner_id != who.user_id, not is_online(node), node.name))
    start = max(0, request.args.get("from", 0, int))
    return render_template(
        "nodes.html",
        pool=pool_facts(who),
        nodes=shown[start : start + _PAGE],
        total=len(shown),
        start=start,
        shown=_PAGE,
        chosen=chosen,
        find=find,
        mine=sum(node.owner_id == who.user_id for node in nodes),
        load_of=load_of,
        tiles=_TILES,
    )


@bp.post("/nodes/<node_id>")
def act(node_id: str) -> Any:
    """Pause, resume, drain, revoke: one's own node, or any for operators; approve for operators."""
    who = signed_in_visitor()
    require(who, Action.NODE_CONTROL)
    try:
        wish = NodeAction(request.form.get("do", ""))
    except ValueError as error:
        raise NotFound(_("There is no such action."), code="ACTION_UNKNOWN") from error
    try:
        done(services().node_control.act(who, node_id, wish, reason=request.form.get("reason", "")[:200]))
    except HiveMindError as error:
        done_or_error(error)
    else:
        flash(_("Done."), "good")
    return back_to("page_admin.nodes" if request.form.get("from") == "admin" else "page_nodes.list_nodes")


@bp.get("/nodes/add")
def add() -> Any:
    """What it takes, and the button that makes a link."""
    who = signed_in_visitor()
    own = [node for node in all_nodes(who) if node.owner_id == who.user_id]
    return render_template(
        "add_node.html",
        pool=pool_facts(who),
        link=None,
        own=own,
        may=who.may(Action.NODE_JOIN),
        installers=offered("worker"),
    )


@bp.post("/nodes/add")
def make_link() -> Any:
    """Make the visitor's own join link, shown once: it is a secret. The page then waits for the computer."""
    who = signed_in_visitor()
    require(who, Action.NODE_JOIN)
    made = done(services().links.create_link(who, NewJoinLink(owner=who.username, uses=1)))
    own = [node for node in all_nodes(who) if node.owner_id == who.user_id]
    code = segno.make(made.link, error="m", micro=False).svg_data_uri(
        scale=4, border=2, dark="#16202b", light="#fff"
    )
    return render_template(
        "add_node.html",
        pool=pool_facts(who),
        link=made,
        code=code,
        own=own,
        may=True,
        installers=offered("worker"),
    )


@bp.get("/nodes/waiting")
def waiting() -> Any:
    """Tell the page that waits which nodes of the visitor there are, and whether one has earned."""
    who = signed_in_visitor()
    own = [node for node in all_nodes(who) if node.owner_id == who.user_id]
    newest = max(own, key=lambda node: node.created_ms, default=None)
    if newest is None or newest.created_ms < request.args.get("since", 0, int):
        return {"step": 0}
    step = 2 if is_online(newest) else 1
    if newest.running:
        step = 3
    earned = _newest_earning(who.user_id)
    if earned is not None and earned.at_ms >= newest.created_ms:
        return {"step": 4, "name": newest.name, "earned": format_cpt(earned.amount_ucpt)}
    return {"step": step, "name": newest.name}


def _newest_earning(user_id: str) -> Transfer | None:
    page = services().ledger.page(account_id=user_account(user_id), codes=tuple(PAYMENT_CODES), limit=1)
    return page.items[0].transfer if page.items else None
