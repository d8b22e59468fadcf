"""What the end of a run means: pure rules from facts to the next step (R8, R9, R10, R12).

A judgement says whether to run on in place, which files to take, and which terminal state follows. Facts come
from the sandbox; whether an exit code is a success, a checkpoint or a free retry is the manifest's word.
"""

from __future__ import annotations

import signal as signals

from core.domain.attempt import AttemptState, Failure, FailureClass
from core.domain.spec import CollectWhen, TaskSpec
from worker_app.agent.attempts import Judgement, Stop
from worker_app.agent.stimuli import RunEnded


def timeout_s(spec: TaskSpec, *, is_merge: bool) -> int:
    """Return how long RUNNING may last, 0 is without end."""
    return spec.merge.timeout_s if is_merge and spec.merge is not None else spec.run.timeout_s


def judge(spec: TaskSpec, run: RunEnded, stop: Stop | None, *, is_merge: bool, memory_bytes: int) -> Judgement:
    """Return what follows from a run's end. A stop that came first rules, but not over a finished success:
    work that is done is handed in (R5), unless its outputs are no longer wanted.
    """
    succeeded = run.exit_code is not None and run.exit_code in spec.run.success_exit and not run.timed_out
    checkpointed = bool(spec.run.checkpoint_exit) and run.exit_code == spec.run.checkpoint_exit
    if stop is not None and not (stop.give_back is not None and succeeded and not run.cancelled):
        if stop.give_back is None:
            return Judgement(state=AttemptState.CANCELLED, reason=stop.reason)
        return Judgement(
            state=AttemptState.RETURNED,
            reason=stop.give_back.value,
            checkpoint=bool(spec.run.checkpoint_exit) and not run.dirty and not is_merge,
        )
    limit_s = timeout_s(spec, is_merge=is_merge)
    failure = _failure(spec, run, succeeded=succeeded, limit_s=limit_s, memory_mib=memory_bytes >> 20)
    if failure is None and succeeded:
        return Judgement(state=AttemptState.SUCCEEDED, outputs=True, strict=True)
    if failure is None and checkpointed and not run.dirty:
        return Judgement(state=AttemptState.RUNNING, checkpoint=True, run_on=True)
    if failure is None:
        failure = _exit_failure(run)
    return Judgement(
        state=AttemptState.FAILED,
        failure=failure,
        retry_free=failure.code == "RETRY_EXIT",
        outputs=spec.outputs.when is CollectWhen.ALWAYS and not run.dirty,
    )


def _failure(spec: TaskSpec, run: RunEnded, *, succeeded: bool, limit_s: int, memory_mib: int) -> Failure | None:
    """Return the failure that the facts name by themselves, whatever the exit code says."""
    if run.oom_killed and not succeeded:
        return _fail(
            FailureClass.OOM,
            "OUT_OF_MEMORY",
            run.headline or f"It needed more than its {memory_mib} MiB of memory.",
        )
    if run.timed_out:
        return _fail(FailureClass.TIMEOUT, "TIMEOUT", f"It ran longer than its limit of {limit_s} s.")
    if run.disk_exceeded and not succeeded:
        return _fail(FailureClass.DISK, "DISK_FULL", run.headline or "It wrote more than its reserved disk space.")
    if run.problem:
        return _fail(FailureClass.USER, "NOT_STARTED", run.problem)
    if run.exit_code is not None and run.exit_code in spec.run.retry_exit and not succeeded:
        return _fail(
            FailureClass.USER, "RETRY_EXIT", run.headline or f"It asked to be tried again (exit {run.exit_code})."
        )
    return None


def _exit_failure(run: RunEnded) -> Failure:
    if run.signal is not None:
        return _fail(FailureClass.USER, "SIGNAL", run.headline or f"It was ended by {_signal_name(run.signal)}.")
    if run.exit_code is None:
        return _fail(FailureClass.INFRA, "NO_EXIT", "The sandbox did not say how it ended.")
    return _fail(FailureClass.USER, "EXIT", run.headline or f"It ended with exit code {run.exit_code}.")


def _fail(failure_class: FailureClass, code: str, message: str) -> Failure:
    return Failure(failure_class=failure_class, code=code, message=message)


def _signal_name(number: int) -> str:
    try:
        return signals.Signals(number).name
    except ValueError:
        return f"signal {number}"
