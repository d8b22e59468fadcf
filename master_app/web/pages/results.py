"""What came out of a task: previews in the page, single files, the whole zip. Downloading deletes nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from flask import Response, g, request

from core.domain.errors import NotFound
from core.domain.task import TERMINAL_TASK_STATES
from core.domain.views import ArtifactView, TaskView
from master_app.web.api.results import disposition, ranged, usage_csv
from master_app.web.identity import services
from master_app.web.pages.frame import page_blueprint
from master_app.web.pages.session import signed_in_visitor
from master_app.web.pages.task_parts import own_view
from master_app.web.zipping import artifact_parts, zip_pieces

bp = page_blueprint("results")
#: What a browser may show as a picture: formats that hold no script.
PICTURES: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}
TABLES: Final = {"csv": ",", "tsv": "\t"}
TEXTS: Final = frozenset({"txt", "json", "md", "log", "toml", "yaml", "yml", "xml", "py", "out"})
_SHOWN_BYTES: Final = 64 << 10
_PICTURE_BYTES: Final = 20 << 20
_MAX_ROWS: Final = 12
_MAX_COLUMNS: Final = 12
_LISTED: Final = 200


@dataclass(frozen=True, slots=True)
class Preview:
    """A file as the page shows it: a picture by its address, a table, or the beginning of a text."""

    file: ArtifactView
    kind: str
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


def suffix_of(name: str) -> str:
    return name.rsplit("/", 1)[-1].rpartition(".")[2].lower()


def listed(view: TaskView) -> tuple[list[ArtifactView], bool]:
    """Return the first files of a result, and whether there are more."""
    found = list(islice(services().tasks.artifacts(view.task_id), _LISTED + 1))
    return found[:_LISTED], len(found) > _LISTED


def previews(files: Sequence[ArtifactView], at_most: int = 4) -> list[Preview]:
    """Return what can be shown: pictures first, then tables, then texts."""
    found = [Preview(file, "picture") for file in files if suffix_of(file.name) in PICTURES][:at_most]
    for file in files:
        if len(found) >= at_most:
            break
        suffix = suffix_of(file.name)
        if suffix in TABLES:
            found.append(Preview(file, "table", rows=_rows(_text(file), TABLES[suffix])))
    for file in files:
        if len(found) >= min(2, at_most):
            break
        if suffix_of(file.name) in TEXTS and file.size:
            found.append(Preview(file, "text", text=_text(file)[:2000]))
    return found


def _text(file: ArtifactView) -> str:
    read = services().blobs.pieces(file.blob, file.offset, min(file.size, _SHOWN_BYTES))
    return b"".join(read).decode("utf-8", "replace")


def _rows(text: str, separator: str) -> tuple[tuple[str, ...], ...]:
    reader = csv.reader(io.StringIO(text.replace("\0", "")), delimiter=separator)
    try:
        return tuple(tuple(cell[:60] for cell in row[:_MAX_COLUMNS]) for row in islice(reader, _MAX_ROWS))
    except csv.Error:
        return ()


def _own_file(task_id: str, name: str) -> tuple[TaskView, ArtifactView]:
    view = own_view(signed_in_visitor(), task_id)
    found = None if view.expired or len(name) > 2000 else services().tasks.artifact(task_id, name)
    if found is None:
        raise NotFound("There is no such file in the result.", code="ARTIFACT_NOT_FOUND")
    return view, found


@bp.get("/tasks/<task_id>/picture/<path:name>")
def picture(task_id: str, name: str) -> Any:
    """A picture of the result, shown in the page; anything else is not served this way."""
    _, found = _own_file(task_id, name)
    kind = PICTURES.get(suffix_of(name))
    if kind is None or found.size > _PICTURE_BYTES:
        raise NotFound("This file is not a picture.", code="NOT_A_PICTURE")
    g.is_page = False
    read = services().blobs.pieces
    headers = {"Cache-Control": "private, max-age=86400", "Content-Disposition": "inline"}
    return ranged(
        found.size,
        found.sha256,
        lambda start, length: read(found.blob, found.offset + start, length),
        mimetype=kind,
        headers=headers,
    )


@bp.get("/tasks/<task_id>/file/<path:name>")
def file(task_id: str, name: str) -> Any:
    """One file of the result, as a download."""
    _, found = _own_file(task_id, name)
    read = services().blobs.pieces
    return ranged(
        found.size,
        found.sha256,
        lambda start, length: read(found.blob, found.offset + start, length),
        mimetype="application/octet-stream",
        headers={"Content-Disposition": disposition(name.rpartition("/")[2]), "Cache-Control": "private"},
    )


@bp.get("/tasks/<task_id>/result.zip")
def result(task_id: str) -> Any:
    """The whole result as a zip, or what is there of it so far."""
    view = own_view(signed_in_visitor(), task_id)
    if view.expired:
        raise NotFound("The files of this task have expired.", code="RESULT_EXPIRED", fix="Submit the task again.")
    parts = artifact_parts(services().tasks.artifacts(task_id), services().blobs.pieces)
    partial = "" if view.state in TERMINAL_TASK_STATES else "-partial"
    headers = {"Content-Disposition": disposition(f"{view.name}-{task_id}{partial}.zip")}
    if request.method == "HEAD":
        return Response(mimetype="application/zip", headers=headers)
    return Response(zip_pieces(parts), mimetype="application/zip", headers=headers)


@bp.get("/tasks/<task_id>/usage.csv")
def usage(task_id: str) -> Any:
    """What each attempt used and cost, as the API gives it."""
    view = own_view(signed_in_visitor(), task_id)
    headers = {"Content-Disposition": disposition(f"{view.name}-usage.csv")}
    return Response(usage_csv(services().tasks.usage(task_id)), mimetype="text/csv", headers=headers)
