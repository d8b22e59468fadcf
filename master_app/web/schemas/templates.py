"""Shapes of templates."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import Dict, String
from apiflask.validators import Length

from core.domain.templates import MAX_FIELDS
from master_app.web.schemas.base import moment, page_of


class TemplateIn(Schema):
    settings = Dict(
        keys=String(validate=Length(1, 100)), values=String(), required=True, validate=Length(0, MAX_FIELDS)
    )


class TemplateOut(Schema):
    name = String(required=True)
    settings = Dict(keys=String(), values=String(), required=True)
    changed_at = moment()


class TemplateKeptOut(TemplateOut):
    """What keeping one answers."""


TemplatePage = page_of(TemplateOut)
