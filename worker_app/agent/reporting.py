"""What the master is told of attempts that have not ended: in reports, and in the outbox."""

from __future__ import annotations

import dataclasses

from core.domain.session import AttemptUpdate, AttemptUse
from worker_app.agent.work import Work


def uses(work: Work) -> tuple[AttemptUse, ...]:
    """Return what reports list."""
    return tuple(
        dataclasses.replace(held.use, state=held.state, phase=held.phase, percent=held.percent)
        if held.use is not None
        else AttemptUse(attempt_id=held.attempt_id, state=held.state, phase=held.phase, percent=held.percent)
        for held in work.held.values()
    )


def shortest_lease_ms(work: Work) -> int:
    return min((held.offer.lease_s * 1000 for held in work.held.values()), default=0)


def tell(work: Work) -> None:
    """Put into the outbox how far attempts are that did not end meanwhile."""
    for held in work.held.values():
        state = held.state
        if state is held.told:
            continue
        held.told = state
        work.pending.update(
            AttemptUpdate(
                number=work.pending.take_number(),
                attempt_id=held.attempt_id,
                state=state,
                started_at_ms=held.started_at_ms,
                pin=held.pin,
                checkpoint=held.checkpoint_committed,
                ticks_committed=held.ticks_committed,
                ticks=held.ticks if held.checkpoint_committed else (),
            )
        )
