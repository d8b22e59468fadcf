"""Invitations to sign up. Operators only; the service checks it."""

from __future__ import annotations

from typing import Any, Final

from core.domain.user import Role
from master_app.ports.users import InviteRecord
from master_app.web import schemas, shapes
from master_app.web.api.parts import blueprint, done
from master_app.web.identity import caller, services, signed_in

bp = blueprint("invites", "People")
_DAY_MS: Final = 86_400_000


def _invite(invite: InviteRecord) -> shapes.Json:
    return {
        "invite_id": invite.invite_id,
        "roles": sorted(role.value for role in invite.roles),
        "uses_left": invite.uses_left,
        "created_at": shapes.moment(invite.created_ms),
        "expires_at": shapes.moment(invite.expires_ms),
    }


@bp.get("/invites")
@signed_in
@bp.output(schemas.InvitePage)
@bp.doc(summary="Invitations that may still be used", responses=[401, 403])
def list_invites() -> Any:
    return shapes.page([_invite(invite) for invite in done(services().invitations.list(caller()))], None)


@bp.post("/invites")
@signed_in
@bp.input(schemas.InviteIn, location="json")
@bp.output(schemas.InviteMadeOut, status_code=201)
@bp.doc(summary="Invite people", responses=[401, 403])
def make_invite(json_data: dict[str, Any]) -> Any:
    """The secret goes into `invite` of POST /api/v1/register. It is shown once."""
    secret, invite = done(
        services().invitations.make(
            caller(),
            roles=[Role(text) for text in json_data["roles"]],
            uses=json_data["uses"],
            lifetime_ms=json_data["expires_days"] * _DAY_MS,
        )
    )
    return {**_invite(invite), "invite": secret}


@bp.delete("/invites/<invite_id>")
@signed_in
@bp.output({}, status_code=204)
@bp.doc(summary="End an invitation", responses=[401, 403, 404])
def revoke_invite(invite_id: str) -> Any:
    """Accounts that were made with it stay."""
    done(services().invitations.revoke(caller(), invite_id))
    return ""
