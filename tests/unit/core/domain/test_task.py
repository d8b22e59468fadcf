"""A task's state follows from its facts, whatever they are."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.domain.task import (
    TERMINAL_TASK_STATES,
    HeldCode,
    MergeState,
    TaskFacts,
    TaskState,
    WaitFor,
    Wish,
    enough_succeeded,
    roll_up,
)


@st.composite
def task_facts(draw: st.DrawFn) -> TaskFacts:
    counts = [draw(st.integers(0, 4)) for _ in range(4)]
    total = sum(counts) + draw(st.integers(0, 3))
    return TaskFacts(
        subtask_count=max(1, total),
        succeeded=counts[0],
        failed=counts[1],
        cancelled=counts[2],
        eaten=counts[3],
        live_attempts=draw(st.integers(0, 3)),
        started=draw(st.booleans()),
        merge=draw(st.sampled_from(MergeState)),
        wish=draw(st.sampled_from(Wish)),
        held=draw(st.none() | st.sampled_from(HeldCode)),
        wait_for=draw(st.sampled_from(WaitFor)),
        max_failed=draw(st.integers(1, 4)),
        min_success=draw(st.sampled_from([0.0, 0.5, 1.0])),
        deadline_passed=draw(st.booleans()),
    )


@given(task_facts())
def test_every_set_of_facts_has_a_state(facts: TaskFacts) -> None:
    assert roll_up(facts).state in TaskState


@given(task_facts())
def test_success_needs_enough_parts_and_no_open_merge(facts: TaskFacts) -> None:
    if roll_up(facts).state is TaskState.SUCCEEDED:
        assert facts.ended >= facts.subtask_count
        assert enough_succeeded(facts)
        assert facts.merge in (MergeState.NONE, MergeState.SUCCEEDED)


@given(task_facts(), st.booleans())
def test_what_has_ended_stays_ended_whatever_time_and_holds_do(facts: TaskFacts, deadline: bool) -> None:
    before = roll_up(facts).state
    if before in TERMINAL_TASK_STATES and not facts.deadline_passed:
        later = replace(facts, held=HeldCode.OUT_OF_FUNDS, deadline_passed=deadline, live_attempts=0)
        if before is not TaskState.CANCELLED:
            assert roll_up(later).state is before


@given(task_facts())
def test_a_cancel_waits_for_what_still_runs(facts: TaskFacts) -> None:
    state = roll_up(replace(facts, wish=Wish.CANCEL)).state
    assert state is (TaskState.CANCELLING if facts.live_attempts else TaskState.CANCELLED)
