"""Join links that still work are listed and ended; a person who is locked or deleted leaves none that work."""

from __future__ import annotations

from core.domain.user import Role
from tests.support.web_pool import Person, WebPool, code_of


def links(person: Person) -> list[str]:
    return [each["link_id"] for each in person.get("/join-links").json["items"]]


def test_one_sees_and_ends_ones_own_and_operators_all(ann: Person, bob: Person, olga: Person) -> None:
    made = bob.post("/join-links", {"uses": 3, "approve": True}).json["link"]
    olga.post("/join-links", {})
    (row,) = bob.get("/join-links").json["items"]
    assert (row["uses_left"], row["approve"], row["owner"], row["made_by"]) == (3, True, "bob", "bob")
    secret = made.partition("token=")[2].partition("&")[0]
    assert secret and secret not in bob.get("/join-links").text
    assert len(links(olga)) == 2
    other = next(each for each in links(olga) if each != row["link_id"])
    assert code_of(bob.delete(f"/join-links/{other}")) == "LINK_NOT_FOUND"
    assert bob.delete(f"/join-links/{row['link_id']}").status_code == 204
    assert links(bob) == [] and links(olga) == [other]
    assert code_of(ann.get("/join-links")) == "ROLE_MISSING"


def test_a_locked_or_deleted_user_leaves_no_link_that_works(web: WebPool, olga: Person) -> None:
    second = web.person("second", Role.OPERATOR)
    for name in ("eve", "kim"):
        person = web.person(name, Role.PROVIDER)
        person.post("/join-links", {})
        second.post("/join-links", {"owner": name})
        assert len(links(olga)) == 2
        ended = olga.post("/users/eve/lock", {}) if name == "eve" else olga.delete("/users/kim")
        assert ended.status_code < 300
        assert links(olga) == []
    olga.post("/users/eve/unlock")
    assert links(olga) == [], "what was ended stays ended"
    second.post("/join-links", {})
    olga.post("/users/second/lock", {})
    assert links(olga) == [], "nor those that the person made for others"


def test_a_node_that_an_operator_stopped_is_resumed_by_operators_alone(
    web: WebPool, bob: Person, olga: Person
) -> None:
    node = web.node("n", bob).node_id
    assert bob.post(f"/nodes/{node}/pause", {}).json["admin"] == "PAUSED"
    assert bob.post(f"/nodes/{node}/resume", {}).json["admin"] == "ACTIVE"
    assert olga.post(f"/nodes/{node}/pause", {}).json["admin"] == "PAUSED"
    assert code_of(bob.post(f"/nodes/{node}/resume", {})) == "NODE_STOPPED_BY_OPERATOR"
    assert bob.post(f"/nodes/{node}/drain", {}).json["admin"] == "DRAINING"
    assert code_of(bob.post(f"/nodes/{node}/resume", {})) == "NODE_STOPPED_BY_OPERATOR", "no way round it"
    web.pool.restart()
    assert web.pool.run(lambda uow: uow.nodes.get(node)).admin_by_operator  # type: ignore[union-attr]


def test_after_an_operators_resume_the_owner_decides_again(web: WebPool, bob: Person, olga: Person) -> None:
    node = web.node("n", bob).node_id
    olga.post(f"/nodes/{node}/drain", {})
    assert olga.post(f"/nodes/{node}/resume", {}).json["admin"] == "ACTIVE"
    bob.post(f"/nodes/{node}/pause", {})
    assert bob.post(f"/nodes/{node}/resume", {}).json["admin"] == "ACTIVE"
