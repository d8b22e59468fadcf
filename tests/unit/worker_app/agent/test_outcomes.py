"""What the end of a run means (R8, R9, R12)."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.attempt import AttemptState, FailureClass, ReturnReason
from core.domain.spec import CollectWhen, OutputsSpec, RunSpec, TaskSpec
from worker_app.agent.attempts import Judgement, Stop
from worker_app.agent.outcomes import judge
from worker_app.agent.stimuli import RunEnded


def judged(spec: TaskSpec | None = None, stop: Stop | None = None, **facts: Any) -> Judgement:
    run = RunEnded(attempt_id="a", at_ms=1, **facts)
    return judge(spec or TaskSpec(), run, stop, is_merge=False, memory_bytes=1 << 30)


def test_an_exit_that_the_manifest_calls_success_succeeds_and_its_outputs_are_taken() -> None:
    verdict = judged(TaskSpec(run=RunSpec(success_exit=(0, 3))), exit_code=3)
    assert verdict.state is AttemptState.SUCCEEDED
    assert verdict.outputs
    assert verdict.strict


@pytest.mark.parametrize(
    ("facts", "failure_class", "code"),
    [
        ({"exit_code": 1}, FailureClass.USER, "EXIT"),
        ({"signal": 11}, FailureClass.USER, "SIGNAL"),
        ({"signal": 9, "oom_killed": True}, FailureClass.OOM, "OUT_OF_MEMORY"),
        ({"signal": 9}, FailureClass.USER, "SIGNAL"),
        ({"exit_code": 137}, FailureClass.USER, "EXIT"),
        ({"signal": 9, "timed_out": True}, FailureClass.TIMEOUT, "TIMEOUT"),
        ({"exit_code": 1, "disk_exceeded": True}, FailureClass.DISK, "DISK_FULL"),
        ({"problem": "no such command"}, FailureClass.USER, "NOT_STARTED"),
        ({"exit_code": 75}, FailureClass.USER, "RETRY_EXIT"),
        ({}, FailureClass.INFRA, "NO_EXIT"),
    ],
)
def test_each_end_has_its_failure_class(facts: dict[str, Any], failure_class: FailureClass, code: str) -> None:
    verdict = judged(**facts)
    assert verdict.state is AttemptState.FAILED
    assert verdict.failure is not None
    assert (verdict.failure.failure_class, verdict.failure.code) == (failure_class, code)
    assert verdict.failure.message


def test_only_the_retry_exit_is_free() -> None:
    assert judged(exit_code=75).retry_free
    assert not judged(exit_code=1).retry_free


def test_the_checkpoint_exit_runs_on_and_can_be_switched_off() -> None:
    assert judged(exit_code=85).run_on
    off = judged(TaskSpec(run=RunSpec(checkpoint_exit=0)), exit_code=85)
    assert not off.run_on
    assert off.state is AttemptState.FAILED


def test_a_stop_discards_and_a_give_back_keeps_the_checkpoint() -> None:
    stopped = judged(stop=Stop("superseded"), exit_code=0)
    assert (stopped.state, stopped.outputs) == (AttemptState.CANCELLED, False)
    returned = judged(stop=Stop("quit", ReturnReason.QUIT), signal=15, cancelled=True)
    assert (returned.state, returned.reason, returned.checkpoint) == (AttemptState.RETURNED, "quit", True)


def test_work_that_was_done_before_the_give_back_is_handed_in() -> None:
    assert judged(stop=Stop("quit", ReturnReason.QUIT), exit_code=0).state is AttemptState.SUCCEEDED


def test_outputs_of_a_failure_are_taken_only_when_asked_for() -> None:
    always = TaskSpec(outputs=OutputsSpec(when=CollectWhen.ALWAYS))
    assert judged(always, exit_code=1).outputs
    assert not judged(exit_code=1).outputs
