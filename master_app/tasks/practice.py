"""The practice subtask of a new provider: one real task, for their own nodes alone, paid from the mint.

It goes the whole way that every task goes (offer, sandbox, metering, settlement, receipt), so that a provider sees
the first explained earning at once, also in a pool without work. It belongs to a user of the pool's own, to whom
the mint gives what one run of it can cost: once a provider, in the ledger, so that nobody earns by joining again.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Final

from core.domain.errors import Conflict, NotFound, RateLimited
from core.domain.membership import PracticeTask
from core.domain.node import NodeAdmin
from core.domain.rewards import highest_cost
from core.domain.task import TERMINAL_TASK_STATES
from core.domain.user import NO_QUOTA, PRACTICE_USER, Principal, Quota, Role, UserState
from master_app.ledger.transfers import grant_practice, practice_grant
from master_app.ports.unit_of_work import UnitOfWork, Writer
from master_app.ports.users import UserRecord
from master_app.tasks.intake import Intake, Prepared

PRACTICE_NAME: Final = "practice"
#: As `deadline` of the task says: after it, what was not done is over.
LIFE_MS: Final = 7 * 86_400_000
#: An ask costs the master a bundle that is made, packed and read: so many an hour, kept in the database.
NODE_ASKS: Final = 10
OWNER_ASKS: Final = 20
ASKS_WINDOW_MS: Final = 3_600_000
_WAIT_S: Final = 60


class Practice:
    """What the door of nodes asks. `start` returns at once; the rest happens on `threads`."""

    def __init__(
        self,
        *,
        writer: Writer,
        intake: Intake,
        folder: Path,
        threads: Executor,
        on_quota: Callable[[str, Quota | None], None],
    ) -> None:
        self._writer = writer
        self._intake = intake
        self._folder = folder
        self._threads = threads
        self._on_quota = on_quota

    def start(self, node_id: str) -> Future[PracticeTask]:
        """Make the practice task of this node's owner, or return the one that is there; no id: it is over."""
        return self._threads.submit(self._start, node_id)

    def _start(self, node_id: str) -> PracticeTask:
        provider_id = self._writer.execute(lambda uow: _provider(uow, node_id)).result(_WAIT_S)
        if not provider_id:
            return PracticeTask(owner_id=PRACTICE_USER)
        who = Principal(user_id=PRACTICE_USER, username=PRACTICE_NAME, roles=frozenset({Role.SUBMITTER}))
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / "practice.zip"
            file.write_bytes(self._bundle(provider_id))
            prepared = self._intake.prepare(who, file, {})
        self._writer.execute(lambda uow: self._fund(uow, provider_id, prepared)).result(_WAIT_S)
        made = self._intake.submit(who, prepared, f"practice:{provider_id}").result(_WAIT_S)
        over = made.state in TERMINAL_TASK_STATES
        return PracticeTask(task_id="" if over else made.task_id, owner_id=PRACTICE_USER)

    def _bundle(self, provider_id: str) -> bytes:
        """Return the task as a zip that only nodes of this provider may take."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as bundle:
            for file in sorted(self._folder.iterdir()):
                if file.is_file():
                    content = file.read_text(encoding="utf-8")
                    if file.name == "hivemind.toml":
                        content += f'\n[requires]\nlabels = {{ owner = ["{provider_id}"] }}\n'
                    # A fixed time: the same bundle for the same provider, whenever it is made.
                    bundle.writestr(zipfile.ZipInfo(file.name), content)
        return buffer.getvalue()

    def _fund(self, uow: UnitOfWork, provider_id: str, prepared: Prepared) -> None:
        if uow.users.get(PRACTICE_USER) is None:
            user = UserRecord(
                user_id=PRACTICE_USER,
                username=PRACTICE_NAME if uow.users.find(PRACTICE_NAME) is None else PRACTICE_USER.lower(),
                roles=frozenset({Role.SUBMITTER}),
                state=UserState.LOCKED,
                state_reason="the pool's own: practice subtasks of new providers belong to it",
                created_ms=uow.now_ms,
                quota=NO_QUOTA,
            )
            uow.users.add(user)
            uow.after_commit(lambda: self._on_quota(PRACTICE_USER, NO_QUOTA))
        spec = prepared.spec
        cost = highest_cost(spec.resources, uow.ledger.rule(), spec.run.timeout_s * 1000)
        if cost > 0:
            grant_practice(uow, provider_id, PRACTICE_USER, cost)


def _provider(uow: UnitOfWork, node_id: str) -> str:
    """Return the owner of a node, empty when they have had theirs. Counts the ask, in this transaction."""
    node = uow.nodes.get(node_id)
    if node is None or node.admin is NodeAdmin.REVOKED:
        raise NotFound("There is no such node.", code="NODE_NOT_FOUND")
    if node.admin is NodeAdmin.PENDING:
        raise Conflict("An operator must approve this computer first.", code="NODE_PENDING")
    user = uow.users.get(node.owner_id)
    node.practice_asks = _counted(node.practice_asks, uow.now_ms, NODE_ASKS, "this computer")
    if user is not None:
        user.practice_asks = _counted(user.practice_asks, uow.now_ms, OWNER_ASKS, "computers of its owner")
        uow.users.save(user)
    uow.nodes.save(node)
    granted = practice_grant(uow, node.owner_id)
    if granted is not None and uow.now_ms - granted.at_ms >= LIFE_MS:
        return ""
    return node.owner_id


def _counted(asks: tuple[int, ...], now_ms: int, limit: int, whose: str) -> tuple[int, ...]:
    """Return the times with this one, or raise RateLimited. A clock that was set back forgives."""
    recent = tuple(at for at in asks if now_ms - ASKS_WINDOW_MS < at <= now_ms)
    if len(recent) >= limit:
        wait_s = -(-(recent[-limit] + ASKS_WINDOW_MS - now_ms) // 1000)
        raise RateLimited(
            f"The practice subtask was asked for {limit} times in an hour by {whose}.",
            retry_after_s=wait_s,
            fix=f"Try again in {-(-wait_s // 60)} min; the pool keeps the one that there is.",
        )
    return (*recent, now_ms)
