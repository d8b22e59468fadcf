"""Accounts, logins and tokens."""

from __future__ import annotations

from typing import Any

from flask import request

from core.domain.errors import Invalid, NotFound
from core.domain.ids import is_ulid
from core.domain.ledger import user_account
from core.domain.user import Principal, Scope
from master_app.users.minting import Issued
from master_app.web import schemas, shapes
from master_app.web.api.parts import blueprint, done
from master_app.web.identity import bearer_secret, caller, services, signed_in
from master_app.web.limits import STRICT, limited

bp = blueprint("accounts", "Accounts")
_DAY_MS = 86_400_000


def _origin() -> str:
    return request.remote_addr or ""


def _balance(user_id: str) -> shapes.Json:
    return shapes.money(services().ledger.account(user_account(user_id)).balance_ucpt)


def _login(issued: Issued) -> shapes.Json:
    user = issued.user
    return {
        "access_token": issued.secret,
        "token_type": "bearer",
        "expires_at": shapes.moment(issued.expires_ms),
        "user": {
            "username": user.username,
            "roles": sorted(role.value for role in user.roles),
            "balance": _balance(user.user_id),
        },
    }


@bp.post("/register")
@limited(STRICT)
@bp.input(schemas.RegisterIn, location="json")
@bp.output(schemas.RegisteredOut, status_code=201)
@bp.doc(summary="Make an account", responses=[403, 409, 429])
def register(json_data: dict[str, Any]) -> Any:
    """Make an account for yourself, as far as the pool allows it, with the pool's present of credits."""
    user = done(
        services().people.sign_up(
            json_data["username"],
            json_data["password"],
            origin=_origin(),
            invite=json_data["invite"],
            language=json_data["language"],
        )
    )
    return {
        "user_id": user.user_id,
        "username": user.username,
        "roles": sorted(role.value for role in user.roles),
        "balance": _balance(user.user_id),
    }


@bp.post("/login")
@limited(STRICT)
@bp.input(schemas.LoginIn, location="json")
@bp.output(schemas.LoginOut)
@bp.doc(summary="Sign in", responses=[401, 429])
def login(json_data: dict[str, Any]) -> Any:
    """Exchange a user name and password, or a one-use link, for a bearer token of a day."""
    sign_in = services().sign_in
    agent = request.headers.get("User-Agent", "")[:200]
    if json_data["link"]:
        return _login(
            done(sign_in.redeem(json_data["link"], new_password=json_data["password"], origin=_origin()))
        )
    if not json_data["username"]:
        raise Invalid("A user name is needed.", code="USERNAME_MISSING", fix="Send username and password.")
    return _login(
        done(sign_in.login(json_data["username"], json_data["password"], origin=_origin(), user_agent=agent))
    )


@bp.post("/logout")
@signed_in
@bp.output({}, status_code=204)
@bp.doc(summary="End the token that this request came with", responses=[401])
def logout() -> Any:
    done(services().sign_in.logout(caller()))
    return ""


@bp.post("/refresh-token")
@limited(STRICT)
@signed_in
@bp.output(schemas.LoginOut)
@bp.doc(summary="Exchange a live login for a fresh one", responses=[401, 409])
def refresh_token() -> Any:
    """The old token ends with it. API tokens are not refreshed."""
    return _login(done(services().sign_in.refresh(caller(), bearer_secret())))


@bp.get("/me")
@signed_in
@bp.output(schemas.MeOut)
@bp.doc(summary="Who this token is", responses=[401])
def me() -> Any:
    who = caller()
    return {
        "user_id": who.user_id,
        "username": who.username,
        "roles": sorted(role.value for role in who.roles),
        "scopes": sorted(scope.value for scope in who.scopes),
    }


@bp.post("/password")
@limited(STRICT)
@signed_in
@bp.input(schemas.PasswordIn, location="json")
@bp.output({}, status_code=204)
@bp.doc(summary="Change your password", responses=[401, 403, 429])
def change_password(json_data: dict[str, Any]) -> Any:
    """Other logins and sessions end; API tokens stay."""
    done(services().sign_in.change_password(caller(), json_data["old_password"], json_data["new_password"]))
    return ""


@bp.get("/tokens")
@signed_in
@bp.output(schemas.TokenPage)
@bp.doc(summary="Your tokens, logins and sessions", responses=[401, 403])
def list_tokens() -> Any:
    who = caller()
    return shapes.page([shapes.token(record, who.token_id) for record in services().sign_in.tokens(who)], None)


@bp.post("/tokens")
@signed_in
@bp.input(schemas.TokenIn, location="json")
@bp.output(schemas.TokenMadeOut, status_code=201)
@bp.doc(summary="Make an API token for a script", responses=[401, 403, 429])
def make_token(json_data: dict[str, Any]) -> Any:
    """It never has more scopes than the token that this request came with. Its text is shown once."""
    who: Principal = caller()
    scopes = frozenset(Scope(text) for text in json_data["scopes"])
    issued = done(
        services().sign_in.make_token(
            who, json_data["name"], scopes, lifetime_ms=json_data["expires_days"] * _DAY_MS
        )
    )
    return (
        {
            "token_id": issued.token_id,
            "token": issued.secret,
            "name": json_data["name"],
            "scopes": sorted(scopes),
            "expires_at": shapes.moment(issued.expires_ms),
        },
        201,
        {"Location": f"{shapes.BASE}/tokens/{issued.token_id}"},
    )


@bp.post("/tokens/revoke-others")
@signed_in
@bp.output(schemas.CountOut)
@bp.doc(summary="Sign out everywhere else", responses=[401, 403])
def revoke_others() -> Any:
    """Ends your other logins and browser sessions. API tokens stay."""
    return {"count": done(services().sign_in.revoke_others(caller()))}


@bp.delete("/tokens/<token_id>")
@signed_in
@bp.output({}, status_code=204)
@bp.doc(summary="Revoke one of your tokens", responses=[401, 403, 404])
def revoke_token(token_id: str) -> Any:
    if not is_ulid(token_id):
        raise NotFound("There is no such token.", code="TOKEN_NOT_FOUND")
    done(services().sign_in.revoke(caller(), token_id))
    return ""
