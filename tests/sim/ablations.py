"""Safeguards of the lifecycles, each with a way to take it away here; the product has no switch for any.

python -m tests.sim.run --without "self-fence" --seeds 300
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

from core.domain.attempt import LostReason
from core.domain.session import AttemptUpdate, StopOrder, Verdict
from master_app import rebuilding
from master_app.node_pool import reaper, reconcile
from master_app.node_pool import sessions as sessions_module
from master_app.node_pool.reaper import Reaper
from master_app.node_pool.sessions import NodeSessions, Session
from master_app.node_pool.wall import WallWatch
from master_app.ports.unit_of_work import Lane
from master_app.storage.meta import TermKeeper
from master_app.tasks import late_results, merging, offers
from master_app.tasks.attempts import Attempts
from tests.sim.checkpoints import Checkpoints
from tests.sim.engine import Engine
from worker_app.agent import work as work_module
from worker_app.agent.attempts import Step
from worker_app.agent.closing import Closing
from worker_app.agent.connection import Connection
from worker_app.agent.instructions import Upload
from worker_app.agent.pending import Pending
from worker_app.agent.progress import Progress
from worker_app.agent.restoring import Restoring
from worker_app.agent.stimuli import Collected, Uploaded
from worker_app.agent.work import Work

Patch = tuple[Any, str, Any]


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """`rule` as in the design's lifecycles; `patches` take it away. It is sought with long programs and the faults
    in `only`.
    """

    rule: str
    patches: Callable[[], list[Patch]]
    only: tuple[str, ...] = ()
    #: What programs do: run "long", or "endless" (longer than the faults), or "middling" while tasks come all the
    #: time, "checkpoint" often while they run long, or "any" as in other pools.
    programs: str = "long"


def _nothing(*_args: object, **_kwargs: object) -> None:
    return None


def _init_without(name: str) -> list[Patch]:
    real = Engine.__init__

    def init(self: Engine, *args: Any) -> None:
        real(self, *args)
        setattr(self, name, False)

    return [(Engine, "__init__", init)]


def _lose_unanswered() -> list[Patch]:
    def lose(self: Reaper, uow: Any, node_id: str) -> None:
        lost = [
            (live.attempt_id, LostReason.NO_ACK)
            for live in uow.pool.live_of_node(node_id)
            if reaper._is_unanswered(live, self._sessions.session(node_id), uow.now_ms)
        ]
        self._attempts.lose(uow, lost)

    return [(Reaper, "_ask_anew", lose)]


def _forget_unread() -> list[Patch]:
    def read(self: NodeSessions, session: Session | None, command: Any) -> Any:
        return self._writer.execute(command, lane=Lane.NODES)

    return [(NodeSessions, "_read_later", read)]


def _end_at_once() -> list[Patch]:
    def begin(self: Closing, held: Any, sandbox_id: str, gone_by_ms: int, update: Any) -> None:
        held.step = Step.CLOSING
        self._finish(held, update, [])

    return [(Closing, "begin", begin)]


def _blind_is_empty() -> list[Patch]:
    real = Restoring.restored

    def restored(self: Restoring, stored: Any, found: Any, now_ms: int, out: Any) -> None:
        real(self, stored, found or (), now_ms, out)

    return [(Restoring, "restored", restored)]


def _without_sync() -> list[Patch]:
    def verdict(uow: Any, node_id: str, held: Any, known: bool) -> Verdict:
        live = uow.pool.attempts.get(held.attempt_id)
        if live is not None and live.node_id == node_id:
            reconcile.renew(uow, live)
        return Verdict.CONTINUE

    return [(reconcile, "_verdict", verdict)]


def _no_stops() -> list[Patch]:
    def stop(self: NodeSessions, node_id: str, order: StopOrder) -> None:
        return None

    return [(NodeSessions, "_order_later", _nothing), (NodeSessions, "stop", stop)]


def _unstored_checkpoints() -> list[Patch]:
    real = Progress.collected

    def collected(self: Progress, stimulus: Collected, now_ms: int, out: Any) -> None:
        real(self, stimulus, now_ms, out)
        held = self._work.held.get(stimulus.attempt_id)
        if held is not None and held.step is Step.COMMITTING:
            out[:] = [one for one in out if not isinstance(one, Upload)]
            self.uploaded(Uploaded(stimulus.attempt_id), now_ms, out)

    return [(Progress, "collected", collected)]


def _believe(self: Checkpoints, update: AttemptUpdate) -> None:
    self._told.update(entry.blob for entry in update.checkpoint if entry.blob in self._stored)


def _free_at_once() -> list[Patch]:
    """The slot is free, and its sandbox may go, before the end of its run is written."""
    real = Progress._conclude

    def conclude(
        self: Progress, held: Any, judgement: Any, results: Any, now_ms: int, out: Any, **more: Any
    ) -> None:
        real(self, held, judgement, results, now_ms, out, **more)
        self.settling.not_written(now_ms, out)

    def ending(self: Pending, attempt_id: str, ending: Any) -> None:
        self._endings[attempt_id] = ending

    return [(Progress, "_conclude", conclude), (Pending, "ending", ending)]


def _no_grace() -> list[Patch]:
    return [(offers, "LEASE_GRACE_MS", 0), (reconcile, "LEASE_GRACE_MS", 0)]


ABLATIONS: dict[str, Ablation] = {
    "self-fence": Ablation(
        rule="R3: the agent stops at its deadline",
        only=("cut", "one_way"),
        patches=lambda: [(Work, "fence", _nothing)],
    ),
    "watchdog": Ablation(
        rule="R3: the countdown inside the sandbox",
        only=("agent_away",),
        programs="endless",
        patches=lambda: _init_without("counts_down"),
    ),
    "self-fence and watchdog": Ablation(
        rule="R3: both",
        only=("long_cut",),
        programs="endless",
        patches=lambda: [(Work, "fence", _nothing), *_init_without("counts_down")],
    ),
    "grace of the master": Ablation(
        rule="R2: the master waits 60 s longer than the agent",
        only=("cut", "one_way"),
        programs="endless",
        patches=lambda: [
            (offers, "LEASE_GRACE_MS", -30_000),
            (reconcile, "LEASE_GRACE_MS", -30_000),
        ],
    ),
    "lease extension at restart": Ablation(
        rule="section 6: live deadlines are pushed on when the master starts",
        only=("master_killed", "cut"),
        patches=lambda: [(rebuilding, "RECOVERY_MS", -600_000)],
    ),
    "inventory decides": Ablation(
        rule="R1: no word of an offer: RESYNC, then SYNC",
        only=("unheard",),
        programs="middling",
        patches=_lose_unanswered,
    ),
    "unread counts": Ablation(
        rule="R2: what waits in the queue renews", only=("long_stall",), programs="endless", patches=_forget_unread
    ),
    "gone before ended": Ablation(
        rule="R3: an end is told when its sandbox is gone", only=("engine_mute", "cut"), patches=_end_at_once
    ),
    "blind is not empty": Ablation(
        rule="section 6: without an inventory nothing is gone", only=("agent_blind",), patches=_blind_is_empty
    ),
    "SYNC stops what is unwanted": Ablation(
        rule="C3 and the reconcile table: STOP",
        only=("cut", "cancel", "retry_all", "reset"),
        patches=_without_sync,
    ),
    "orders come again": Ablation(
        rule="orders are derived, sent with each report",
        only=("cut", "cancel", "pause", "admin"),
        programs="endless",
        patches=_no_stops,
    ),
    "clock watch": Ablation(
        rule="a wall clock that is set ends no lease",
        only=("wall_clock",),
        patches=lambda: [(WallWatch, "look", _nothing)],
    ),
    "incarnation check": Ablation(
        rule="C2: a lower incarnation is refused",
        only=("copied", "agent_killed", "reset"),
        patches=lambda: [(sessions_module, "refuse_hello", _nothing)],
    ),
    "term rule": Ablation(
        rule="section 1: a restored master jumps above",
        only=("backup", "clock_back", "master_killed"),
        patches=lambda: [(TermKeeper, "raise_above", lambda self, sql, above: self.term)],
    ),
    "late results": Ablation(
        rule="R5: done work is accepted",
        only=("all_cut",),
        programs="middling",
        patches=lambda: [(late_results.LateResults, "apply", _nothing)],
    ),
    "merge waits": Ablation(
        rule="a merge is of the parts that are there",
        only=("retry_merging",),
        programs="any",
        patches=lambda: [(merging, "_parts", lambda uow, task_id: (0, 0, 0))],
    ),
    "checkpoints are kept": Ablation(
        rule="R12: a checkpoint that was committed in place survives its attempt",
        only=("long_cut",),
        programs="checkpoint",
        patches=lambda: [(Attempts, "_keep_checkpoint", staticmethod(_nothing))],
    ),
    "checkpoints are stored first": Ablation(
        rule="R12: a checkpoint is told when its files are with the master",
        only=("reset",),
        programs="checkpoint",
        patches=_unstored_checkpoints,
    ),
    "checkpoints are stored first, unwatched": Ablation(
        rule="R12: an attempt begins from a committed checkpoint only",
        only=("long_cut",),
        programs="checkpoint",
        patches=lambda: [*_unstored_checkpoints(), (Checkpoints, "told", _believe)],
    ),
    "ends are written first": Ablation(
        rule="section 6: a sandbox is kept until the end of its run is durable",
        only=("agent_blinks",),
        programs="middling",
        patches=_free_at_once,
    ),
    "report interval": Ablation(
        rule="C1: min(30 s, ttl / 3), never raised",
        only=("reset",),
        patches=lambda: [(Connection, "interval_ms", lambda self, shortest: 40_000)],
    ),
    "SYNC stops and orders": Ablation(
        rule="C3 and orders: both ways in which an agent hears that work is unwanted",
        only=("cut", "cancel", "retry_all", "reset"),
        patches=lambda: [*_without_sync(), *_no_stops()],
    ),
    "fence margin": Ablation(
        rule="R3: 2 s before the deadline",
        only=("long_cut",),
        patches=lambda: [(work_module, "FENCE_MARGIN_MS", -5_000)],
    ),
    "all of the master's grace": Ablation(
        rule="R2: the master's 60 s; the agent's 2 s and the countdown stay",
        only=("long_cut",),
        patches=_no_grace,
    ),
    "grace, watchdog and fence margin": Ablation(
        rule="R2, R3: an agent that stops 20 s late, and a master that does not wait",
        only=("long_cut",),
        programs="endless",
        patches=lambda: [*_no_grace(), *_init_without("counts_down"), (work_module, "FENCE_MARGIN_MS", -20_000)],
    ),
}


@contextlib.contextmanager
def ablated(name: str) -> Iterator[None]:
    """Take one safeguard away inside the block; an empty name takes none."""
    with contextlib.ExitStack() as stack:
        for target, attribute, value in ABLATIONS[name].patches() if name else []:
            stack.enter_context(mock.patch.object(target, attribute, value))
        yield


def only_of(name: str) -> tuple[str, ...]:
    """Return the faults with which an ablation is sought; empty: all."""
    return ABLATIONS[name].only if name else ()


def programs_of(name: str) -> str:
    """Return what programs do while an ablation is sought."""
    return ABLATIONS[name].programs if name else "any"
