"""Uploads in pieces, which a broken connection does not lose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from flask import Response, request

from core.blobs.store import is_sha256
from core.blobs.writing import CHUNK_BYTES
from core.domain.errors import Conflict, Invalid, NotFound, Problem, TooLarge
from core.domain.user import Action, require
from master_app.web import schemas
from master_app.web.api.parts import blueprint
from master_app.web.identity import caller, signed_in, uploads
from master_app.web.incoming import Incoming

bp = blueprint("blobs", "Uploads")
#: Clients send 8 MiB; some room for those that count otherwise.
MAX_PIECE_BYTES: Final = 16 << 20


@bp.post("/blobs/missing")
@signed_in
@bp.input(schemas.MissingIn, location="json")
@bp.output(schemas.MissingOut)
@bp.doc(summary="Which uploads are not whole yet, and where to go on", responses=[401, 403])
def missing(json_data: dict[str, Any]) -> Any:
    """Of your own uploads; what others sent is as if it were not there."""
    who = caller()
    require(who, Action.TASK_SUBMIT)
    store = uploads().of(who.user_id)
    names = dict.fromkeys(_name(text) for text in json_data["blobs"])
    return {
        "missing": [
            {"sha256": name, "offset": store.partial_size(name)} for name in names if store.size(name) is None
        ]
    }


@bp.put("/blobs/<sha256>")
@signed_in
@bp.input(schemas.PieceQuery, location="query")
@bp.output(schemas.PieceOut)
@bp.doc(
    summary="Upload a piece of a zip",
    responses=[401, 403, 409, 411, 413, 429, 503, 507],
)
def put_piece(sha256: str, query_data: dict[str, Any]) -> Any:
    """Send the bytes from `offset` on, 8 MiB at a time. A wrong offset is a 409; POST /blobs/missing says the
    right one. The last piece makes the blob whole, or drops it when it is not what its name says.
    """
    who, name = caller(), _name(sha256)
    require(who, Action.TASK_SUBMIT)
    size, offset = query_data["size"], query_data["offset"]
    announced = request.content_length or 0
    if announced > MAX_PIECE_BYTES:
        raise TooLarge("A piece has at most 16 MiB.", code="PIECE_TOO_LARGE", fix="Send 8 MiB at a time.")
    if offset + announced > size:
        raise TooLarge("The piece ends after the blob.", code="BLOB_TOO_LARGE", fix="Check size and offset.")
    request.max_content_length = MAX_PIECE_BYTES
    store = uploads().of(who.user_id)
    if store.size(name) is not None:
        return {"sha256": name, "offset": size, "complete": True}
    uploads().admit(who.user_id, announced)
    partial = store.receive(name, size)
    try:
        if partial.offset != offset:
            raise Conflict(
                f"The upload stands at {partial.offset}, not at {offset}.",
                code="OFFSET_MISMATCH",
                fix=f"Go on from offset {partial.offset}.",
            )
        for pieces in _body():
            partial.write_all(pieces)
        if partial.offset == size:
            partial.commit()
        return {"sha256": name, "offset": partial.offset, "complete": partial.offset == size}
    finally:
        partial.close()


@bp.delete("/blobs/<sha256>")
@signed_in
@bp.output({}, status_code=204)
@bp.doc(summary="Throw an upload away", responses=[401, 403, 404])
def delete_upload(sha256: str) -> Any:
    who, name = caller(), _name(sha256)
    require(who, Action.TASK_SUBMIT)
    store = uploads().of(who.user_id)
    if store.size(name) is None:
        raise NotFound("There is no such upload of yours.", code="UPLOAD_NOT_FOUND")
    uploads().discard(who.user_id, name)
    return Response(status=204)


def _body() -> Iterator[Sequence[bytes]]:
    """Yield the body in pieces; those of a large one as the socket brought them."""
    incoming = request.environ.get("wsgi.input")
    if isinstance(incoming, Incoming):
        yield from iter(lambda: incoming.take(CHUNK_BYTES), [])
        return
    while piece := request.stream.read(CHUNK_BYTES):
        yield (piece,)


def _name(text: str) -> str:
    if not is_sha256(text):
        raise Invalid(
            "A blob is named by its SHA-256.",
            [
                Problem(
                    code="SHA256_INVALID",
                    key="sha256",
                    reason="It is no SHA-256 in lower-case hex.",
                    fix="Send 64 characters 0-9 and a-f.",
                )
            ],
            code="SHA256_INVALID",
        )
    return text
