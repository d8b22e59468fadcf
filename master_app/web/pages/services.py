"""What pages call besides `WebServices`. As the services have them: bootstrap passes those in as they are."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from core.domain.session import AttemptUse
from master_app.ports.page_reads import PageReads
from master_app.ports.users import UserReads


class UseService(Protocol):
    """`master_app.node_pool.queries.NodeQueries`."""

    def uses(self, task_id: str) -> Future[Sequence[AttemptUse]]:
        """Return what each live attempt of a task last said that it uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageServices:
    """What only pages need."""

    reads: PageReads
    user_reads: UserReads
    uses: UseService
    retention_days: int
    #: The certificate of the pool's own authority, and its SHA-256 in hex.
    ca_pem: bytes
    ca_sha256: str
    #: Who encrypts the pages: none, own, files or proxy.
    encryption: str
