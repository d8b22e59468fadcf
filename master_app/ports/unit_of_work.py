"""How services change state: commands on one writer thread, each a function of a unit of work.

    future = writer.execute(command)        from any thread but the writer's
    command(uow) -> result                  set-shaped; may run twice; touches only its uow
    uow.publish(fact)                       told to listeners after the commit, never before
    uow.after_commit(action)                runs on the writer thread after the commit, in order; must not raise

Several commands share one transaction (group commit). If one raises, the whole batch is rolled back, with
`uow.pool` rewound, and each command runs again in a transaction of its own, so only its own future fails.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from enum import StrEnum
from typing import Protocol, TypeVar

from core.domain.events import Fact
from core.domain.pool_rules import PoolRules
from master_app.ports.asks import AskRepository
from master_app.ports.ledger import LedgerRepository
from master_app.ports.node_pool import NodeRepository
from master_app.ports.notices import NoticeRepository
from master_app.ports.secrets import SecretRepository
from master_app.ports.tasks import AttemptRepository, SubtaskRepository, TaskRepository
from master_app.ports.templates import TemplateRepository
from master_app.ports.users import UserRepository
from master_app.ports.vpn import VpnRepository
from master_app.scheduling.pool import Pool

T = TypeVar("T")


class Lane(StrEnum):
    """Which share of the writer's queue a command takes: people cannot starve nodes, nor nodes people."""

    NODES = "nodes"
    PEOPLE = "people"
    #: The program's own timers and dispatch.
    INNER = "inner"


class UnitOfWork(Protocol):
    """One command's view of the state. Reads see what earlier commands of the same transaction wrote."""

    @property
    def now_ms(self) -> int:
        """Wall clock at the start of the transaction."""

    @property
    def term(self) -> int:
        """This master's term: larger at each start."""

    @property
    def pool(self) -> Pool: ...

    @property
    def tasks(self) -> TaskRepository: ...

    @property
    def subtasks(self) -> SubtaskRepository: ...

    @property
    def attempts(self) -> AttemptRepository: ...

    @property
    def nodes(self) -> NodeRepository: ...

    @property
    def ledger(self) -> LedgerRepository: ...

    @property
    def users(self) -> UserRepository: ...

    @property
    def secrets(self) -> SecretRepository: ...

    @property
    def vpn(self) -> VpnRepository: ...

    @property
    def notices(self) -> NoticeRepository: ...

    @property
    def asks(self) -> AskRepository: ...

    @property
    def templates(self) -> TemplateRepository: ...

    def pool_rules(self) -> PoolRules | None:
        """Return what an operator changed last, or None when nothing ever was."""

    def keep_pool_rules(self, rules: PoolRules) -> None: ...

    def raise_term(self, above: int) -> None:
        """Make this master's term larger than `above`: a node has seen a later one (restored from backup)."""

    def publish(self, fact: Fact) -> None: ...

    def after_commit(self, action: Callable[[], None]) -> None: ...

    def undo(self, action: Callable[[], object]) -> None:
        """Record how to reverse a change that this command made in memory outside the pool's verbs."""


Command = Callable[[UnitOfWork], T]


class Writer(Protocol):
    """The only door to changes of state."""

    def execute(self, command: Command[T], *, lane: Lane = Lane.PEOPLE) -> Future[T]:
        """Queue a command. The future resolves after its commit is durable.

        Raises Busy when the lane is full. The future fails with the command's own error, or with
        StorageUnavailable / StorageFull when the commit did not happen; then nothing of it is there.
        """
