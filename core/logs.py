"""Logging of every program: JSON lines in a bounded, owner-only file from line 1, short coloured lines on a
console.

Rooms write `logger = logging.getLogger(__name__)` and `logger.info("task submitted", extra={"task_id":
...})`; ids of the work in hand are bound once with `fields(...)`. Secrets are masked on the way out, by the
name of the field, by their shape, and by value for those registered with `Secrets`.
"""

from __future__ import annotations

import logging
import logging.handlers
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TextIO

import structlog

from core import paths

MASK: Final = "•••"
MAX_TEXT: Final = 16_384
MAX_SECRETS: Final = 10_000
_MAX_DEPTH: Final = 6

_SECRET_NAMES: Final = re.compile(
    r"(?i)(?:^|_)"
    r"(?:passwords?|passwd|pwd|secrets?|tokens?|authorization|cookies?|api_?key|private_?key|otp|psk)$"
)
_PEM_BEGIN: Final = r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----"
_PEM_END: Final = r"-----END [A-Z ]{0,40}PRIVATE KEY-----"
_SECRET_SHAPES: Final = (
    # Each is bounded, so that a huge text costs time in proportion to its length and no more.
    # Our own API tokens, bearer headers, join and console links, a password in a database's address, keys.
    (re.compile(r"\bhm_[A-Za-z0-9_-]{8,}"), "hm_" + MASK),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {MASK}"),
    (re.compile(r"(?i)([?&](?:token|secret|password|key)=)[^&\s\"']+"), rf"\1{MASK}"),
    (re.compile(r"\b(\w{1,20}://[^/\s:@]{0,200}:)[^@/\s]{1,1000}@"), rf"\1{MASK}@"),
    (re.compile(_PEM_BEGIN + rf".*?(?:{_PEM_END}|\Z)", re.S), MASK),
)


class Secrets:
    """The values that must not be written, whoever writes them. Thread-safe, at most MAX_SECRETS."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self._pattern: re.Pattern[str] | None = None

    def add(self, value: str) -> None:
        """Mask `value` from now on. Values under 4 characters would blot out ordinary words and are not
        taken.
        """
        if len(value) < 4:
            return
        with self._lock:
            if value not in self._counts and len(self._counts) >= MAX_SECRETS:
                raise RuntimeError(f"more than {MAX_SECRETS} secrets: somebody does not discard theirs")
            self._counts[value] = self._counts.get(value, 0) + 1
            self._compile()

    def discard(self, value: str) -> None:
        """Forget one `add` of `value`, once nothing can write it any more."""
        with self._lock:
            left = self._counts.get(value, 0) - 1
            if left > 0:
                self._counts[value] = left
            else:
                self._counts.pop(value, None)
            self._compile()

    def mask(self, text: str) -> str:
        """Return `text` without any secret that is known by value or by shape."""
        for shape, replacement in _SECRET_SHAPES:
            text = shape.sub(replacement, text)
        pattern = self._pattern
        return text if pattern is None else pattern.sub(MASK, text)

    def _compile(self) -> None:
        # Longest first, so that a secret which contains another is masked whole.
        values = sorted(self._counts, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, values))) if values else None


class _Mask:
    """The last step before rendering: bounds and masks every text of a line, tracebacks included."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def __call__(self, _logger: Any, _name: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
        return {str(name): self._clean(value, str(name), _MAX_DEPTH) for name, value in event.items()}

    def _clean(self, value: Any, name: str, depth: int) -> Any:
        if name and _SECRET_NAMES.search(name):
            return MASK
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, Mapping) and depth:
            return {str(key): self._clean(item, str(key), depth - 1) for key, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)) and depth:
            return [self._clean(item, "", depth - 1) for item in value]
        # The mask comes before the cut: half of a secret at the edge would no longer be recognised.
        text = self._secrets.mask(value if isinstance(value, str) else str(value))
        return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text)} characters)"


class _PrivateRotatingFile(logging.handlers.RotatingFileHandler):
    """A rotating file that only its owner can read."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Lose the line: a disk that is full must not fill the console with what logging itself has to say."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)

    def _open(self) -> TextIOWrapper:
        # The handler closes it.
        return open(self.baseFilename, "a", encoding="utf-8", opener=paths.private_opener)


class Logs:
    """The logging of this process, as `configure` set it up. Closing puts back what was there before."""

    def __init__(self, secrets: Secrets, file: Path | None, handlers: Sequence[logging.Handler]) -> None:
        self.secrets = secrets
        self.file = file
        self._handlers = tuple(handlers)
        root = logging.getLogger()
        self._before = (tuple(root.handlers), root.level)

    def __enter__(self) -> Logs:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write what is left and stop logging. May be called twice."""
        root = logging.getLogger()
        for handler in self._handlers:
            root.removeHandler(handler)
            handler.close()
        root.setLevel(self._before[1])
        logging.captureWarnings(False)


def configure(
    *,
    file: Path | None,
    level: str = "INFO",
    console: TextIO | None = None,
    console_level: str = "",
    max_bytes: int = 10 << 20,
    backups: int = 5,
    secrets: Secrets | None = None,
) -> Logs:
    """Send all logging of this process to `file` (JSON lines) and `console`; call it before anything else.

    The console defaults to stderr and is left out where there is none (a windowed program on Windows). At
    most `max_bytes` times (`backups` + 1) are kept. A file that cannot be opened is an error: a daemon whose
    log nobody can read is worse than one that does not start.
    """
    known = secrets if secrets is not None else Secrets()
    stream = console if console is not None else sys.stderr
    handlers: list[logging.Handler] = []
    if file is not None:
        paths.private_folder(file.parent)
        to_file = _PrivateRotatingFile(file, maxBytes=max_bytes, backupCount=backups, encoding="utf-8")
        as_json = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        to_file.setFormatter(_formatter(known, as_json))
        to_file.setLevel(level.upper())
        handlers.append(to_file)
    if stream is not None:
        to_console = logging.StreamHandler(stream)
        colours = hasattr(stream, "isatty") and stream.isatty()
        renderer = structlog.dev.ConsoleRenderer(
            colors=colours, exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        )
        to_console.setFormatter(_formatter(known, renderer))
        to_console.setLevel((console_level or level).upper())
        handlers.append(to_console)
    logs = Logs(known, file, handlers)
    root = logging.getLogger()
    root.setLevel(min((handler.level for handler in handlers), default=logging.WARNING))
    for handler in handlers:
        root.addHandler(handler)
    logging.captureWarnings(True)
    return logs


def catch_unhandled() -> None:
    """Send what no code caught, in any thread, to the log: a windowed program has nowhere else to show it."""
    logger = logging.getLogger("core.unhandled")

    def from_main(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        logger.critical("unhandled error", exc_info=(kind, error, trace))

    def from_thread(details: threading.ExceptHookArgs) -> None:
        if details.exc_value is None or issubclass(details.exc_type, SystemExit):
            return
        logger.critical(
            "unhandled error in a thread",
            exc_info=(details.exc_type, details.exc_value, details.exc_traceback),
            extra={"in_thread": details.thread.name if details.thread is not None else "?"},
        )

    sys.excepthook = from_main
    threading.excepthook = from_thread


def fields(**values: Any) -> AbstractContextManager[None]:
    """Add `values` to every line logged inside the `with` block, on this thread or asyncio task."""
    return structlog.contextvars.bound_contextvars(**values)


def _formatter(secrets: Secrets, renderer: Any) -> logging.Formatter:
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
        structlog.processors.format_exc_info,
        structlog.processors.StackInfoRenderer(),
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _Mask(secrets),
            renderer,
        ],
    )
