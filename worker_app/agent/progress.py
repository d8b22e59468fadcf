"""How one attempt gets on: each answer of the performer, and the step that follows it."""

from __future__ import annotations

import dataclasses

from core.domain.attempt import AttemptState, RejectReason
from worker_app.agent.attempts import Held, Judgement, Step, infra
from worker_app.agent.instructions import CancelRun, Collect, Upload
from worker_app.agent.outcomes import judge, timeout_s
from worker_app.agent.ports.store import Ending, LocalResult
from worker_app.agent.settling import Settling
from worker_app.agent.stimuli import (
    Collected,
    Prepared,
    PrepareFailed,
    PrepareProgress,
    RunEnded,
    RunLost,
    Started,
    Uploaded,
    UploadFailed,
    Used,
)
from worker_app.agent.work import Out, Work


class Progress:
    """Mutated only by `AgentState`."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.settling = Settling(work)
        #: Counts what may mean that the engine is gone; whoever probes it looks sooner then.
        self.engine_troubles = 0

    def _current(self, attempt_id: str, step: Step) -> Held | None:
        held = self._work.held.get(attempt_id)
        return held if held is not None and held.step is step else None

    # ------------------------------------------------------------ preparing

    def preparing(self, stimulus: PrepareProgress, now_ms: int, out: Out) -> None:
        held = self._current(stimulus.attempt_id, Step.PREPARING)
        if held is not None:
            if (held.phase, held.percent) != (stimulus.phase, stimulus.percent):
                held.progress_ms = now_ms
            held.phase, held.percent = stimulus.phase, stimulus.percent

    def prepared(self, stimulus: Prepared, now_ms: int, out: Out) -> None:
        held = self._current(stimulus.attempt_id, Step.PREPARING)
        if held is None:
            return
        self._work.slot_of(held).is_open = True
        held.pin = stimulus.pin
        held.phase, held.percent = "", -1.0
        if held.stop is not None:
            self._work.leave_slot(held, now_ms, out, usable=True)
            self._work.end_stopped(held, out)
            return
        held.move(Step.RUNNING)
        self._work.execute(held, now_ms, out, in_place=False)

    def prepare_failed(self, stimulus: PrepareFailed, now_ms: int, out: Out) -> None:
        work = self._work
        held = self._current(stimulus.attempt_id, Step.PREPARING)
        if held is None:
            return
        work.slot_of(held).is_open = stimulus.sandbox_open
        work.leave_slot(held, now_ms, out, usable=stimulus.sandbox_open)
        if held.stop is not None:
            work.end_stopped(held, out)
        elif stimulus.reject is not None:
            self.engine_troubles += stimulus.reject is RejectReason.ENGINE
            work.end(held, AttemptState.REJECTED, out, reason=stimulus.reject.value)
        else:
            failure = stimulus.failure or infra("PREPARE_FAILED", "It could not be made ready.")
            work.end(held, AttemptState.FAILED, out, failure=failure)

    # ------------------------------------------------------------ running

    def started(self, stimulus: Started, now_ms: int, out: Out) -> None:
        held = self._current(stimulus.attempt_id, Step.RUNNING)
        if held is not None and not held.started_at_ms:
            held.started_at_ms = stimulus.at_ms

    def used(self, stimulus: Used, now_ms: int, out: Out) -> None:
        held = self._current(stimulus.use.attempt_id, Step.RUNNING)
        if held is None:
            return
        held.use = stimulus.use
        if stimulus.use.percent >= 0:
            held.percent = stimulus.use.percent
        held.peak_memory_bytes = max(held.peak_memory_bytes, stimulus.use.memory_bytes)
        if stimulus.ticks is not None:
            held.ticks = stimulus.ticks
            self._work.pending.ticks(held.attempt_id, stimulus.ticks)

    def run_ended(self, stimulus: RunEnded, now_ms: int, out: Out) -> None:
        held = self._current(stimulus.attempt_id, Step.RUNNING)
        if held is None:
            return
        held.run = stimulus
        held.ran_ms += stimulus.wall_ms
        held.peak_memory_bytes = max(held.peak_memory_bytes, stimulus.peak_memory_bytes)
        held.ticks = stimulus.ticks
        judgement = judge(
            held.spec,
            stimulus,
            held.stop,
            is_merge=held.is_merge,
            memory_bytes=held.offer.resources.memory_bytes,
        )
        if judgement.outputs or judgement.checkpoint:
            held.move(Step.COLLECTING)
            held.judged = judgement
            out.append(
                Collect(held.attempt_id, held.slot, judgement.outputs, judgement.checkpoint, judgement.strict)
            )
            return
        self._conclude(held, judgement, (), now_ms, out)

    def run_lost(self, stimulus: RunLost, now_ms: int, out: Out) -> None:
        """The sandbox died while preparing files into it, running, or collecting."""
        work = self._work
        held = work.held.get(stimulus.attempt_id)
        if held is None or held.step not in (Step.RUNNING, Step.COLLECTING):
            return
        held.ticks = stimulus.ticks or held.ticks
        self.engine_troubles += 1
        if held.stop is not None:
            update = work.stopped(held)
        else:
            update = work.terminal(held, AttemptState.FAILED, failure=stimulus.failure)
        if held.step is Step.RUNNING:
            # Dead, or only out of reach: what cannot be asked may still run.
            work.leave_running(held, update, now_ms, out)
        else:
            work.leave_slot(held, now_ms, out, usable=False)
            work.finish(held, update, out)

    # ------------------------------------------------------------ files

    def collected(self, stimulus: Collected, now_ms: int, out: Out) -> None:
        held = self._current(stimulus.attempt_id, Step.COLLECTING)
        if held is None:
            return
        judgement = held.judged
        assert judgement is not None
        held.judged = None
        if judgement.run_on and held.stop is None:
            held.move(Step.COMMITTING)
            if stimulus.checkpoint:
                held.ending = Ending(update=self._work.terminal(held, held.state), results=stimulus.checkpoint)
                out.append(Upload(held.attempt_id, stimulus.checkpoint))
            else:
                self._run_on(held, now_ms, out)
            return
        if held.stop is not None:
            # Judged before the stop came; what is done is handed in only when it is given back.
            judgement = self._judge_again(held, judgement)
        if judgement.strict and stimulus.refused is not None:
            judgement = Judgement(state=AttemptState.FAILED, failure=stimulus.refused)
        if judgement.state is AttemptState.CANCELLED:
            self._conclude(held, judgement, (), now_ms, out)
        else:
            self._conclude(held, judgement, stimulus.results, now_ms, out, checkpoint=stimulus.checkpoint)

    def _judge_again(self, held: Held, judgement: Judgement) -> Judgement:
        stop = held.stop
        assert stop is not None
        if stop.give_back is None:
            return Judgement(state=AttemptState.CANCELLED, reason=stop.reason)
        if judgement.run_on:
            return Judgement(state=AttemptState.RETURNED, reason=stop.give_back.value)
        return judgement

    def _conclude(
        self,
        held: Held,
        judgement: Judgement,
        results: tuple[LocalResult, ...],
        now_ms: int,
        out: Out,
        *,
        checkpoint: tuple[LocalResult, ...] = (),
    ) -> None:
        """The run is over and its files are here: free the slot, bring them home, then end."""
        work, run = self._work, held.run
        assert run is not None
        if held.slot >= 0:
            self.settling.begin(held, now_ms, usable=not run.dirty)
        update = work.terminal(
            held,
            judgement.state,
            reason=judgement.reason,
            failure=judgement.failure,
            retry_free=judgement.retry_free,
        )
        if results:
            update = dataclasses.replace(update, artifacts=tuple(result.entry for result in results))
        if checkpoint:
            entries = tuple(result.entry for result in checkpoint)
            update = dataclasses.replace(update, checkpoint=entries, ticks_committed=len(held.ticks))
        results = results + checkpoint
        if not results and not run.log_bytes:
            work.finish(held, update, out)
            return
        held.move(Step.UPLOADING)
        held.ending = Ending(update=update, results=results)
        work.pending.ending(held.attempt_id, held.ending)
        out.append(Upload(held.attempt_id, results))

    # ------------------------------------------------------------ uploading

    def uploaded(self, stimulus: Uploaded, now_ms: int, out: Out) -> None:
        held = self._work.held.get(stimulus.attempt_id)
        if held is None or held.ending is None:
            return
        if held.step is Step.UPLOADING:
            self._work.finish(held, held.ending.update, out)
        elif held.step is Step.COMMITTING:
            entries = tuple(result.entry for result in held.ending.results)
            held.checkpoint_committed = entries
            held.ticks_committed = len(held.ticks)
            held.told = AttemptState.OFFERED  # told again, with its checkpoint
            self._run_on(held, now_ms, out)

    def upload_failed(self, stimulus: UploadFailed, now_ms: int, out: Out) -> None:
        """The files can never get there: a success becomes a failure; the other ends stay what they are."""
        held = self._work.held.get(stimulus.attempt_id)
        if held is None or held.ending is None:
            return
        if held.step is Step.COMMITTING:
            self._run_on(held, now_ms, out)  # without a commit; the next one may fare better
        elif held.step is Step.UPLOADING:
            update = held.ending.update
            update = dataclasses.replace(
                update,
                artifacts=(),
                checkpoint=held.checkpoint_committed,
                ticks_committed=held.ticks_committed,
            )
            if update.state is AttemptState.SUCCEEDED:
                update = dataclasses.replace(update, state=AttemptState.FAILED, failure=stimulus.failure)
            self._work.finish(held, update, out)

    def _run_on(self, held: Held, now_ms: int, out: Out) -> None:
        """Restart in place after a checkpoint (R12), unless a stop came or its time is used up."""
        held.ending = None
        run = held.run
        assert run is not None
        limit_ms = timeout_s(held.spec, is_merge=held.is_merge) * 1000
        spent = limit_ms and held.ran_ms >= limit_ms
        if held.stop is not None or spent:
            over = dataclasses.replace(run, timed_out=bool(spent))
            verdict = judge(
                held.spec,
                over,
                held.stop,
                is_merge=held.is_merge,
                memory_bytes=held.offer.resources.memory_bytes,
            )
            self._conclude(held, verdict, (), now_ms, out)
            return
        held.move(Step.RUNNING)
        self._work.execute(held, now_ms, out, in_place=True)

    def cancel_if_stopped(self, held: Held, out: Out) -> None:
        """An attempt that was stopped while it was not clear where it runs is cancelled once it is."""
        if held.stop is not None:
            out.append(CancelRun(held.attempt_id, held.slot, held.spec.run.grace_s))
