"""What a node may ask beside its session, put together from the services that answer it."""

from __future__ import annotations

from concurrent.futures import Future

from core.domain.membership import PracticeTask
from master_app.node_pool.membership import Membership
from master_app.tasks.practice import Practice


class NodeWishes:
    """See `master_app.rpc.services.NodeMembershipService`."""

    def __init__(self, practice: Practice, membership: Membership) -> None:
        self._practice = practice
        self._membership = membership

    def practise(self, node_id: str) -> Future[PracticeTask]:
        return self._practice.start(node_id)

    def leave(self, node_id: str) -> Future[None]:
        return self._membership.leave(node_id)
