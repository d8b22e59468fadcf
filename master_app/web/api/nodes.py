"""The pool's nodes, and links with which more of them join."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.domain.errors import NotFound
from core.domain.ids import is_ulid
from core.domain.operations import NewJoinLink
from core.domain.user import Action, require
from core.domain.views import NodeView
from master_app.web import schemas, shapes
from master_app.web.api.parts import blueprint, done
from master_app.web.identity import caller, services, signed_in

bp = blueprint("nodes", "Nodes")


@bp.get("/nodes")
@signed_in
@bp.input(schemas.PageQuery, location="query")
@bp.output(schemas.NodePage)
@bp.doc(summary="The nodes of the pool: capacity, load, state", responses=[401, 403])
def list_nodes(query_data: dict[str, Any]) -> Any:
    """In a stable order. Owners and labels are shown to the node's owner and to operators."""
    who = caller()
    require(who, Action.NODE_READ)
    views: Sequence[NodeView] = done(services().nodes.nodes(who))
    found = sorted(views, key=lambda view: view.node_id)
    after = query_data["cursor"] or ""
    rest = [view for view in found if view.node_id > after]
    chosen = rest[: query_data["limit"]]
    following = chosen[-1].node_id if len(rest) > len(chosen) else None
    return shapes.page([shapes.node(view, who) for view in chosen], following)


@bp.get("/nodes/<node_id>")
@signed_in
@bp.output(schemas.NodeDetailOut)
@bp.doc(summary="One node", responses=[401, 403, 404])
def get_node(node_id: str) -> Any:
    who = caller()
    require(who, Action.NODE_READ)
    if not is_ulid(node_id):
        raise NotFound("There is no such node.", code="NODE_NOT_FOUND")
    return shapes.node(done(services().nodes.node(who, node_id)), who)


@bp.post("/join-links")
@signed_in
@bp.input(schemas.JoinLinkIn, location="json")
@bp.output(schemas.JoinLinkOut, status_code=201)
@bp.doc(summary="Make a link with which a node joins", responses=[401, 403, 404, 429])
def make_join_link(json_data: dict[str, Any]) -> Any:
    """A bearer secret. Providers make links for nodes of their own, operators for anybody's."""
    who = caller()
    require(who, Action.NODE_JOIN)
    wish = NewJoinLink(
        owner=json_data["owner"],
        uses=json_data["uses"],
        expires_s=json_data["expires_seconds"],
        labels=json_data["labels"],
        name_pattern=json_data["name_pattern"],
        approve=json_data["approve"],
    )
    made = done(services().links.create_link(who, wish))
    return {"link": made.link, "expires_at": shapes.moment(made.expires_ms)}
