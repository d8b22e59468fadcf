"""What becomes of a subtask whose attempt did not succeed: pure rules (lifecycles R8, R9, bad nodes)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.domain.attempt import USER_CLASS_FAILURES, AttemptState, Failure, FailureClass
from core.domain.spec import RetrySpec
from core.domain.subtask import SubtaskState
from master_app.ports.tasks import SubtaskRecord

FREE_RETRY_DELAY_MS = 60_000
FREE_RETRY_LIMIT = 20
#: Distinct nodes on which a subtask may fail by its user's class before it is given up.
DISTINCT_NODE_LIMIT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one attempt ended, as far as its subtask's next state depends on it."""

    state: AttemptState
    failure: Failure | None
    node_id: str
    retry_free: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """The subtask's row after it, and what placement must know."""

    record: SubtaskRecord
    #: This node is avoided by this subtask while another is feasible.
    exclude_node: bool = False
    #: Spent more than a node's share; the node's breaker counts it.
    blames_node: bool = False
    reason: str = ""


def next_step(
    subtask: SubtaskRecord,
    outcome: Outcome,
    retry: RetrySpec,
    oom_ladder: tuple[int, ...],
    *,
    now_ms: int,
    jitter: float,
) -> NextStep:
    """Return what follows an attempt that ended without success. `jitter` is in 0..1."""
    if outcome.state is AttemptState.RETURNED:
        return NextStep(record=replace(subtask, state=SubtaskState.READY, returned=subtask.returned + 1))
    if outcome.state is AttemptState.FAILED and outcome.retry_free:
        return _free_retry(subtask, now_ms)
    failure = outcome.failure
    if failure is not None and failure.failure_class in USER_CLASS_FAILURES:
        return _user_failure(subtask, outcome, failure, retry, oom_ladder, now_ms, jitter)
    return _infra_failure(subtask, outcome, retry)


def _free_retry(subtask: SubtaskRecord, now_ms: int) -> NextStep:
    if subtask.free_retries >= FREE_RETRY_LIMIT:
        return NextStep(
            record=replace(subtask, state=SubtaskState.FAILED),
            reason=f"asked to be retried {FREE_RETRY_LIMIT} times",
        )
    record = replace(
        subtask,
        state=SubtaskState.BACKOFF,
        ready_at_ms=now_ms + FREE_RETRY_DELAY_MS,
        free_retries=subtask.free_retries + 1,
    )
    return NextStep(record=record)


def _user_failure(
    subtask: SubtaskRecord,
    outcome: Outcome,
    failure: Failure,
    retry: RetrySpec,
    oom_ladder: tuple[int, ...],
    now_ms: int,
    jitter: float,
) -> NextStep:
    failures = subtask.user_failures + 1
    climbs = failure.failure_class is FailureClass.OOM and subtask.oom_step < len(oom_ladder)
    nodes = subtask.failed_nodes
    if not climbs and outcome.node_id not in nodes:
        nodes = (*nodes, outcome.node_id)
    record = replace(subtask, user_failures=failures, failed_nodes=nodes)
    if climbs:
        # More memory is a new try of something else: it waits for nothing and may use the same node.
        return NextStep(
            record=replace(record, state=SubtaskState.READY, oom_step=subtask.oom_step + 1),
            reason="tried again with more memory",
        )
    if len(nodes) >= DISTINCT_NODE_LIMIT and retry.user >= DISTINCT_NODE_LIMIT:
        return NextStep(
            record=replace(record, state=SubtaskState.FAILED),
            reason=f"failed on {len(nodes)} different nodes",
        )
    if failures > retry.user + subtask.oom_step:
        return NextStep(record=replace(record, state=SubtaskState.FAILED), reason=f"failed {failures} times")
    delay_ms = min(retry.backoff_s * 1000 << min(failures - 1, 16), retry.backoff_max_s * 1000)
    delay_ms = int(delay_ms * (0.75 + 0.5 * jitter))
    return NextStep(
        record=replace(record, state=SubtaskState.BACKOFF, ready_at_ms=now_ms + delay_ms),
        exclude_node=retry.different_node,
    )


def _infra_failure(subtask: SubtaskRecord, outcome: Outcome, retry: RetrySpec) -> NextStep:
    failures = subtask.infra_failures + 1
    blames = outcome.state not in (AttemptState.LOST, AttemptState.CANCELLED)
    record = replace(subtask, infra_failures=failures)
    if failures > retry.infra:
        return NextStep(
            record=replace(record, state=SubtaskState.FAILED),
            blames_node=blames,
            reason=f"lost to its nodes or environment {failures} times",
        )
    return NextStep(record=replace(record, state=SubtaskState.READY), blames_node=blames, exclude_node=blames)
