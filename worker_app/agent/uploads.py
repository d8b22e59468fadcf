"""Brings the files of ended attempts to the master: again and again until they are there or never can be."""

from __future__ import annotations

import asyncio
import logging
import shutil
from pathlib import Path
from typing import Final

from core.domain.errors import Busy, HiveMindError, RateLimited, StorageFull, StorageUnavailable
from worker_app.agent.attempts import infra
from worker_app.agent.instructions import Upload
from worker_app.agent.logship import LogShipper
from worker_app.agent.pauses import Pauses
from worker_app.agent.ports.link import BlobLink, LinkClosed
from worker_app.agent.ports.store import LocalResult
from worker_app.agent.stimuli import Stimulus, Uploaded, UploadFailed
from worker_app.agent.workshop import Crew, Tell

logger = logging.getLogger(__name__)

PARALLEL: Final = 4
#: How long the rest of a log is waited for once the files are there; then the log loses, not the result.
LOG_WAIT_MS: Final = 30_000
#: Tries against a master that answers but cannot take it (its disk is full, its store fails).
MAX_REFUSALS: Final = 20
_PASSING = (LinkClosed, Busy, RateLimited, StorageUnavailable, StorageFull)


class Uploads:
    """Made and used on the agent's loop."""

    def __init__(
        self, *, link: BlobLink, logs: LogShipper, pauses: Pauses, results: Path, crew: Crew, tell: Tell
    ) -> None:
        self._link = link
        self._logs = logs
        self._pauses = pauses
        self._results = results
        self._crew = crew
        self._tell = tell
        self._room = asyncio.Semaphore(PARALLEL)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, instruction: Upload) -> None:
        """Start; `Uploaded` or `UploadFailed` is told at the end."""
        attempt_id = instruction.attempt_id
        self._tasks[attempt_id] = self._crew.spawn(self._upload(instruction), f"upload-{attempt_id}")

    def abandon(self, attempt_id: str) -> None:
        """Nobody wants it any more."""
        task = self._tasks.pop(attempt_id, None)
        if task is not None:
            task.cancel()

    def forget(self, attempt_id: str) -> None:
        """Remove what is left of an attempt on this machine."""
        self.abandon(attempt_id)
        self._logs.forget(attempt_id)
        shutil.rmtree(self._results / attempt_id, ignore_errors=True)

    async def _upload(self, instruction: Upload) -> None:
        attempt_id = instruction.attempt_id
        try:
            answer = await self._bring(attempt_id, instruction.results)
        except HiveMindError as error:
            logger.warning("results were refused", extra={"attempt_id": attempt_id, "code": error.code})
            answer = UploadFailed(attempt_id, infra(error.code, f"The master did not take the results: {error}"))
        except OSError as error:
            answer = UploadFailed(attempt_id, infra("NODE_DISK", f"The results cannot be read: {error.strerror}."))
        self._tasks.pop(attempt_id, None)
        self._tell(answer)

    async def _bring(self, attempt_id: str, results: tuple[LocalResult, ...]) -> Stimulus:
        refusals, failures = 0, 0
        while True:
            try:
                async with self._room:
                    await self._store(attempt_id, results)
                break
            except _PASSING as error:
                failures += 1
                if not isinstance(error, LinkClosed):
                    refusals += 1
                    if refusals >= MAX_REFUSALS:
                        raise
            await self._pauses.pause(min(60_000, 1000 << min(failures, 6)))
        await self._rest_of_log(attempt_id)
        return Uploaded(attempt_id)

    async def _store(self, attempt_id: str, results: tuple[LocalResult, ...]) -> None:
        by_digest = {result.entry.sha256: result for result in results}
        if not by_digest:
            return
        for digest in sorted(await self._link.missing(attempt_id, tuple(by_digest))):
            result = by_digest[digest]
            await self._link.store(attempt_id, digest, self._results / result.local, result.entry.size)

    async def _rest_of_log(self, attempt_id: str) -> None:
        log = asyncio.ensure_future(self._logs.delivered(attempt_id))
        limit = asyncio.ensure_future(self._pauses.pause(LOG_WAIT_MS))
        try:
            await asyncio.wait((log, limit), return_when=asyncio.FIRST_COMPLETED)
        finally:
            log.cancel()
            limit.cancel()
