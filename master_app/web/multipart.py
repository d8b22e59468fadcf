"""A multipart form read from the socket: the zip goes to the disk as it comes, everything else is a short text.

The field names of the README sample arrive as FILE parts (`requests` with everything in `files=`), so a part's
kind is decided by its name, not by whether it has a file name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO, Final

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from core.blobs.writing import BlobWriter
from core.domain.errors import Invalid, Problem, TooLarge

#: Names under which the zip may come.
ZIP_NAMES: Final = frozenset({"task_file", "file"})
_PIECE_BYTES: Final = 256 << 10
_MAX_TEXT_BYTES: Final = 64 << 10
_MAX_PARTS: Final = 200
_MAX_HEADER_BYTES: Final = 16 << 10


@dataclass(slots=True)
class Form:
    """What came. `zip_name` is empty when there was no zip; its content is in the writer."""

    texts: dict[str, str] = field(default_factory=dict)
    zip_name: str = ""


def read_form(content_type: str, stream: IO[bytes], zip_to: BlobWriter) -> Form:
    """Read a whole form. Raises Invalid, TooLarge, StorageFull; memory stays flat."""
    kind, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not boundary or len(boundary) > 200:
        raise Invalid(
            "This is no form with files.",
            code="FORM_INVALID",
            fix="Send multipart/form-data with the zip in the part task_file.",
        )
    decoder = MultipartDecoder(boundary.encode("latin-1", "replace"), max_parts=_MAX_PARTS)
    reader = _Reader(zip_to)
    try:
        while True:
            piece = stream.read(_PIECE_BYTES)
            decoder.receive_data(piece or None)
            while not isinstance(event := decoder.next_event(), NeedData):
                if isinstance(event, Epilogue):
                    return reader.form
                reader.take(event)
                if len(getattr(decoder, "buffer", b"")) > _PIECE_BYTES + _MAX_HEADER_BYTES:
                    break
            if not piece:
                raise ValueError("the form has no end")
    except RequestEntityTooLarge as error:
        raise TooLarge("The form has too many parts.", code="FORM_TOO_LARGE") from error
    except ValueError as error:
        raise Invalid(
            "The form is damaged, or was cut off on its way.", code="FORM_INVALID", fix="Send it again."
        ) from error


class _Reader:
    def __init__(self, zip_to: BlobWriter) -> None:
        self.form = Form()
        self._zip_to = zip_to
        self._name = ""
        self._text = bytearray()

    def take(self, event: object) -> None:
        if isinstance(event, Field | File):
            self._begin(event.name or "", getattr(event, "filename", "") or "")
        elif isinstance(event, Data):
            self._add(event.data, more=event.more_data)

    def _begin(self, name: str, filename: str) -> None:
        self._name, self._text = name, bytearray()
        if name in ZIP_NAMES:
            if self.form.zip_name:
                raise _refusal(name, "There are two zips.", "Send one.")
            self.form.zip_name = filename or "task.zip"
        elif not name or len(name) > 200:
            raise _refusal(name[:200], "A part has no name.", "Name each part.")
        elif name in self.form.texts:
            raise _refusal(name, f"{name} came twice.", "Send it once.")

    def _add(self, content: bytes, *, more: bool) -> None:
        if self._name in ZIP_NAMES:
            self._zip_to.write(content)
            return
        self._text += content
        if len(self._text) > _MAX_TEXT_BYTES:
            raise TooLarge(
                f"The field {self._name[:80]} is longer than 64 KiB.",
                code="FIELD_TOO_LARGE",
                fix="A zip belongs in the part task_file.",
            )
        if not more:
            try:
                self.form.texts[self._name] = self._text.decode("utf-8")
            except UnicodeDecodeError as error:
                raise _refusal(
                    self._name, f"{self._name} is no UTF-8 text.", "A zip belongs in the part task_file."
                ) from error


def _refusal(key: str, reason: str, fix: str) -> Invalid:
    return Invalid(
        "The form has mistakes.",
        [Problem(code="FORM_INVALID", key=key, reason=reason, fix=fix)],
        code="FORM_INVALID",
    )
