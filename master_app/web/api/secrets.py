"""Secrets that tasks name in `[secrets] env`. Their values go in and never come out again."""

from __future__ import annotations

from typing import Any

from apiflask import Schema
from apiflask.fields import List, Nested, String
from apiflask.validators import Length

from master_app.users.vault import MAX_BYTES
from master_app.web import shapes
from master_app.web.api.parts import blueprint, done
from master_app.web.identity import caller, services, signed_in
from master_app.web.limits import STRICT, limited

bp = blueprint("secrets", "Secrets")


class SecretIn(Schema):
    value = String(required=True, validate=Length(1, MAX_BYTES), load_only=True)


class SecretOut(Schema):
    name = String(required=True)
    changed_at = String(required=True, metadata={"format": "date-time"})


class SecretPage(Schema):
    items = List(Nested(SecretOut), required=True)
    next = String(allow_none=True)


@bp.get("/secrets")
@signed_in
@bp.output(SecretPage)
@bp.doc(summary="Names of your secrets", responses=[401, 403])
def list_secrets() -> Any:
    """Names and dates; no answer of this API has a value in it."""
    rows = services().secrets.listed(caller())
    return shapes.page([{"name": row.name, "changed_at": shapes.moment(row.changed_ms)} for row in rows], None)


@bp.put("/secrets/<name>")
@limited(STRICT)
@signed_in
@bp.input(SecretIn, location="json")
@bp.output({}, status_code=204)
@bp.doc(summary="Keep a secret under a name", responses=[401, 403, 429])
def keep_secret(name: str, json_data: dict[str, Any]) -> Any:
    """It becomes an environment variable of attempts whose task names it, is replaced by *** in their logs, and
    is kept encrypted. An older value of the same name is gone."""
    done(services().secrets.keep(caller(), name, json_data["value"]))
    return ""


@bp.delete("/secrets/<name>")
@signed_in
@bp.output({}, status_code=204)
@bp.doc(summary="Forget a secret", responses=[401, 403, 404])
def forget_secret(name: str) -> Any:
    """Attempts that run have it still; later ones fail and say so."""
    done(services().secrets.forget(caller(), name))
    return ""
