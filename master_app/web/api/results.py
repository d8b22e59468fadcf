"""What came out of a task: the zip, single files, the usage and cost report."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, Final
from urllib.parse import quote as percent

from flask import Response, request
from werkzeug.datastructures import Range

from core.domain.errors import Conflict, NotFound
from core.domain.session import LogStream
from core.domain.task import TERMINAL_TASK_STATES
from core.domain.views import TaskView, UsageRow
from master_app.ports.reads import LogReads
from master_app.web import schemas, shapes
from master_app.web.api.parts import blueprint, own_task
from master_app.web.identity import caller, services, signed_in
from master_app.web.services import WebServices
from master_app.web.zipping import Part, artifact_parts, zip_length, zip_pieces

bp = blueprint("results", "Results")
_LOG_PIECE: Final = 1 << 20
_CSV_COLUMNS: Final = (
    *("index", "attempt_id", "node_name", "state", "run_seconds", "cpu_percent", "memory_percent"),
    *("gpu_percent", "peak_memory_bytes", "paid_ucpt", "paid_cpt", "pay_reason"),
)

_ZIP_ANSWERS: Final[Any] = {
    200: {"description": "The zip.", "content": {"application/zip": {}}},
    206: {"description": "A part of it.", "content": {"application/zip": {}}},
    401: {"description": "No good token."},
    403: {"description": "Not with this token."},
    404: {"description": "No such task, or its files have expired."},
    409: {"description": "It has not ended."},
    416: {"description": "There is no such part."},
}
_FILE_ANSWERS: Final[Any] = {
    200: {"description": "The file.", "content": {"application/octet-stream": {}}},
    206: {"description": "A part of it.", "content": {"application/octet-stream": {}}},
    304: {"description": "Not changed."},
    401: {"description": "No good token."},
    403: {"description": "Not with this token."},
    404: {"description": "No such file."},
    416: {"description": "There is no such part."},
}
_USAGE_ANSWERS: Final[Any] = {
    200: {
        "description": "The report.",
        "content": {"application/json": {"schema": schemas.UsageReportOut}, "text/csv": {}},
    },
    401: {"description": "No good token."},
    403: {"description": "Not with this token."},
    404: {"description": "No such task."},
}


@bp.get("/tasks/<task_id>/result")
@signed_in
@bp.input(schemas.ResultQuery, location="query")
@bp.doc(
    summary="The result of a task as a zip",
    responses=_ZIP_ANSWERS,
)
def result(task_id: str, query_data: dict[str, Any]) -> Any:
    """`merged/...` when the task has a merge, else `<index>/...` (one subtask: at the top). Downloading deletes
    nothing; the files are there until the task expires. Range works unless `with` is given.
    """
    view = own_task(caller(), task_id)
    _refuse_expired(view)
    if view.state not in TERMINAL_TASK_STATES and not query_data["is_partial"]:
        raise Conflict(
            f"This task is {view.state.value}; it has no result yet.",
            code="TASK_NOT_ENDED",
            fix="Wait with GET /api/v1/tasks/{id}?wait=60, or add partial=true for what is there.",
        )
    extras = {word.strip() for word in query_data["include"].split(",")}
    headers = {
        "Content-Disposition": disposition(f"{view.name}-{task_id}.zip"),
        "Cache-Control": "private, no-cache",
    }
    reads, read = services().tasks, services().blobs.pieces
    parts: Iterator[Part] = artifact_parts(reads.artifacts(task_id), read)
    if view.state not in TERMINAL_TASK_STATES or extras & {"logs", "report"}:
        if "logs" in extras:
            parts = chain(parts, _log_parts(services(), view))
        if "report" in extras:
            parts = chain(parts, _report_part(services(), view))
        return Response(zip_pieces(parts), mimetype="application/zip", headers=headers)
    etag, size = _fingerprint(view)
    return ranged(
        size,
        etag,
        lambda start, length: zip_pieces(parts, skip=start, length=length),
        mimetype="application/zip",
        headers=headers,
    )


@bp.get("/tasks/<task_id>/artifacts")
@signed_in
@bp.input(schemas.PageQuery, location="query")
@bp.output(schemas.ArtifactPage)
@bp.doc(summary="The files that came out of a task", responses=[401, 403, 404])
def list_artifacts(task_id: str, query_data: dict[str, Any]) -> Any:
    own_task(caller(), task_id)
    text = query_data["cursor"] or "0"
    first = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
    limit = query_data["limit"]
    # Read in order up to the page: the port streams and has no cursor of its own.
    found = list(islice(services().tasks.artifacts(task_id), first, first + limit + 1))
    following = str(first + limit) if len(found) > limit else None
    return shapes.page([shapes.artifact(view) for view in found[:limit]], following)


@bp.get("/tasks/<task_id>/artifacts/<path:name>")
@signed_in
@bp.doc(
    summary="One file that came out of a task",
    responses=_FILE_ANSWERS,
)
def get_artifact(task_id: str, name: str) -> Any:
    """With Range, an ETag, and the digest in Repr-Digest."""
    view = own_task(caller(), task_id)
    _refuse_expired(view)
    found = services().tasks.artifact(task_id, name) if len(name) <= 2000 else None
    if found is None:
        raise NotFound("There is no such file in the result.", code="ARTIFACT_NOT_FOUND")
    digest = base64.b64encode(bytes.fromhex(found.sha256)).decode()
    read = services().blobs.pieces
    return ranged(
        found.size,
        found.sha256,
        lambda start, length: read(found.blob, found.offset + start, length),
        mimetype="application/octet-stream",
        headers={
            "Content-Disposition": disposition(name.rpartition("/")[2]),
            "Repr-Digest": f"sha-256=:{digest}:",
            "Cache-Control": "private, no-cache",
        },
    )


@bp.get("/tasks/<task_id>/usage")
@signed_in
@bp.input(schemas.FormatQuery, location="query")
@bp.doc(
    summary="What each attempt used and cost",
    responses=_USAGE_ANSWERS,
)
def usage_report(task_id: str, query_data: dict[str, Any]) -> Any:
    """JSON, or CSV with `format=csv`."""
    view = own_task(caller(), task_id)
    rows = services().tasks.usage(task_id)
    if query_data["format"] == "csv":
        headers = {"Content-Disposition": disposition(f"usage-{task_id}.csv")}
        return Response(usage_csv(rows), mimetype="text/csv", headers=headers)
    return Response(_usage_json(view, rows), mimetype="application/json")


def disposition(name: str) -> str:
    """Return the header that names a download, for old and new clients (RFC 6266)."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name)[:150]
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{percent(name[:150], safe='')}"


