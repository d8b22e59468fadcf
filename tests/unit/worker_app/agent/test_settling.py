"""A run that is over is not lost by an agent that is killed before it has written so."""

from __future__ import annotations

from core.domain.attempt import AttemptState
from core.domain.bundle import FileEntry
from core.domain.session import Offers
from core.domain.spec import Isolation, RunSpec, TaskSpec
from tests.fakes.agent_store import FakeAgentStore
from tests.support.agents import make_brief, make_offer
from tests.unit.worker_app.agent.test_restoring import BOX, Life
from worker_app.agent import instructions as do
from worker_app.agent import stimuli
from worker_app.agent.ports.store import LocalResult

RESULT = LocalResult(
    entry=FileEntry(path="out/a", size=1, sha256="d", mode=0o644, blob="d", offset=0), local="attempt-1/out/a"
)


class SlowDisk(Life):
    """Its writes are done when `write` is called."""

    waits: do.Write | None = None

    def tell(self, stimulus: stimuli.Stimulus) -> None:
        for instruction in self.state.handle(stimulus, self.now_ms):
            self.did.append(instruction)
            if isinstance(instruction, do.Write):
                assert self.waits is None, "two writes at once"
                self.waits = instruction
        self.state.validate()

    def write(self) -> None:
        while self.waits is not None:
            instruction, self.waits = self.waits, None
            self.store.write(instruction.changes)
            self.tell(stimuli.Written(instruction.serial))

    def hear(self, message: object) -> None:
        super().hear(message)  # type: ignore[arg-type]
        self.write()


def _run_ended(exit_code: int) -> stimuli.RunEnded:
    return stimuli.RunEnded(attempt_id="attempt-1", at_ms=2, exit_code=exit_code, wall_ms=1)


def _over(*, isolation: Isolation, exit_code: int = 0, waiting: int = 0) -> SlowDisk:
    """Return an agent whose attempt has just ended and been collected; nothing of that is written."""
    life = SlowDisk(FakeAgentStore(), 1_000_000, ())
    brief = make_brief(spec=TaskSpec(run=RunSpec(isolation=isolation)))
    names = ["attempt-1", *(f"next-{index}" for index in range(waiting))]
    offers = tuple(make_offer(name, lease_s=60) for name in names)
    life.hear(Offers(session_id="s", term=1, lease_report=0, briefs=(brief,), offers=offers))
    for name in names[:2]:
        life.tell(stimuli.Prepared(name))
        life.tell(stimuli.Started(name, 1))
    life.tick()
    life.write()
    life.did.clear()
    life.tell(_run_ended(exit_code))
    if exit_code == 0:
        life.tell(stimuli.Collected("attempt-1", (RESULT,)))
    return life


def _again(first: SlowDisk) -> Life:
    """The agent is killed and comes back; its sandbox, if it is there, tells how the run ended."""
    gone = any(isinstance(one, do.CloseSandbox) for one in first.did)
    second = Life(first.store, first.now_ms + 2000, () if gone else (BOX,))
    for adopt in [one for one in second.did if isinstance(one, do.Adopt)]:
        second.tell(stimuli.Adopted(adopt.slot, BOX.sandbox_id, "attempt-1"))
        second.tell(_run_ended(0))
        second.tell(stimuli.Collected("attempt-1", (RESULT,)))
    second.tell(stimuli.Uploaded("attempt-1"))
    return second


def test_a_killed_agent_hands_in_what_had_ended() -> None:
    assert _again(_over(isolation=Isolation.SUBTASK)).ended() == [AttemptState.SUCCEEDED]


def test_the_sandbox_goes_once_the_end_is_durable() -> None:
    life = _over(isolation=Isolation.SUBTASK)
    assert life.waits is not None, "it is written at once"
    assert not life.has_done(do.CloseSandbox)
    life.write()
    assert life.has_done(do.CloseSandbox)
    assert _again(life).ended() == [AttemptState.SUCCEEDED], "its files are on this machine"


def test_an_end_without_files_is_durable_before_its_sandbox_goes() -> None:
    life = _over(isolation=Isolation.SUBTASK, exit_code=1)
    assert life.ended() == [AttemptState.FAILED] and not life.has_done(do.CloseSandbox)
    life.write()
    assert life.has_done(do.CloseSandbox)


def test_the_next_attempt_gets_the_sandbox_once_the_end_is_durable() -> None:
    life = _over(isolation=Isolation.TASK, waiting=2)
    assert not life.has_done(do.Prepare)
    life.write()
    [prepare] = [one for one in life.did if isinstance(one, do.Prepare)]
    assert (prepare.offer.attempt_id, prepare.sandbox_id) == ("next-1", "attempt-1")


def test_a_full_disk_keeps_no_sandbox() -> None:
    life = _over(isolation=Isolation.SUBTASK)
    assert life.waits is not None
    life.tell(stimuli.WriteFailed(life.waits.serial, "the disk is full", True))
    assert life.has_done(do.CloseSandbox)
