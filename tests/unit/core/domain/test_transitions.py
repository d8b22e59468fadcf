"""Every lifecycle's table: all states are reachable, the ends are ends, and the drawn page is fresh."""

from __future__ import annotations

import runpy
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from core.domain.attempt import ATTEMPT_RANK, ATTEMPT_TABLE, AttemptState
from core.domain.errors import InvalidTransition
from core.domain.node import ADMIN_TABLE, HEALTH_TABLE
from core.domain.subtask import SUBTASK_TABLE
from core.domain.task import TASK_TABLE
from core.domain.transitions import Edge, Table

ROOT = Path(__file__).resolve().parents[4]
TABLES: list[Table[Any]] = [TASK_TABLE, SUBTASK_TABLE, ATTEMPT_TABLE, ADMIN_TABLE, HEALTH_TABLE]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_state_is_reached_from_an_initial_one(table: Table[Any]) -> None:
    reached, front = set(table.initial), list(table.initial)
    while front:
        fresh = table.targets(front.pop()) - reached
        reached |= fresh
        front.extend(fresh)
    assert reached == {*table.states.__members__.values()}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_edge_is_drawn_twice_or_leads_to_itself(table: Table[Any]) -> None:
    pairs = [(edge.source, edge.target) for edge in table.edges]
    assert len(pairs) == len(set(pairs))
    assert all(source is not target for source, target in pairs)


def test_an_attempt_never_moves_back() -> None:
    for edge in ATTEMPT_TABLE.edges:
        late = (edge.source, edge.target) == (AttemptState.LOST, AttemptState.SUCCEEDED)
        assert late or ATTEMPT_RANK[edge.target] > ATTEMPT_RANK[edge.source]


def test_a_change_that_the_table_lacks_is_refused_with_its_name() -> None:
    with pytest.raises(InvalidTransition, match="attempt a1 cannot go from RUNNING to OFFERED"):
        ATTEMPT_TABLE.check(AttemptState.RUNNING, AttemptState.OFFERED, "a1")


def test_a_state_that_nothing_leads_to_is_a_mistake() -> None:
    class Lamp(StrEnum):
        OFF = "OFF"
        ON = "ON"
        LOST = "LOST"

    with pytest.raises(ValueError, match="LOST"):
        Table("lamp", Lamp, [Lamp.OFF], [Edge(Lamp.OFF, Lamp.ON, "switched")])


def test_the_page_of_diagrams_is_fresh() -> None:
    tool = runpy.run_path(str(ROOT / "docs" / "tools" / "draw_lifecycles.py"))
    drawn = (ROOT / "docs" / "lifecycles.md").read_text(encoding="utf-8")
    assert drawn == tool["page"](), "run python docs/tools/draw_lifecycles.py"
