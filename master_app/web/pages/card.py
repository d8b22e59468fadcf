"""The failure card: reads the output and the files of the commonest failure and has it diagnosed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.domain.attempt import FailureClass
from core.domain.errors import HiveMindError
from core.domain.session import LogStream
from core.domain.subtask import SubtaskState
from core.domain.views import AttemptView, TaskView
from master_app.ports.page_reads import FailedPart
from master_app.web.identity import services
from master_app.web.pages import failure
from master_app.web.pages.bundles import entries
from master_app.web.pages.drafts import CodeLine, lines_around
from master_app.web.pages.frame import pages

_TAIL_BYTES: Final = 64 << 10
_AROUND: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the page says first of a task that failed."""

    diagnosis: failure.Diagnosis
    part: FailedPart
    attempt: AttemptView
    #: Failed parts with this cause, and with others.
    same: tuple[FailedPart, ...]
    others: tuple[FailedPart, ...]
    lines: tuple[CodeLine, ...]
    diff: tuple[CodeLine, ...]
    nodes: int
    #: How often parts with this cause were tried, and what that cost.
    tries: int
    tries_ucpt: int
    untouched: int
    #: The program's file, to mend it by hand.
    source: str
    #: What the fix asks for, as the task's own form takes it.
    sizes: Mapping[str, str]


def failure_card(view: TaskView) -> Card | None:
    """Return the card of a failed task; None when no part of it failed by itself (a deadline, say)."""
    failed = [part for part in pages().reads.failed_parts(view.task_id) if part.tries]
    if view.has_merge and not failed:
        failed = _merge(view)
    if not failed:
        return None
    by_index = {part.index: part for part in failed}
    heads = [(part.index, *_headline(part.tries[-1])) for part in failed]
    groups = list(failure.causes(heads))
    same = [by_index[index] for index in groups[0][1]]
    others = [by_index[index] for _, indices in groups[1:] for index in indices]
    part, attempt = same[0], same[0].tries[-1]
    known = entries(view.bundle_id)
    read = services().blobs.pieces
    files = failure.Files(
        {path: entry.size for path, entry in known.items()},
        lambda path, limit: b"".join(read(known[path].blob, known[path].offset, min(limit, known[path].size))),
    )
    diagnosis = failure.diagnose(_failed(view, attempt), _tail(attempt), files)
    nodes = {each.node_name for failed_part in same for each in failed_part.tries}
    return Card(
        diagnosis=diagnosis,
        part=part,
        attempt=attempt,
        same=tuple(same),
        others=tuple(others),
        lines=tuple(_lines(diagnosis)),
        diff=tuple(_diff(diagnosis)),
        nodes=len(nodes),
        tries=sum(len(each.tries) for each in same),
        tries_ucpt=sum(run.paid_ucpt or 0 for each in same for run in each.tries),
        untouched=view.counts.get(SubtaskState.CANCELLED, 0),
        source=diagnosis.source,
        sizes=_sizes(diagnosis.settings),
    )


def _sizes(settings: Mapping[str, str]) -> Mapping[str, str]:
    """Return a fix of settings as sizes: a time in seconds, everything else as it is."""
    minutes = settings.get("timeout", "").removesuffix("m")
    return {"timeout_seconds": str(int(minutes) * 60)} if minutes else settings


def _merge(view: TaskView) -> list[FailedPart]:
    attempt = services().tasks.latest_attempt(view.task_id, view.subtask_count)
    if attempt is None or attempt.failure is None:
        return []
    return [FailedPart(view.subtask_count, (attempt,))]


def _headline(attempt: AttemptView) -> tuple[str, str]:
    if attempt.failure is None:
        return FailureClass.INFRA.value, attempt.reason
    return attempt.failure.failure_class.value, attempt.failure.message


def _failed(view: TaskView, attempt: AttemptView) -> failure.Failed:
    given = attempt.failure
    text = services().tasks.resolved_manifest(view.task_id)
    timeout = re.search(r'^timeout = "(\d+)s"', text, re.M)
    memory = re.search(r"^memory_gb = ([\d.]+)", text, re.M)
    return failure.Failed(
        failure_class=given.failure_class if given is not None else FailureClass.INFRA,
        message=given.message if given is not None else attempt.reason,
        exit_code=attempt.exit_code,
        memory_bytes=int(float(memory[1]) * (1 << 30)) if memory else 0,
        timeout_s=int(timeout[1]) if timeout else 0,
    )


def _tail(attempt: AttemptView) -> str:
    """Return the end of what the attempt wrote to stderr, else to stdout."""
    logs = services().logs
    for stream in (LogStream.ERR, LogStream.OUT):
        try:
            size = logs.size(attempt.attempt_id, stream)
            content, _ = logs.read(attempt.attempt_id, stream, max(0, size - _TAIL_BYTES), _TAIL_BYTES)
        except HiveMindError:
            continue
        if content.strip():
            return content.decode("utf-8", "replace")
    return ""


def _lines(diagnosis: failure.Diagnosis) -> Sequence[CodeLine]:
    if not diagnosis.source or not diagnosis.line:
        return ()
    found = list(lines_around(diagnosis.source, diagnosis.line, _AROUND))
    at = next((number for number, line in enumerate(found) if line.hit), len(found) - 1)
    indent = " " * (len(found[at].text) - len(found[at].text.lstrip()) + 4) if found else ""
    found.insert(at + 1, CodeLine(None, f"{indent}{diagnosis.error[:160]}", word=True))
    return found


def _diff(diagnosis: failure.Diagnosis) -> Sequence[CodeLine]:
    change = diagnosis.change
    if change is None:
        return ()
    minus = [CodeLine(change.at + number, text, "-") for number, text in enumerate(change.old)]
    plus = [CodeLine(change.at + number, text, "+") for number, text in enumerate(change.new)]
    return (*minus, *plus)
