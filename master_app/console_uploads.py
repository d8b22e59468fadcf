"""Zips that a console sends, in pieces, to the same intake that the web uses."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from core.blobs.listing import MAX_ZIP_BYTES
from core.domain.console import SubmitReply
from core.domain.errors import Busy, Invalid, TooLarge
from core.domain.operations import OperatorIdentity
from core.domain.user import Action, require
from core.manifest.text import manifest_text
from core.paths import private_folder, private_opener
from master_app.console_desk import acting
from master_app.operations import principal_of
from master_app.ports.users import UserReads
from master_app.tasks.intake import Intake

MAX_AT_ONCE: Final = 4


@dataclass(slots=True)
class _Upload:
    path: Path
    stream: IO[bytes]
    size: int = 0
    closed: bool = field(default=False)


class ConsoleUploads:
    """See `master_app.rpc.console_services.UploadService`."""

    def __init__(self, *, folder: Path, intake: Intake, users: UserReads, threads: Executor) -> None:
        self._folder = folder
        self._intake = intake
        self._users = users
        self._threads = threads
        self._open: dict[str, _Upload] = {}

    def begin(self, operator: OperatorIdentity) -> Future[str]:
        require(principal_of(operator), Action.TASK_SUBMIT)

        def start() -> str:
            if len(self._open) >= MAX_AT_ONCE:
                raise Busy(f"{MAX_AT_ONCE} submissions are on their way; try again soon.", code="UPLOADS_FULL")
            name = secrets.token_hex(8)
            path = private_folder(self._folder) / f"{name}.zip"
            stream = open(path, "xb", opener=private_opener)  # noqa: SIM115 (closed by `end`)
            self._open[name] = _Upload(path, stream)
            return name

        return self._threads.submit(start)

    def write(self, upload: str, content: bytes) -> Future[None]:
        def append() -> None:
            found = self._open[upload]
            found.size += len(content)
            if found.size > MAX_ZIP_BYTES:
                raise TooLarge(f"A zip may have at most {MAX_ZIP_BYTES >> 20} MiB.", code="ZIP_TOO_LARGE")
            found.stream.write(content)

        return self._threads.submit(append)

    def submit(
        self, operator: OperatorIdentity, upload: str, fields: Mapping[str, str], *, key: str, check_only: bool
    ) -> Future[SubmitReply]:
        def send() -> SubmitReply:
            found = self._open[upload]
            if not found.size:
                raise Invalid("No zip was sent.", code="ZIP_MISSING")
            found.stream.close()
            who = acting(self._users, operator)
            prepared = self._intake.prepare(who, found.path, dict(fields))
            advice = tuple(f"{each.text} {each.fix}".strip() for each in prepared.advice)
            manifest = manifest_text(prepared.spec)
            if check_only:
                quote = self._intake.quote(prepared).result(60)
                return SubmitReply(
                    task_id="",
                    state="",
                    state_reason="",
                    low_ucpt=quote.low_ucpt,
                    high_ucpt=quote.high_ucpt,
                    subtask_count=prepared.spec.subtask_count,
                    advice=advice,
                    name=prepared.spec.name,
                    manifest=manifest,
                )
            made = self._intake.submit(who, prepared, key).result(60)
            return SubmitReply(
                task_id=made.task_id,
                state=made.state.value,
                state_reason=made.state_reason,
                low_ucpt=made.quote.low_ucpt,
                high_ucpt=made.quote.high_ucpt,
                subtask_count=made.subtask_count,
                advice=advice,
                name=prepared.spec.name,
                manifest=manifest,
            )

        return self._threads.submit(send)

    def end(self, upload: str) -> Future[None]:
        def remove() -> None:
            found = self._open.pop(upload, None)
            if found is not None:
                found.stream.close()
                found.path.unlink(missing_ok=True)

        return self._threads.submit(remove)
