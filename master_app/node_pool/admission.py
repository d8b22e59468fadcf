"""What a join link must still be to add a node, and the name that the node gets."""

from __future__ import annotations

from core.domain.errors import HiveMindError
from core.domain.user import UserState
from master_app.ports.node_pool import JoinTokenRecord
from master_app.ports.unit_of_work import UnitOfWork

MAX_NAME_LENGTH = 64


def free_name(uow: UnitOfWork, pattern: str, host_name: str) -> str:
    host = "".join(c for c in host_name if c.isprintable()).strip()[:MAX_NAME_LENGTH] or "node"
    wanted = (pattern or "{host}").replace("{host}", host)
    if "{n}" not in wanted:
        wanted = wanted[:MAX_NAME_LENGTH]
        if not uow.nodes.name_taken(wanted):
            return wanted
        wanted += "-{n}"
    for number in range(1, 100_000):
        name = wanted.replace("{n}", str(number))
        if not uow.nodes.name_taken(name):
            return name
    raise HiveMindError("No free name is left for this pattern.", code="NAMES_USED_UP")


def is_good(uow: UnitOfWork, token: JoinTokenRecord) -> bool:
    """Tell whether a link can be used: one whose owner is locked or gone meanwhile adds no nodes."""
    owner = uow.users.get(token.owner_id)
    may_own = owner is None or owner.state is UserState.ACTIVE
    return may_own and not token.revoked and token.uses_left > 0 and token.expires_ms > uow.now_ms
