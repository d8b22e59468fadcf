"""The pool's nodes: what each role sees, what owners and operators do to them, and links to join."""

from __future__ import annotations

import pytest

from core.domain.errors import Unauthenticated
from core.domain.node import NodeAdmin, NodeFacts
from core.domain.session import EnrolmentRequest, JoinLink
from core.rpc.join_link import parse_join_link
from core.rpc.pki import node_key
from tests.support.web_pool import Person, WebPool, code_of


def test_everybody_sees_capacity_and_only_the_owner_and_operators_the_labels(
    web: WebPool, ann: Person, bob: Person, olga: Person
) -> None:
    node = web.node("attic", bob)
    seen = {who.name: who.get(f"/nodes/{node.node_id}").json for who in (ann, bob, olga)}
    assert all(each["capacity"]["cpu_cores"] == 2.0 and each["slots"] == 2 for each in seen.values())
    assert seen["ann"]["owner"] is None and seen["ann"]["labels"] is None and seen["ann"]["mine"] is False
    assert (seen["bob"]["owner"], seen["bob"]["mine"]) == ("bob", True)
    assert (seen["olga"]["owner"], seen["olga"]["mine"]) == ("bob", False)
    assert code_of(ann.get("/nodes/not-an-id")) == "NODE_NOT_FOUND"


def test_nodes_come_in_pages(web: WebPool, ann: Person) -> None:
    made = [web.node(f"n{number}").node_id for number in range(3)]
    first = ann.get("/nodes?limit=2").json
    second = ann.get(f"/nodes?limit=2&cursor={first['next']}").json
    assert [each["node_id"] for each in first["items"] + second["items"]] == made and second["next"] is None


@pytest.mark.parametrize("who", ["bob", "olga"])
def test_owners_and_operators_pause_resume_drain_and_revoke(
    web: WebPool, bob: Person, olga: Person, who: str
) -> None:
    person = {"bob": bob, "olga": olga}[who]
    node_id = web.node("n", bob).node_id
    for verb, admin in (("pause", "PAUSED"), ("resume", "ACTIVE"), ("drain", "DRAINING"), ("resume", "ACTIVE")):
        answer = person.post(f"/nodes/{node_id}/{verb}", {"reason": "tidying"})
        assert answer.json == {"node_id": node_id, "admin": admin}
    assert person.post(f"/nodes/{node_id}/revoke", {}).json["admin"] == "REVOKED"
    assert code_of(bob.get(f"/nodes/{node_id}")) == "NODE_NOT_FOUND"


def test_only_an_operator_lets_a_node_in_that_waits_for_it(web: WebPool, bob: Person, olga: Person) -> None:
    node_id = web.node("n", bob, connect=False, admin=NodeAdmin.PENDING).node_id
    for verb in ("approve", "clear-quarantine"):
        assert code_of(bob.post(f"/nodes/{node_id}/{verb}", {})) == "ROLE_MISSING"
    # Nor by another word for it.
    refused = bob.post(f"/nodes/{node_id}/resume", {})
    assert (refused.status_code, code_of(refused)) == (409, "NODE_STATE")
    assert bob.get(f"/nodes/{node_id}").json["admin"] == "PENDING"
    assert olga.post(f"/nodes/{node_id}/approve", {}).json["admin"] == "ACTIVE"


def test_what_a_node_is_too_far_for_is_a_conflict(web: WebPool, olga: Person) -> None:
    node_id = web.node("n").node_id
    refused = olga.post(f"/nodes/{node_id}/approve", {})
    assert (refused.status_code, code_of(refused)) == (409, "NODE_STATE")
    assert olga.post(f"/nodes/{node_id}/drain", {"deadline_seconds": -1}).status_code == 422


def test_a_join_link_is_a_whole_link_for_its_owner(ann: Person, bob: Person, olga: Person) -> None:
    made = bob.post("/join-links", {"uses": 2, "labels": {"room": "attic"}, "approve": True})
    assert made.status_code == 201 and made.json["expires_at"]
    link = parse_join_link(made.json["link"])
    assert (link.owner, link.control_port) == ("bob", 50052)
    assert parse_join_link(olga.post("/join-links", {"owner": "bob"}).json["link"]).owner == "bob"
    assert code_of(bob.post("/join-links", {"owner": "olga"})) == "ROLE_MISSING"
    assert code_of(ann.post("/join-links", {})) == "ROLE_MISSING"
    assert code_of(olga.post("/join-links", {"owner": "nobody"})) == "USER_NOT_FOUND"


def test_a_link_of_somebody_who_is_locked_or_gone_adds_no_node(web: WebPool, bob: Person, olga: Person) -> None:
    def new_link() -> JoinLink:
        return parse_join_link(bob.post("/join-links", {"uses": 9}).json["link"])

    key = node_key.new_key()
    link = new_link()

    def join() -> str:
        request = EnrolmentRequest(
            token=link.token, csr_pem=node_key.make_request(key, "attic"), facts=NodeFacts(), host_name="attic"
        )
        return web.pool.master.membership.enrol(request, "test").result(30).node_id

    assert olga.post("/users/bob/lock", {"reason": "a complaint"}).status_code == 200
    with pytest.raises(Unauthenticated, match="not valid"):
        join()
    assert olga.post("/users/bob/unlock", {}).status_code == 200
    with pytest.raises(Unauthenticated, match="not valid"):
        join()  # the lock ended it for good
    link = new_link()
    node_id = join()
    assert code_of(olga.delete("/users/bob")) == "NODES_LEFT"
    assert olga.post(f"/nodes/{node_id}/revoke", {}).status_code == 200
    assert olga.delete("/users/bob").status_code == 204
    with pytest.raises(Unauthenticated, match="not valid"):
        join()
