"""The pool in one look: tiles while there are few, bands of load of many, and what counts as free."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from core.domain.node import HostUse, NodeAdmin, NodeHealth, NodeOwner
from core.domain.resources import Resources
from core.domain.user import Principal, Role
from core.domain.views import NodeView
from master_app.web.pages import nodes_view
from master_app.web.pages.nodes_view import MAX_TILES, NodeList

WHO = Principal(user_id="u", username="ann", roles=frozenset({Role.SUBMITTER}))
NODE = NodeView(
    node_id="n",
    name="node",
    owner_id="u",
    owner_name="ann",
    admin=NodeAdmin.ACTIVE,
    health=NodeHealth.READY,
    owner_state=NodeOwner.AVAILABLE,
    owner_reason="",
    schedulable=True,
    why_not="",
    arch="x86_64",
    os="linux",
    host_os="linux",
    runtime="docker",
    slots=4,
    capacity=Resources(cpu_millis=4_000, memory_bytes=8 << 30),
    reserved=Resources(cpu_millis=1_000, memory_bytes=1 << 30),
    running=1,
    gpus=(),
    host=HostUse(),
    labels={},
    version="1",
    created_ms=0,
    last_seen_ms=0,
    quarantined_until_ms=0,
    certificate_expires_ms=0,
)


class Asked:
    """The services, as far as the list asks them."""

    def __init__(self, *nodes: NodeView) -> None:
        self.found = nodes
        self.count = 0
        self.nodes = SimpleNamespace(nodes=self._nodes)

    def _nodes(self, who: Principal) -> Future[Any]:
        self.count += 1
        answer: Future[Any] = Future()
        answer.set_result(self.found)
        return answer


def listed(monkeypatch: pytest.MonkeyPatch, *nodes: NodeView) -> tuple[NodeList, Asked]:
    asked = Asked(*nodes)
    monkeypatch.setattr(nodes_view, "services", lambda: asked)
    return NodeList(), asked


def with_load(percent: float) -> NodeView:
    return replace(NODE, host=HostUse(cpu_percent=percent))


def test_of_few_nodes_each_has_its_tile(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = replace(NODE, owner_state=NodeOwner.IN_USE)
    gone = replace(NODE, admin=NodeAdmin.REVOKED)
    offline = replace(NODE, health=NodeHealth.DISCONNECTED)
    found, _ = listed(monkeypatch, NODE, kept, gone, offline)
    facts = found.facts(WHO)
    assert (facts.nodes, facts.online, facts.cores, facts.cores_free) == (3, 2, 8, 3)
    assert [(tile.load, tile.cores) for tile in facts.tiles] == [(25, 4.0), (None, 4.0)] and facts.bands == ()


def test_many_nodes_are_counted_by_their_load(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [with_load(30)] * MAX_TILES + [with_load(100)] * 7 + [with_load(75)] * 7
    nodes.append(replace(NODE, owner_state=NodeOwner.IN_USE))
    facts = listed(monkeypatch, *nodes)[0].facts(WHO)
    assert facts.tiles == () and facts.bands == (0, 0, MAX_TILES, 0, 7, 7)


def test_all_who_look_within_a_second_share_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    found, asked = listed(monkeypatch, NODE)
    first = found.facts(WHO)
    assert found.facts(WHO) is first and found.get(WHO) == (NODE,) and asked.count == 1
    asked.found = (NODE, NODE)
    monkeypatch.setattr(nodes_view, "_FRESH_S", 0.0)
    assert found.facts(WHO).nodes == 2
