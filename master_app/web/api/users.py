"""People, as operators see and change them. The services check who may."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.domain.ledger import user_account
from core.domain.user import Action, Quota, Role, require
from master_app.ports.users import UserRecord
from master_app.web import schemas, shapes
from master_app.web.api.parts import blueprint, done, needed_idempotency_key
from master_app.web.identity import caller, services, signed_in
from master_app.web.limits import STRICT, limited

bp = blueprint("users", "People")


def _user(user: UserRecord) -> shapes.Json:
    return shapes.user(user, services().ledger.account(user_account(user.user_id)).balance_ucpt)


@bp.get("/users")
@signed_in
@bp.input(schemas.UsersQuery, location="query")
@bp.output(schemas.UserPage)
@bp.doc(summary="The users of the pool, by name", responses=[401, 403])
def list_users(query_data: dict[str, Any]) -> Any:
    found = services().people.users(
        caller(), name_contains=query_data["name"], cursor=query_data["cursor"], limit=query_data["limit"]
    )
    return shapes.page([_user(user) for user in found.items], found.next)


@bp.post("/users")
@limited(STRICT)
@signed_in
@bp.input(schemas.NewUserIn, location="json")
@bp.output(schemas.UserDetailOut, status_code=201)
@bp.doc(summary="Make a user", responses=[401, 403, 409, 429])
def add_user(json_data: dict[str, Any]) -> Any:
    """With the pool's present of credits, whatever the pool says of signing up."""
    roles = [Role(text) for text in json_data["roles"]]
    user = done(services().people.add(caller(), json_data["username"], json_data["password"], roles))
    return _user(user), 201, {"Location": f"{shapes.BASE}/users/{user.username}"}


@bp.get("/users/<username>")
@signed_in
@bp.output(schemas.UserDetailOut)
@bp.doc(summary="One user", responses=[401, 403, 404])
def get_user(username: str) -> Any:
    return _user(services().people.user(caller(), username))


@bp.delete("/users/<username>")
@signed_in
@bp.output({}, status_code=204)
@bp.doc(summary="Forget a user", responses=[401, 403, 404, 409])
def delete_user(username: str) -> Any:
    """Name, password and tokens go; the id stays in the ledger. Refused while tasks run or nodes are theirs."""
    done(services().people.delete(caller(), username))
    return ""


@bp.put("/users/<username>/roles")
@signed_in
@bp.input(schemas.RolesIn, location="json")
@bp.output(schemas.UserDetailOut)
@bp.doc(summary="Set what a user is for", responses=[401, 403, 404, 409])
def set_roles(username: str, json_data: dict[str, Any]) -> Any:
    """The last operator stays one."""
    return _user(done(services().people.set_roles(caller(), username, [Role(r) for r in json_data["roles"]])))


@bp.post("/users/<username>/lock")
@signed_in
@bp.input(schemas.ReasonIn, location="json")
@bp.output(schemas.UserDetailOut)
@bp.doc(summary="Lock a user out", responses=[401, 403, 404, 409])
def lock(username: str, json_data: dict[str, Any]) -> Any:
    """Sign-ins and tokens are refused at once; tasks and nodes stay."""
    return _user(done(services().people.lock(caller(), username, json_data["reason"])))


@bp.post("/users/<username>/unlock")
@signed_in
@bp.output(schemas.UserDetailOut)
@bp.doc(summary="Let a locked user in again", responses=[401, 403, 404])
def unlock(username: str) -> Any:
    return _user(done(services().people.unlock(caller(), username)))


@bp.post("/users/<username>/reset-link")
@signed_in
@bp.output(schemas.ResetLinkOut, status_code=201)
@bp.doc(summary="Make a one-use login for a user", responses=[401, 403, 404])
def reset_link(username: str) -> Any:
    """Whoever has it signs in once and sets a new password; the old one works until then."""
    issued = done(services().people.reset_link(caller(), username))
    return {"link": issued.secret, "expires_at": shapes.moment(issued.expires_ms)}


@bp.get("/users/<username>/quota")
@signed_in
@bp.output(schemas.StandingOut)
@bp.doc(summary="What a user may use, and uses", responses=[401, 403, 404])
def get_quota(username: str) -> Any:
    return shapes.standing(done(services().quotas.standing(caller(), username)))


@bp.put("/users/<username>/quota")
@signed_in
@bp.input(schemas.QuotaIn, location="json")
@bp.output(schemas.StandingOut)
@bp.doc(summary="Give a user bounds of their own", responses=[401, 403, 404])
def set_quota(username: str, json_data: dict[str, Any]) -> Any:
    """What is left out stays as it is; null is no bound."""
    who = caller()
    standing = done(services().quotas.standing(who, username))
    done(services().people.set_quota(who, username, quota_of(standing.quota, json_data)))
    return shapes.standing(done(services().quotas.standing(who, username)))


@bp.delete("/users/<username>/quota")
@signed_in
@bp.output(schemas.StandingOut)
@bp.doc(summary="Let the pool's default hold for a user again", responses=[401, 403, 404])
def drop_quota(username: str) -> Any:
    who = caller()
    done(services().people.set_quota(who, username, None))
    return shapes.standing(done(services().quotas.standing(who, username)))


@bp.post("/users/<username>/grant")
@signed_in
@bp.input(schemas.GrantIn, location="json")
@bp.output(schemas.TransferOut, status_code=201)
@bp.doc(summary="Give a user credits", responses=[401, 403, 404, 409])
def grant(username: str, json_data: dict[str, Any]) -> Any:
    """Out of the mint. Needs an Idempotency-Key: the same key with the same content grants once."""
    who = caller()
    require(who, Action.MONEY_GRANT)
    key = needed_idempotency_key()
    amount = shapes.amount_ucpt(json_data["amount"])
    return shapes.transfer(done(services().money.grant(who, username, amount, key)), who.user_id)


def quota_of(base: Quota, given: dict[str, Any]) -> Quota:
    """Return a quota with the bounds of a request in the place of its own."""
    wanted: dict[str, int | None] = {
        name: given[name] for name in ("queued_tasks", "queued_subtasks", "storage_bytes") if name in given
    }
    if "running_cores" in given:
        cores = given["running_cores"]
        wanted["running_cpu_millis"] = None if cores is None else round(cores * 1000)
    if "spend_day" in given:
        spend = given["spend_day"]
        wanted["spend_day_ucpt"] = None if spend is None else shapes.amount_ucpt(spend)
    return replace(base, **wanted)
