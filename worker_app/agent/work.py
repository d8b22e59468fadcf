"""The attempts that an agent holds, from offer to terminal update, and the slots they run in."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Final

from core.domain.attempt import AttemptState, Failure, ReturnReason
from core.domain.node import NodeFacts
from core.domain.resources import Resources
from core.domain.session import AttemptUpdate, Offer, OwnerStatus
from core.domain.spec import TaskSpec
from worker_app.agent.admission import refusal
from worker_app.agent.attempts import FENCED, IN_SLOT, Held, Step, Stop, infra
from worker_app.agent.briefs import Briefs
from worker_app.agent.closing import Closing
from worker_app.agent.instructions import (
    AbandonUpload,
    CancelPrepare,
    CancelRun,
    CloseSandbox,
    Execute,
    Forget,
    Instruction,
    Prepare,
    ReleaseTask,
    RenewSandbox,
)
from worker_app.agent.outcomes import timeout_s
from worker_app.agent.pending import Pending
from worker_app.agent.ports.store import Changes, StartMark
from worker_app.agent.slots import Evict, Slot, Slots, SlotState
from worker_app.agent.stimuli import SandboxClosed
from worker_app.agent.waiting import Waiting

#: Fence this much before the deadline: the clock is looked at once a second.
FENCE_MARGIN_MS: Final = 2_000
IDLE_CLOSE_MS: Final = 300_000
#: An idle sandbox ends itself this long after the agent fell silent.
IDLE_LEASE_S: Final = 300.0
#: Accepted attempts that may wait for a slot, by slot: work at hand while results travel.
BACKLOG_PER_SLOT: Final = 64
MAX_SEEN: Final = 16_384
#: A renewed deadline is written again only when it moved this far.
DEADLINE_STEP_MS: Final = 30_000

Out = list[Instruction]


class Work:
    """Mutated only by `AgentState` and its parts."""

    def __init__(self, pending: Pending, load_spec: Callable[[str], TaskSpec], boot_id: str) -> None:
        self.pending = pending
        self.load_spec = load_spec
        self.boot_id = boot_id
        self.held: dict[str, Held] = {}
        self.queue = Waiting()
        self.slots = Slots()
        self.closing = Closing(self.held, self.finish)
        self.facts = NodeFacts(slots=0)
        self.owner = OwnerStatus()
        self.node_owner_id = ""
        self.owners_blocked: frozenset[str] = frozenset()
        self.is_quitting = False
        self.briefs = Briefs(pending, load_spec)
        self._seen: dict[str, None] = {}
        self.place_again = False
        #: What the engine has is not known yet, so nothing may be started beside it.
        self.is_blind = False

    # ------------------------------------------------------------ offers (R1)

    def new_session(self) -> None:
        """Offers are valid only in their session, and so is what we remember of them."""
        self._seen.clear()
        live = {(held.offer.task_id, held.offer.revision) for held in self.held.values()}
        self.briefs.new_session(live)

    def offer(self, offer: Offer, base_ms: int | None, now_ms: int) -> None:
        """Accept or reject one offer. `base_ms` is when the report that it names was sent (R2)."""
        attempt_id = offer.attempt_id
        if attempt_id in self.held or attempt_id in self._seen or attempt_id in self.pending.outgoing:
            return
        self._seen[attempt_id] = None
        if len(self._seen) > MAX_SEEN:
            del self._seen[next(iter(self._seen))]
        known = self.briefs.known.get((offer.task_id, offer.revision))
        deadline_ms = 0 if base_ms is None else base_ms + offer.lease_s * 1000
        reason = refusal(
            offer,
            known,
            facts=self.facts,
            owner=self.owner,
            node_owner_id=self.node_owner_id,
            is_stale=deadline_ms <= now_ms + FENCE_MARGIN_MS,
            is_full=len(self.queue) >= max(1, self.facts.slots) * BACKLOG_PER_SLOT,
            blocked=self.owners_blocked,
        )
        if reason is not None or known is None:
            update = AttemptUpdate(
                number=self.pending.take_number(),
                attempt_id=attempt_id,
                state=AttemptState.REJECTED,
                reason=reason.value if reason is not None else "",
            )
            self.pending.update(update)
            return
        brief, spec = known
        self.briefs.keep(brief)
        self.held[attempt_id] = Held(
            offer=offer,
            brief=brief,
            spec=spec,
            deadline_ms=deadline_ms,
            step=Step.ACCEPTING,
            kept_deadline_ms=deadline_ms,
        )
        self.pending.accept(offer, deadline_ms)

    def accepted(self, changes: Changes) -> None:
        """These attempts are in the database now: they may act."""
        for offer, _ in changes.accepted:
            held = self.held.get(offer.attempt_id)
            if held is not None and held.step is Step.ACCEPTING:
                self.enqueue(held)

    def enqueue(self, held: Held) -> None:
        held.move(Step.QUEUED)
        self.queue.append(held)
        self.place_again = True

    # ------------------------------------------------------------ slots

    def set_facts(self, facts: NodeFacts) -> None:
        self.facts = facts
        self.slots.resize(facts.slots)
        self.place_again = True

    def place(self, now_ms: int, out: Out) -> None:
        """Give waiting attempts their slots, as far as there are any."""
        self.place_again = False
        while self.queue and self.facts.engine_ok and not self.is_blind:
            choice = self.slots.place(self.queue, self.held, self.facts, self.facts.slots)
            if choice is None:
                return
            if isinstance(choice, Evict):
                self.close_slot(choice.slot, now_ms, out)
                return
            held, slot = choice.held, choice.slot
            self.slots.occupy(slot, held, choice.gpu_uuids)
            if choice.is_new:
                slot.sandbox_id = self.slots.new_name(held.attempt_id)
                slot.is_open = False
            held.move(Step.PREPARING)
            held.progress_ms = now_ms
            held.mark = StartMark(sandbox_id=slot.sandbox_id, gpu_uuids=slot.gpu_uuids)
            self.pending.mark(held.attempt_id, held.mark)
            out.append(
                Prepare(
                    slot.index,
                    slot.sandbox_id,
                    not slot.is_open,
                    slot.gpu_uuids,
                    held.offer,
                    held.brief,
                    held.spec,
                    held.deadline_ms - now_ms,
                )
            )

    def slot_of(self, held: Held) -> Slot:
        slot = self.slots.all[held.slot]
        assert slot.attempt_id == held.attempt_id
        return slot

    def leave_slot(self, held: Held, now_ms: int, out: Out, *, usable: bool) -> None:
        """The attempt needs its slot no more; the sandbox stays warm for the next one where it can."""
        slot = self.slot_of(held)
        held.slot = -1
        self.free_slot(slot, now_ms, out, usable=usable and not held.is_alone)

    def free_slot(self, slot: Slot, now_ms: int, out: Out, *, usable: bool) -> None:
        if usable and not self.is_quitting:
            self.slots.release(slot, SlotState.IDLE, now_ms)
        else:
            self.close_slot(slot, now_ms, out)
        self.place_again = True

    def close_slot(self, slot: Slot, now_ms: int, out: Out) -> None:
        if slot.state is SlotState.CLOSING:
            return
        self.slots.release(slot, SlotState.CLOSING, now_ms)
        out.append(CloseSandbox(slot.index, slot.sandbox_id))

    def slot_closed(self, closed: SandboxClosed, now_ms: int, out: Out) -> None:
        if closed.sure:
            self.closing.removed(closed.sandbox_id, out)
        if closed.slot >= len(self.slots.all):
            return
        slot = self.slots.all[closed.slot]
        if slot.state is SlotState.CLOSING and slot.sandbox_id == closed.sandbox_id:
            self.slots.release(slot, SlotState.EMPTY, now_ms)
            self.slots.resize(self.facts.slots)
            self.place_again = True

    # ------------------------------------------------------------ leases (R2, R3)

    def renew(self, attempt_ids: tuple[str, ...], sent_ms: int, now_ms: int, out: Out) -> None:
        """A report of ours that listed these was acknowledged: their leases count from when we sent it."""
        for attempt_id in attempt_ids:
            held = self.held.get(attempt_id)
            if held is None:
                continue
            deadline_ms = sent_ms + held.offer.lease_s * 1000
            if deadline_ms <= held.deadline_ms:
                continue
            held.deadline_ms = deadline_ms
            if deadline_ms - held.kept_deadline_ms >= DEADLINE_STEP_MS:
                held.kept_deadline_ms = deadline_ms
                self.pending.deadline(attempt_id, deadline_ms)
            if held.step in IN_SLOT:
                out.append(RenewSandbox(held.slot, (deadline_ms - now_ms) / 1000))

    def fence(self, now_ms: int, out: Out) -> None:
        """Stop what is past its deadline, without asking anybody."""
        for held in [h for h in self.held.values() if h.deadline_ms <= now_ms + FENCE_MARGIN_MS]:
            if held.step in FENCED:
                words = "The master was out of reach for longer than the lease of this work."
                self.abort(held, now_ms, out, failure=infra("LEASE_EXPIRED", words))

    def renew_idle(self, out: Out) -> None:
        out += [RenewSandbox(slot.index, IDLE_LEASE_S) for slot in self.slots.all if slot.state is SlotState.IDLE]

    def close_idle(self, now_ms: int, out: Out) -> None:
        """Remove sandboxes that nobody needed for a while."""
        for slot in self.slots.all:
            if slot.state is SlotState.IDLE and (self.is_quitting or now_ms - slot.idle_since_ms >= IDLE_CLOSE_MS):
                self.close_slot(slot, now_ms, out)

    def stalled(self, now_ms: int, out: Out) -> None:
        """Give up preparing that does not get on (R10)."""
        for held in list(self.held.values()):
            limit_ms = held.spec.image.prepare_timeout_s * 1000
            if held.step is Step.PREPARING and limit_ms and now_ms - held.progress_ms >= limit_ms:
                words = f"Preparing ({held.phase or 'files'}) did not get on for {limit_ms // 1000} s."
                self.abort(held, now_ms, out, failure=infra("PREPARE_STALLED", words))

    def abort(self, held: Held, now_ms: int, out: Out, *, failure: Failure) -> None:
        """End an attempt now, whatever it does: its sandbox goes, and so do its outputs."""
        if held.step is Step.COMMITTING:
            out.append(AbandonUpload(held.attempt_id))
        update = self.terminal(held, AttemptState.FAILED, failure=failure)
        if held.step is Step.RUNNING:
            self.leave_running(held, update, now_ms, out)
            return
        if held.step in IN_SLOT:
            self.leave_slot(held, now_ms, out, usable=False)
        elif held.step is Step.QUEUED:
            self.queue.remove(held)
        elif held.step is Step.RESTORING and self._may_run(held, now_ms, out):
            assert held.mark is not None
            # Its countdown was set by the earlier life, from a deadline that may be newer than the one kept.
            self.closing.begin(held, held.mark.sandbox_id, held.deadline_ms + DEADLINE_STEP_MS, update)
            return
        self.finish(held, update, out)

    def leave_running(self, held: Held, update: AttemptUpdate, now_ms: int, out: Out) -> None:
        """Take the sandbox away from under a run, and end it so once that is certain."""
        sandbox_id = self.slot_of(held).sandbox_id
        self.leave_slot(held, now_ms, out, usable=False)
        self.closing.begin(held, sandbox_id, held.deadline_ms, update)

    def _may_run(self, held: Held, now_ms: int, out: Out) -> bool:
        """Tell whether the sandbox of an earlier life may still run this; one that is being asked is closed."""
        for slot in self.slots.all if held.mark is not None else ():
            if slot.state is SlotState.ADOPTING and held.mark and slot.sandbox_id == held.mark.sandbox_id:
                self.close_slot(slot, now_ms, out)
                return True
        return self.is_blind and held.mark is not None

    # ------------------------------------------------------------ stops

    def stop(self, attempt_id: str, stop: Stop, now_ms: int, out: Out, *, grace_s: float | None = None) -> None:
        """Stop an attempt. An order to discard overrules one to give back; the same again changes nothing."""
        held = self.held.get(attempt_id)
        if held is None or (held.stop is not None and (stop.give_back or not held.stop.give_back)):
            return
        held.stop = stop
        if held.step in (Step.ACCEPTING, Step.QUEUED):
            if held.step is Step.QUEUED:
                self.queue.remove(held)
            self.end_stopped(held, out)
        elif held.step is Step.PREPARING:
            out.append(CancelPrepare(attempt_id, held.slot))
        elif held.step is Step.RUNNING:
            grace_s = held.spec.run.grace_s if grace_s is None else min(grace_s, held.spec.run.grace_s)
            out.append(CancelRun(attempt_id, held.slot, grace_s))
        elif held.step is Step.UPLOADING and stop.give_back is None:
            out.append(AbandonUpload(attempt_id))
            self.end_stopped(held, out)

    def give_back_waiting(self, attempt_id: str, now_ms: int, out: Out) -> None:
        """Give an attempt back that has not begun; one that has runs on."""
        held = self.held.get(attempt_id)
        if held is not None and held.step in (Step.ACCEPTING, Step.QUEUED):
            self.stop(attempt_id, Stop(ReturnReason.WAITING.value, ReturnReason.WAITING), now_ms, out)

    def end_stopped(self, held: Held, out: Out) -> None:
        self.finish(held, self.stopped(held), out)

    def stopped(self, held: Held) -> AttemptUpdate:
        """Return the terminal update of an attempt that was stopped."""
        assert held.stop is not None
        if held.stop.give_back is not None:
            return self.terminal(held, AttemptState.RETURNED, reason=held.stop.give_back.value)
        return self.terminal(held, AttemptState.CANCELLED, reason=held.stop.reason)

    def stop_all(self, why: ReturnReason, now_ms: int, out: Out, *, grace_s: float) -> None:
        """Give everything back that has not ended."""
        for attempt_id in list(self.held):
            self.stop(attempt_id, Stop(why.value, why), now_ms, out, grace_s=grace_s)

    # ------------------------------------------------------------ endings

    def execute(self, held: Held, now_ms: int, out: Out, *, in_place: bool) -> None:
        limit_ms = timeout_s(held.spec, is_merge=held.is_merge) * 1000
        left_ms = max(1, limit_ms - held.ran_ms) if limit_ms else 0
        lease_ms = held.deadline_ms - now_ms
        out.append(Execute(held.attempt_id, held.slot, lease_ms, left_ms, in_place=in_place))

    def terminal(
        self,
        held: Held,
        state: AttemptState,
        *,
        reason: str = "",
        failure: Failure | None = None,
        retry_free: bool = False,
    ) -> AttemptUpdate:
        """Return the update that would end the attempt so, without number and files."""
        run = held.run
        return AttemptUpdate(
            number=0,
            attempt_id=held.offer.attempt_id,
            state=state,
            reason=reason,
            failure=failure,
            exit_code=None if run is None else run.exit_code,
            started_at_ms=held.started_at_ms,
            ended_at_ms=0 if run is None else run.at_ms,
            ticks=held.ticks,
            peak_memory_bytes=held.peak_memory_bytes,
            checkpoint=held.checkpoint_committed,
            ticks_committed=held.ticks_committed,
            retry_free=retry_free,
            pin=held.pin,
            metrics=() if run is None else run.metrics,
            log_bytes=0 if run is None else run.log_bytes,
        )

    def end(
        self, held: Held, state: AttemptState, out: Out, *, reason: str = "", failure: Failure | None = None
    ) -> None:
        self.finish(held, self.terminal(held, state, reason=reason, failure=failure), out)

    def finish(self, held: Held, update: AttemptUpdate, out: Out) -> None:
        """Put the attempt's one terminal update into the outbox and let go of it."""
        assert held.slot < 0
        held.move(Step.ENDED)
        number = self.pending.take_number()
        self.pending.update(dataclasses.replace(update, number=number))
        del self.held[held.attempt_id]

    def forget(self, update: AttemptUpdate, out: Out) -> None:
        """The master has it all."""
        if update.artifacts or update.checkpoint or update.log_bytes:
            out.append(Forget(update.attempt_id))

    def release_tasks(self, out: Out) -> None:
        """Let go of tasks without attempts and sandboxes here; called now and then, not for each attempt."""
        live = {held.offer.task_id for held in self.held.values()}
        live |= self.slots.tasks()
        out += [ReleaseTask(task_id) for task_id in self.briefs.release(live)]

    def validate(self) -> None:
        """Assert what always holds."""
        self.slots.validate(self.held)
        assert len(set(self.queue)) == len(list(self.queue)) == len(self.queue)
        for attempt_id in self.queue:
            assert self.held[attempt_id].step is Step.QUEUED
        for held in self.held.values():
            assert (held.step in IN_SLOT) == (held.slot >= 0), held
            assert (held.step is Step.QUEUED) == (held.attempt_id in self.queue)
        assert self.slots.reserved.fits(self.slots.reserved + Resources())
