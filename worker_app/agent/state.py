"""The agent as a value: `handle(stimulus, now_ms)` answers with instructions, and nothing else changes it.

No I/O, no clock, no randomness of its own: the same stimuli at the same times give the same instructions, so
every rule of the lifecycles can be tested by dialogue. `now_ms` is of the steady clock, which counts sleep.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from core.domain.attempt import ReturnReason
from core.domain.node import NodeOwner
from core.domain.session import OwnerStatus, Updates
from core.domain.spec import TaskSpec
from worker_app.agent import reporting, stimuli
from worker_app.agent.attempts import Step, Stop
from worker_app.agent.connection import Connection, Phase
from worker_app.agent.instructions import Exit, Instruction, Send, TakeInventory, Write
from worker_app.agent.pending import Pending
from worker_app.agent.progress import Progress
from worker_app.agent.restoring import Restoring
from worker_app.agent.slots import SlotState
from worker_app.agent.talk import Talk
from worker_app.agent.work import Out, Work
from worker_app.agent.yielding import Yielding

#: How often the engine is asked what it has, and tasks without work here are let go of.
HOUSEKEEPING_MS: Final = 300_000
IDLE_RENEW_MS: Final = 30_000


class AgentState:
    """Everything that the agent knows. `handle` is the only door."""

    def __init__(
        self,
        *,
        node_id: str,
        boot_id: str,
        agent_version: str,
        random: Callable[[], float],
        load_spec: Callable[[str], TaskSpec],
        features: tuple[str, ...] = (),
    ) -> None:
        """`random` gives 0 <= x < 1 (backoff); `load_spec` reads a brief's spec_json."""
        self.pending = Pending()
        self.connection = Connection(random)
        self.work = Work(self.pending, load_spec, boot_id)
        self.progress = Progress(self.work)
        self.restoring = Restoring(self.work, self.progress)
        self.talk = Talk(
            node_id=node_id,
            agent_version=agent_version,
            features=features,
            connection=self.connection,
            pending=self.pending,
            work=self.work,
        )
        #: Why updates do not become durable; empty when they do.
        self.write_problem = ""
        self._quit_at_ms = 0
        self._idle_renewed_ms = 0
        self._housekept_ms = 0
        self._handlers = self._stimulus_handlers()

    @property
    def notice(self) -> str:
        """What the master has to say to the owner."""
        return self.talk.notice

    def _stimulus_handlers(self) -> dict[type, Callable[[Any, int, Out], None]]:
        return {
            stimuli.Tick1s: self._tick,
            stimuli.RetryNow: self.talk.retry_now,
            stimuli.Restored: self._restored,
            stimuli.FactsChanged: self._facts_changed,
            stimuli.Measured: self._measured,
            stimuli.OwnerChanged: self._owner_changed,
            **Yielding(self.work).handlers(),
            stimuli.QuitAsked: self._quit_asked,
            stimuli.SystemEnds: self._system_ends,
            stimuli.SystemStays: self._system_stays,
            stimuli.InventoryTaken: self.restoring.inventory_taken,
            stimuli.Received: self.talk.received,
            stimuli.Disconnected: self.talk.disconnected,
            stimuli.Written: self._written,
            stimuli.WriteFailed: self._write_failed,
            stimuli.PrepareProgress: self.progress.preparing,
            stimuli.Prepared: self.progress.prepared,
            stimuli.PrepareFailed: self.progress.prepare_failed,
            stimuli.Started: self.progress.started,
            stimuli.Used: self.progress.used,
            stimuli.RunEnded: self.progress.run_ended,
            stimuli.RunLost: self.progress.run_lost,
            stimuli.Collected: self.progress.collected,
            stimuli.Uploaded: self.progress.uploaded,
            stimuli.UploadFailed: self.progress.upload_failed,
            stimuli.SandboxClosed: self.work.slot_closed,
            stimuli.Adopted: self.restoring.adopted,
            stimuli.AdoptFailed: self.restoring.adopt_failed,
        }

    def handle(self, stimulus: stimuli.Stimulus, now_ms: int) -> list[Instruction]:
        """Take one stimulus and return what is to be done now, in order."""
        out: Out = []
        self._handlers[type(stimulus)](stimulus, now_ms, out)
        if self.work.place_again:
            self.work.place(now_ms, out)
        self._write(out, also_lazy=False)
        if self.connection.phase is Phase.LIVE:
            self._send_updates(now_ms, out)
        if self._quit_at_ms:
            self._leave(now_ms, out)
        return out

    # ------------------------------------------------------------ time

    def _tick(self, _stimulus: stimuli.Tick1s, now_ms: int, out: Out) -> None:
        work = self.work
        # First of all, also after a sleep of the machine: what is past its deadline stops (R3).
        work.fence(now_ms, out)
        work.closing.look(now_ms, out)
        work.stalled(now_ms, out)
        self.talk.tick(now_ms, out)
        if now_ms - self._idle_renewed_ms >= IDLE_RENEW_MS:
            self._idle_renewed_ms = now_ms
            work.renew_idle(out)
        work.close_idle(now_ms, out)
        reporting.tell(work)
        self.pending.due_again(now_ms)
        if now_ms - self._housekept_ms >= HOUSEKEEPING_MS:
            self._housekept_ms = now_ms
            work.release_tasks(out)
            out.append(TakeInventory())
        self.restoring.ask_again(now_ms, out)
        self.restoring.remove_strays(now_ms, out, live_since_ms=self._live_since())
        self._write(out, also_lazy=True)

    def _live_since(self) -> int | None:
        return self.connection.since_ms if self.connection.is_live else None

    def _restored(self, stimulus: stimuli.Restored, now_ms: int, out: Out) -> None:
        stored = stimulus.stored
        self.talk.incarnation = stored.incarnation
        self.pending.next_number = stored.next_number
        self.pending.highest_term = stored.highest_term
        self._housekept_ms = now_ms
        self.connection.due_ms = now_ms
        self.restoring.restored(stored, stimulus.found, now_ms, out)

    # ------------------------------------------------------------ the machine and its owner

    def _facts_changed(self, stimulus: stimuli.FactsChanged, now_ms: int, out: Out) -> None:
        if stimulus.facts != self.work.facts:
            self.work.set_facts(stimulus.facts)
            self.talk.facts_changed(now_ms, out)

    def _measured(self, stimulus: stimuli.Measured, now_ms: int, out: Out) -> None:
        self.talk.host = stimulus.host

    def _owner_changed(self, stimulus: stimuli.OwnerChanged, now_ms: int, out: Out) -> None:
        """New work stops at once; what waits goes back; what runs, runs on."""
        self.work.owner = stimulus.owner
        if stimulus.owner.state not in (NodeOwner.AVAILABLE, NodeOwner.GPU_PAUSED):
            for attempt_id in list(self.work.queue):
                self.work.stop(attempt_id, Stop("owner", ReturnReason.OWNER), now_ms, out)
        if self.connection.is_live:
            self.talk.report(now_ms, out)

    def _quit_asked(self, stimulus: stimuli.QuitAsked, now_ms: int, out: Out) -> None:
        self._quit_at_ms = now_ms + stimulus.grace_ms
        self._give_all_back("quit", stimulus.grace_ms, now_ms, out)

    def _system_ends(self, stimulus: stimuli.SystemEnds, now_ms: int, out: Out) -> None:
        """As at a quit, but the session stays: a shutdown can be called off."""
        self._give_all_back("shutdown", stimulus.grace_ms, now_ms, out)

    def _system_stays(self, _stimulus: stimuli.SystemStays, now_ms: int, out: Out) -> None:
        self.work.is_quitting = bool(self._quit_at_ms)

    def _give_all_back(self, why: str, grace_ms: int, now_ms: int, out: Out) -> None:
        self.work.is_quitting = True
        self._owner_changed(stimuli.OwnerChanged(OwnerStatus(state=NodeOwner.QUITTING, reason=why)), now_ms, out)
        grace_s = max(0.0, grace_ms / 2000)
        self.work.stop_all(ReturnReason.QUIT, now_ms, out, grace_s=grace_s)
        self.work.close_idle(now_ms, out)

    @property
    def is_given_back(self) -> bool:
        """Tell whether nothing is here any more, and the master knows, if it can be told."""
        idle = not self.work.held and all(slot.state is SlotState.EMPTY for slot in self.work.slots.all)
        kept = not self.pending.is_writing and not self.pending.wants_write(also_lazy=True)
        heard = not self.connection.is_live or not self.pending.outgoing
        return idle and kept and heard

    def _leave(self, now_ms: int, out: Out) -> None:
        """Leave once everything is given back and acknowledged, or when the time for that is over."""
        if self.talk.is_over:
            return
        over = now_ms >= self._quit_at_ms
        if over or self.is_given_back:
            self.talk.is_over = True
            out.append(Exit("asked to quit" if not over else "asked to quit; not everything could be given back"))

    # ------------------------------------------------------------ the database and the outbox

    def _write(self, out: Out, *, also_lazy: bool) -> None:
        if self.pending.wants_write(also_lazy=also_lazy):
            changes = self.pending.take()
            out.append(Write(self.pending.serial, changes))

    def _written(self, stimulus: stimuli.Written, now_ms: int, out: Out) -> None:
        if self.pending.is_writing and stimulus.serial == self.pending.serial:
            self.write_problem = ""
            changes = self.pending.written()
            self.work.accepted(changes)
            self.progress.settling.written(changes, now_ms, out)

    def _write_failed(self, stimulus: stimuli.WriteFailed, now_ms: int, out: Out) -> None:
        if self.pending.is_writing and stimulus.serial == self.pending.serial:
            self.write_problem = stimulus.reason
            self.pending.write_failed()
            self.progress.settling.not_written(now_ms, out)

    def _send_updates(self, now_ms: int, out: Out) -> None:
        for batch in self.pending.take_batches(now_ms):
            message = Updates(session_id=self.connection.session_id, updates=batch)
            out.append(Send(self.connection.number, message))

    # ------------------------------------------------------------ invariants

    def validate(self) -> None:
        """Assert what always holds; tests call it after each stimulus."""
        self.pending.validate()
        self.work.validate()
        for attempt_id, held in self.work.held.items():
            assert held.step is not Step.ENDED
            entry = self.pending.outgoing.get(attempt_id)
            assert entry is None or not entry.is_terminal, "ended twice"
