"""The pool's nodes, and links with which more of them join."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.domain.errors import NotFound
from core.domain.ids import is_ulid
from core.domain.operations import NewJoinLink, NodeAction
from core.domain.user import Action, require
from core.domain.views import NodeView
from master_app.ports.node_pool import JoinTokenRecord
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


def _add_action(action: NodeAction, summary: str) -> None:
    """Add POST /nodes/{node_id}/{action}."""

    @bp.post(f"/nodes/<node_id>/{action.value.replace('_', '-')}", endpoint=f"node_{action.value}")
    @signed_in
    @bp.input(schemas.NodeActionIn, location="json")
    @bp.output(schemas.NodeAdminOut)
    @bp.doc(summary=summary, responses=[401, 403, 404, 409])
    def act(node_id: str, json_data: dict[str, Any]) -> Any:
        who = caller()
        require(who, Action.NODE_CONTROL)
        if not is_ulid(node_id):
            raise NotFound("There is no such node.", code="NODE_NOT_FOUND")
        seconds = json_data["deadline_seconds"]
        deadline_ms = services().clock.wall_ms() + seconds * 1000 if seconds else 0
        wish = services().node_control.act(
            who, node_id, action, reason=json_data["reason"], deadline_ms=deadline_ms
        )
        return {"node_id": node_id, "admin": done(wish).value}


for _action, _summary in {
    NodeAction.APPROVE: "Let a node that waits for it into the pool",
    NodeAction.DECLINE: "Turn a node that waits for approval away",
    NodeAction.PAUSE: "Give a node nothing new",
    NodeAction.RESUME: "Take a pause or drain back",
    NodeAction.DRAIN: "Let a node finish what it runs, and give it nothing new",
    NodeAction.REVOKE: "Take a node out of the pool for good",
    NodeAction.CLEAR_QUARANTINE: "Give a node under observation work again",
}.items():
    _add_action(_action, _summary)


@bp.get("/join-links")
@signed_in
@bp.output(schemas.JoinLinkPage)
@bp.doc(summary="Join links that still work", responses=[401, 403])
def join_links() -> Any:
    """One's own; operators see everybody's. The links themselves are secrets and were shown once."""
    found = done(services().node_control.links(caller()))
    names = services().audit.names({each.owner_id for each in found} | {each.created_by for each in found})
    return shapes.page([_link(link, names) for link in found], None)


@bp.delete("/join-links/<link_id>")
@signed_in
@bp.output({}, status_code=204)
@bp.doc(summary="Make a join link useless", responses=[401, 403, 404])
def revoke_join_link(link_id: str) -> Any:
    """At once. Nodes that joined with it stay."""
    done(services().node_control.revoke_link(caller(), link_id[:64]))
    return ""


def _link(link: JoinTokenRecord, names: Mapping[str, str]) -> shapes.Json:
    return {
        "link_id": link.token_sha256,
        "owner": names.get(link.owner_id),
        "made_by": names.get(link.created_by),
        "created_at": shapes.moment(link.created_ms),
        "expires_at": shapes.moment(link.expires_ms),
        "uses_left": link.uses_left,
        "labels": link.labels,
        "name_pattern": link.name_pattern,
        "approve": link.approve,
    }


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
