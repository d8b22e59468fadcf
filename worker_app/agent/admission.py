"""Whether an offer may be taken, as one pure rule; the first reason that speaks against it is the answer."""

from __future__ import annotations

from core.domain.attempt import RejectReason
from core.domain.images import image_allowed
from core.domain.node import NodeFacts, NodeOwner, RuntimeKind
from core.domain.session import Offer, OwnerStatus, TaskBrief
from core.domain.spec import TaskSpec


def refusal(
    offer: Offer,
    known: tuple[TaskBrief, TaskSpec] | None,
    *,
    facts: NodeFacts,
    owner: OwnerStatus,
    node_owner_id: str,
    is_stale: bool,
    is_full: bool,
    blocked: frozenset[str] = frozenset(),
) -> RejectReason | None:
    """Return why this node does not take `offer`, or None. The master knows all this too, but 30 s later."""
    if is_stale or known is None:
        return RejectReason.STALE_OFFER
    if not facts.engine_ok or facts.slots <= 0:
        return RejectReason.ENGINE
    if owner.state is not NodeOwner.AVAILABLE and not (
        owner.state is NodeOwner.GPU_PAUSED and offer.resources.gpus == 0
    ):
        return RejectReason.NOT_AVAILABLE
    if not facts.disk_ok:
        return RejectReason.DISK_FULL
    if is_full or not offer.resources.fits(facts.capacity):
        return RejectReason.CAPACITY
    brief, spec = known
    if facts.runtime is RuntimeKind.PROCESS and not (spec.run.allow_process and brief.owner_id == node_owner_id):
        return RejectReason.OWNER_NOT_ALLOWED
    if brief.owner_id in blocked or (facts.owners_allowed and brief.owner_id not in facts.owners_allowed):
        return RejectReason.OWNER_NOT_ALLOWED
    if facts.images_allowed and not image_allowed(spec.image.ref, facts.images_allowed):
        return RejectReason.IMAGE_NOT_ALLOWED
    return None