def ranged(size: int, etag: str, read: Any, *, mimetype: str, headers: dict[str, str]) -> Response:
    """Return `size` bytes of `read(start, length)`, or the part that Range asks for."""
    base = {**headers, "Accept-Ranges": "bytes", "ETag": f'"{etag}"'}
    if request.if_none_match.contains(etag):
        return Response(status=304, headers=base)
    part = _wanted_part(request.range, size, etag)
    if part is None:
        response = Response(read(0, size), mimetype=mimetype, headers=base)
        response.content_length = size
        return response
    start, stop = part
    if start >= stop:
        return Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    base["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    response = Response(read(start, stop - start), status=206, mimetype=mimetype, headers=base)
    response.content_length = stop - start
    return response


def _wanted_part(wanted: Range | None, size: int, etag: str) -> tuple[int, int] | None:
    """Return [start, stop) of one range; None: everything. An empty one cannot be satisfied."""
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return None
    condition = request.headers.get("If-Range", "")
    if condition and condition.strip('"') != etag:
        return None
    start, stop = wanted.ranges[0]
    if start < 0:
        return max(0, size + start), size
    return start, size if stop is None else min(stop, size)


def _refuse_expired(view: TaskView) -> None:
    if view.expired:
        raise NotFound("The files of this task have expired.", code="RESULT_EXPIRED", fix="Submit the task again.")


def _fingerprint(view: TaskView) -> tuple[str, int]:
    """Return an ETag and the length of the plain result zip."""
    digest = hashlib.sha256(f"{view.task_id} {view.generation}\n".encode())

    def files() -> Iterator[tuple[str, int]]:
        for each in services().tasks.artifacts(view.task_id):
            digest.update(f"{each.sha256} {each.name}\n".encode())
            yield each.name, each.size

    size = zip_length(files())
    return digest.hexdigest(), size


def _log_parts(using: WebServices, view: TaskView) -> Iterator[Part]:
    reads, logs = using.tasks, using.logs
    cursor: str | None = None
    while True:
        found = reads.subtasks(view.task_id, cursor=cursor, limit=100)
        for subtask in found.items:
            if not subtask.attempts:
                continue
            attempt_id = subtask.attempts[-1].attempt_id
            for stream in LogStream:
                if logs.size(attempt_id, stream):
                    name = "merge" if subtask.is_merge else str(subtask.index)
                    yield f"logs/{name}.{stream.value}", 0o644, _log_pieces(logs, attempt_id, stream)
        cursor = found.next
        if cursor is None:
            return


def _log_pieces(logs: LogReads, attempt_id: str, stream: LogStream) -> Iterator[bytes]:
    offset = 0
    while True:
        content, following = logs.read(attempt_id, stream, offset, _LOG_PIECE)
        if not content:
            return
        if following - len(content) > offset:
            yield f"\n[... {following - len(content) - offset} bytes were dropped ...]\n".encode()
        yield content
        offset = following


def _report_part(using: WebServices, view: TaskView) -> Iterator[Part]:
    rows = using.tasks.usage(view.task_id)
    yield "report.json", 0o644, (line.encode() for line in _usage_json(view, rows))


def _usage_json(view: TaskView, rows: Iterable[UsageRow]) -> Iterator[str]:
    head = {"task_id": view.task_id, "name": view.name, "state": view.state.value}
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "items": ['
    count = run_ms = paid_ucpt = peak_bytes = 0
    cpu = memory = 0.0
    for row in rows:
        yield (", " if count else "") + json.dumps(shapes.usage(row), ensure_ascii=False)
        count, run_ms, paid_ucpt = count + 1, run_ms + row.run_ms, paid_ucpt + row.paid_ucpt
        cpu, memory = cpu + row.cpu_percent * row.run_ms, memory + row.memory_percent * row.run_ms
        peak_bytes = max(peak_bytes, row.peak_memory_bytes)
    totals = {
        "attempts": count,
        "run_seconds": run_ms / 1000,
        "cpu_percent": round(cpu / run_ms, 2) if run_ms else 0.0,
        "memory_percent": round(memory / run_ms, 2) if run_ms else 0.0,
        "peak_memory_bytes": peak_bytes,
        "paid": shapes.money(paid_ucpt),
    }
    yield f'], "totals": {json.dumps(totals)}, "cost": {json.dumps(shapes.money(view.paid_ucpt))}}}\n'


def usage_csv(rows: Iterable[UsageRow]) -> Iterator[str]:
    yield ",".join(_CSV_COLUMNS) + "\n"
    for row in rows:
        values = shapes.usage(row)
        paid = values.pop("paid")
        values |= {"paid_ucpt": paid["ucpt"], "paid_cpt": paid["cpt"]}
        yield ",".join(_csv_cell(values[name]) for name in _CSV_COLUMNS) + "\n"


def _csv_cell(value: object) -> str:
    text = str(value)
    if text[:1] in ("=", "+", "-", "@") and isinstance(value, str):
        text = f"'{text}"  # a spreadsheet would run it
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text
