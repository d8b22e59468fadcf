"""Where what attempts write is kept: files, not rows, because it is much and read in order."""

from __future__ import annotations

from typing import Protocol

from core.domain.session import LogStream


class LogFiles(Protocol):
    """Logs by attempt and stream, capped each; beyond the cap the middle is dropped and said so."""

    def append(self, attempt_id: str, stream: LogStream, offset: int, content: bytes) -> tuple[int, bool]:
        """Keep bytes at an offset; return the next offset wanted, and whether the log takes no more.

        What is there already is skipped. Flushed when it returns. Raises StorageFull.
        """

    def finish(self, attempt_id: str, stream: LogStream, note: str) -> None:
        """Say why nothing more is kept, as the last line. Once, also when it is asked again."""

    def read(self, attempt_id: str, stream: LogStream, offset: int, limit: int) -> tuple[bytes, int]:
        """Return bytes from `offset` (or the next that is kept) and the offset after them."""

    def size(self, attempt_id: str, stream: LogStream) -> int: ...

    def remove(self, attempt_id: str) -> None: ...
