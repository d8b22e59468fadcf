"""What the shapes of all subjects are made of: money, moments, problems, pages."""

from __future__ import annotations

from typing import Any

from apiflask import Schema
from apiflask.fields import (
    Field,
    Integer,
    List,
    Nested,
    Raw,
    String,
)
from apiflask.validators import Length, OneOf, Range


def text(description: str = "", **more: Any) -> String:
    return String(metadata={"description": description} if description else {}, **more)


def moment() -> String:
    return String(allow_none=True, metadata={"format": "date-time"})


def one_of(values: Any, **more: Any) -> String:
    return String(validate=OneOf([each.value for each in values]), **more)


def amount(**more: Any) -> Raw:
    return Raw(
        metadata={
            "description": "CPT as text with at most 6 decimals, a whole number of CPT, or an object with `ucpt`.",
            "oneOf": [
                {"type": "string", "example": "12.5"},
                {"type": "integer"},
                {"type": "object", "properties": {"ucpt": {"type": "integer"}}, "required": ["ucpt"]},
            ],
        },
        **more,
    )


class Money(Schema):
    ucpt = Integer(required=True, metadata={"description": "Millionths of a CPT, exact."})
    cpt = String(required=True, metadata={"description": "The same in CPT, as text.", "example": "12.5"})


class ProblemItem(Schema):
    code = String(required=True)
    key = String()
    line = Integer(allow_none=True)
    reason = String(required=True)
    fix = String()


class QuotaProblem(Schema):
    name = String(required=True)
    bound = Integer(required=True)
    used = Integer(required=True)
    wanted = Integer(required=True)


class ProblemDocument(Schema):
    """RFC 9457."""

    type = String(required=True)
    title = String(required=True)
    status = Integer(required=True)
    detail = String(required=True)
    code = String(required=True, metadata={"description": "Stable; what programs look at."})
    fix = String()
    instance = String()
    request_id = String()
    problems = List(Nested(ProblemItem))
    quota = Nested(QuotaProblem, metadata={"description": "Of QUOTA_... codes: which, its bound, what is used."})


class ReasonIn(Schema):
    reason = String(load_default="", validate=Length(max=200))


class CountOut(Schema):
    count = Integer(required=True)


def page_of(item: type[Schema]) -> type[Schema]:
    fields: dict[str, Field[Any]] = {
        "items": List(Nested(item), required=True),
        "next": String(
            allow_none=True, required=True, metadata={"description": "Pass as `cursor`; null: the end."}
        ),
    }
    made: type[Schema] = type(f"{item.__name__.removesuffix('Out')}Page", (Schema,), dict(fields))
    return made


class PageQuery(Schema):
    cursor = String(load_default=None, allow_none=True, validate=Length(max=200))
    limit = Integer(load_default=50, validate=Range(1, 500))


def instant(description: str) -> String:
    return String(
        load_default="",
        validate=Length(max=40),
        metadata={"description": f"{description} RFC 3339, such as 2026-01-31T12:00:00Z."},
    )


class TimesQuery(PageQuery):
    since = instant("Not before this time.")
    until = instant("Before this time.")
