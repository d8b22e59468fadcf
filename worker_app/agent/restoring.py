"""After a restart: what the database and the engine still have, brought together; and strays, taken away."""

from __future__ import annotations

from typing import Final

from core.domain.attempt import TERMINAL_ATTEMPT_STATES, AttemptState
from worker_app.agent.attempts import Held, Step, infra
from worker_app.agent.instructions import Adopt, RemoveFound, RenewSandbox, TakeInventory, Upload
from worker_app.agent.ports.sandbox import FoundSandbox
from worker_app.agent.ports.store import Stored, StoredAttempt
from worker_app.agent.progress import Progress
from worker_app.agent.slots import Slot, SlotState
from worker_app.agent.stimuli import Adopted, AdoptFailed, InventoryTaken
from worker_app.agent.work import DEADLINE_STEP_MS, FENCE_MARGIN_MS, Out, Work

#: Something of ours that no attempt of ours explains is removed this long after SYNC.
STRAY_MS: Final = 300_000
ASK_AGAIN_MS: Final = 10_000


class Restoring:
    """Mutated only by `AgentState`."""

    def __init__(self, work: Work, progress: Progress) -> None:
        self._work = work
        self._progress = progress
        self._strays: dict[str, tuple[int, FoundSandbox]] = {}
        self._asked_ms = 0
        #: Sandboxes that are being taken over -> their task.
        self._asked: dict[str, str] = {}

    def restored(self, stored: Stored, found: tuple[FoundSandbox, ...] | None, now_ms: int, out: Out) -> None:
        """Take up where an earlier life ended. Slots must be there already for what runs."""
        work = self._work
        for brief in stored.briefs.values():
            work.briefs.restore(brief)
        # Without an answer of the engine nothing is gone: what an earlier life began may run until its countdown.
        work.is_blind = True
        for attempt in stored.attempts:
            self._restore_attempt(attempt, now_ms, out)
        if found is None:
            self._asked_ms = now_ms
        else:
            self._take_over(found, now_ms, out)

    def ask_again(self, now_ms: int, out: Out) -> None:
        """Each second: ask the engine until it has said what it has, and what became of what did not close."""
        work = self._work
        is_unsure = work.facts.engine_ok and bool(work.closing.waited_for())
        if (is_unsure or (work.is_blind and self._asked_ms)) and now_ms - self._asked_ms >= ASK_AGAIN_MS:
            self._asked_ms = now_ms
            out.append(TakeInventory())

    def _take_over(self, found: tuple[FoundSandbox, ...], now_ms: int, out: Out) -> None:
        work = self._work
        work.is_blind = False
        work.place_again = True
        work.slots.found = frozenset(one.sandbox_id for one in found)
        work.slots.resize(max(work.facts.slots, sum(1 for one in found if one.running)))
        for one in found:
            self._adopt_or_remove(one, now_ms, out)
        self._settle_if_known(now_ms, out)

    def _restore_attempt(self, stored: StoredAttempt, now_ms: int, out: Out) -> None:
        work, offer = self._work, stored.offer
        if stored.update is not None:
            work.pending.restore(stored.update)
            if stored.update.state in TERMINAL_ATTEMPT_STATES:
                return
        if offer is None:
            return
        brief, spec = work.briefs.known[(offer.task_id, offer.revision)]
        deadline_ms = stored.deadline_ms if stored.boot_id == work.boot_id else 0
        held = Held(
            offer=offer,
            brief=brief,
            spec=spec,
            deadline_ms=deadline_ms,
            step=Step.RESTORING,
            mark=stored.mark,
            kept_deadline_ms=deadline_ms,
            ticks=stored.ticks,
        )
        if stored.update is not None:
            held.told = stored.update.state
            held.started_at_ms = stored.update.started_at_ms
            held.pin = stored.update.pin
            held.checkpoint_committed = stored.update.checkpoint
            held.ticks_committed = stored.update.ticks_committed
        work.held[offer.attempt_id] = held
        if stored.ending is not None:
            # It ended before: only its files are still on their way, which no deadline stops (R5).
            held.step = Step.UPLOADING
            held.ending = stored.ending
            out.append(Upload(offer.attempt_id, stored.ending.results))
        elif deadline_ms <= now_ms + FENCE_MARGIN_MS:
            words = "The agent was away for longer than the lease of this work."
            work.abort(held, now_ms, out, failure=infra("LEASE_EXPIRED", words))

    def _adopt_or_remove(self, found: FoundSandbox, now_ms: int, out: Out) -> None:
        work = self._work
        candidates = [
            held
            for held in work.held.values()
            if held.step is Step.RESTORING and held.offer.task_id == found.task_id
        ]
        marked = [held for held in candidates if held.mark and held.mark.sandbox_id == found.sandbox_id]
        slot = next((slot for slot in work.slots.all if slot.state is SlotState.EMPTY), None)
        if not found.running or not candidates or slot is None:
            if any(brief_task == found.task_id for brief_task, _ in work.briefs.known):
                out.append(RemoveFound(found))
            else:
                self._strays.setdefault(found.sandbox_id, (now_ms, found))
            return
        first = (marked or candidates)[0]
        slot.state = SlotState.ADOPTING
        slot.sandbox_id = found.sandbox_id
        self._asked[found.sandbox_id] = found.task_id
        slot.gpu_uuids = marked[0].mark.gpu_uuids if marked and marked[0].mark else ()
        ordered = marked + [held for held in candidates if held not in marked]
        out.append(
            Adopt(
                slot.index,
                found,
                slot.gpu_uuids,
                tuple(held.offer for held in ordered),
                first.brief,
                first.spec,
                first.deadline_ms - now_ms,
            )
        )

    def _adopting(self, index: int, sandbox_id: str) -> Slot | None:
        slots = self._work.slots.all
        slot = slots[index] if index < len(slots) else None
        if slot is not None and slot.state is SlotState.ADOPTING and slot.sandbox_id == sandbox_id:
            return slot
        return None

    def adopted(self, stimulus: Adopted, now_ms: int, out: Out) -> None:
        work = self._work
        slot = self._adopting(stimulus.slot, stimulus.sandbox_id)
        if slot is None:
            return
        held = work.held.get(stimulus.attempt_id)
        if held is None or held.step is not Step.RESTORING:
            work.close_slot(slot, now_ms, out)
        else:
            work.slots.occupy(slot, held, slot.gpu_uuids)
            slot.is_open = True
            held.move(Step.RUNNING)
            # Its lease may have been renewed while it was not clear where it runs.
            out.append(RenewSandbox(slot.index, (held.deadline_ms - now_ms) / 1000))
            self._progress.cancel_if_stopped(held, out)
        self._settle_if_known(now_ms, out)

    def adopt_failed(self, stimulus: AdoptFailed, now_ms: int, out: Out) -> None:
        slot = self._adopting(stimulus.slot, stimulus.sandbox_id)
        if slot is None:
            return
        if stimulus.sure:
            self._work.close_slot(slot, now_ms, out)
        else:
            # Its slot is free, and housekeeping finds it as a stray.
            self._wait_for(stimulus.sandbox_id, now_ms, out)
            self._work.slots.release(slot, SlotState.EMPTY, now_ms)
            self._work.place_again = True
        self._settle_if_known(now_ms, out)

    def _wait_for(self, sandbox_id: str, now_ms: int, out: Out) -> None:
        """It does not answer and is perhaps not gone: what it may run ends when its countdown has."""
        words = "Its sandbox did not answer when the agent came back."
        task_id = self._asked.pop(sandbox_id, "")
        for held in [held for held in self._work.held.values() if held.step is Step.RESTORING]:
            here = held.mark.sandbox_id == sandbox_id if held.mark else held.offer.task_id == task_id
            if here:
                update = self._work.terminal(held, AttemptState.FAILED, failure=infra("CONTAINER_GONE", words))
                self._work.closing.begin(held, sandbox_id, held.deadline_ms + DEADLINE_STEP_MS, update)

    def _settle_if_known(self, now_ms: int, out: Out) -> None:
        """Once every sandbox has answered: what was begun and is nowhere is gone; the rest starts anew."""
        work = self._work
        if work.is_blind or any(slot.state is SlotState.ADOPTING for slot in work.slots.all):
            return
        for held in [held for held in work.held.values() if held.step is Step.RESTORING]:
            if held.stop is not None:
                work.end_stopped(held, out)
            elif held.mark is None:
                work.enqueue(held)
            else:
                words = "Its sandbox was gone when the agent came back."
                work.abort(held, now_ms, out, failure=infra("CONTAINER_GONE", words))

    # ------------------------------------------------------------ strays

    def inventory_taken(self, stimulus: InventoryTaken, now_ms: int, out: Out) -> None:
        """Remember what is not ours to explain, from the first time that it was seen."""
        if self._work.is_blind:
            self._take_over(stimulus.found, now_ms, out)
        self._work.slots.found = frozenset(one.sandbox_id for one in stimulus.found)
        self._settle_closing(stimulus.found, out)
        ours = {slot.sandbox_id for slot in self._work.slots.all}
        self._strays = {
            found.sandbox_id: self._strays.get(found.sandbox_id, (now_ms, found))
            for found in stimulus.found
            if found.sandbox_id not in ours
        }

    def _settle_closing(self, found: tuple[FoundSandbox, ...], out: Out) -> None:
        """What did not close while the engine was away is gone when the engine does not have it; else removed."""
        work = self._work
        known = {one.sandbox_id: one for one in found}
        at_work = {slot.sandbox_id for slot in work.slots.all if slot.state is SlotState.CLOSING}
        for sandbox_id in work.closing.waited_for() - at_work:
            if sandbox_id in known:
                out.append(RemoveFound(known[sandbox_id]))
            else:
                work.closing.removed(sandbox_id, out)

    def remove_strays(self, now_ms: int, out: Out, *, live_since_ms: int | None) -> None:
        """Remove what nobody explained, 5 min after SYNC and after it was first seen."""
        if live_since_ms is None or now_ms - live_since_ms < STRAY_MS or not self._strays:
            return
        for sandbox_id, (seen_ms, found) in list(self._strays.items()):
            if now_ms - seen_ms >= STRAY_MS:
                del self._strays[sandbox_id]
                out.append(RemoveFound(found))
