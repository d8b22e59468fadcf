"""Shapes of what tasks leave, and of the files that go up: logs, artifacts, usage, blobs."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import (
    Boolean,
    Float,
    Integer,
    List,
    Nested,
    String,
)
from apiflask.validators import Length, OneOf, Range

from core.domain.attempt import AttemptState
from master_app.web.schemas.base import Money, one_of, page_of


class LogOut(Schema):
    attempt_id = String(allow_none=True)
    index = Integer(required=True)
    stream = String(required=True)
    offset = Integer(
        required=True,
        metadata={
            "description": "Where `text` begins, in bytes; past what was asked: the part between was dropped."
        },
    )
    next = Integer(required=True, metadata={"description": "Ask from here for what follows."})
    text = String(required=True)
    end = Boolean(required=True, metadata={"description": "The attempt has ended and nothing follows."})


class ArtifactOut(Schema):
    name = String(required=True)
    index = Integer(required=True)
    size = Integer(required=True)
    sha256 = String(required=True)


class UsageOut(Schema):
    index = Integer(required=True)
    attempt_id = String(required=True)
    node_name = String()
    state = one_of(AttemptState, required=True)
    run_seconds = Float(required=True)
    cpu_percent = Float()
    memory_percent = Float()
    gpu_percent = Float()
    peak_memory_bytes = Integer()
    paid = Nested(Money, required=True)
    pay_reason = String()


class UsageTotalsOut(Schema):
    attempts = Integer(required=True)
    run_seconds = Float(required=True)
    cpu_percent = Float(required=True, metadata={"description": "Of what was reserved; by time."})
    memory_percent = Float(required=True)
    peak_memory_bytes = Integer(required=True, metadata={"description": "The largest of one attempt."})
    paid = Nested(Money, required=True)


class UsageReportOut(Schema):
    task_id = String(required=True)
    name = String(required=True)
    state = String(required=True)
    items = List(Nested(UsageOut), required=True)
    totals = Nested(UsageTotalsOut, required=True)
    cost = Nested(Money, required=True, metadata={"description": "Of the whole task so far, fees included."})


class BlobIn(Schema):
    sha256 = String(required=True, validate=Length(64, 64))


class MissingIn(Schema):
    blobs = List(String(validate=Length(64, 64)), required=True, validate=Length(0, 1000))


class MissingItem(Schema):
    sha256 = String(required=True)
    offset = Integer(required=True, metadata={"description": "How much of it is already there."})


class MissingOut(Schema):
    missing = List(Nested(MissingItem), required=True)


class PieceOut(Schema):
    sha256 = String(required=True)
    offset = Integer(required=True)
    complete = Boolean(required=True)


ArtifactPage = page_of(ArtifactOut)


class LogsQuery(Schema):
    subtask = Integer(load_default=0, validate=Range(0, 10_000_000))
    attempt = String(load_default="", validate=Length(max=40))
    stream = String(load_default="out", validate=OneOf(["out", "err"]))
    offset = Integer(load_default=0, validate=Range(0, 2**62))
    limit = Integer(load_default=64 << 10, validate=Range(4, 1 << 20))


class ResultQuery(Schema):
    include = String(
        data_key="with",
        load_default="",
        validate=Length(max=40),
        metadata={"description": "logs, report, or both separated by a comma."},
    )
    is_partial = Boolean(
        data_key="partial",
        load_default=False,
        metadata={"description": "What is there before the task has ended."},
    )


class FormatQuery(Schema):
    format = String(load_default="json", validate=OneOf(["json", "csv"]))


class PieceQuery(Schema):
    offset = Integer(load_default=0, validate=Range(0, 2**40))
    size = Integer(
        required=True, validate=Range(0, 2 << 30), metadata={"description": "How large the whole blob is."}
    )
