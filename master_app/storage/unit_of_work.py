"""One transaction as commands see it: repositories, the hot state, facts to publish, actions for afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from core.domain.events import Fact
from core.domain.pool_rules import PoolRules
from master_app.scheduling.pool import Pool
from master_app.storage.history import History
from master_app.storage.meta import TermKeeper, get, put
from master_app.storage.repositories.asks import SqlAsks
from master_app.storage.repositories.attempts import SqlAttempts
from master_app.storage.repositories.ledger import SqlLedger
from master_app.storage.repositories.nodes import SqlNodes
from master_app.storage.repositories.notices import SqlNotices
from master_app.storage.repositories.secrets import SqlSecrets
from master_app.storage.repositories.subtasks import SqlSubtasks
from master_app.storage.repositories.tasks import SqlTasks
from master_app.storage.repositories.templates import SqlTemplates
from master_app.storage.repositories.users import SqlUsers
from master_app.storage.repositories.vpn import SqlVpn
from master_app.storage.statements import Sql
from master_app.storage.values import POOL_RULES

_POOL_RULES: Final = "pool_rules"


class SqlUnitOfWork:
    """See the port. Made once a connection and begun once a transaction: statements stay compiled."""

    def __init__(self, sql: Sql, pool: Pool, term: TermKeeper) -> None:
        self._sql = sql
        self._pool = pool
        self._term = term
        self._now_ms = 0
        self._tasks = SqlTasks(sql)
        self._subtasks = SqlSubtasks(sql, self._tasks)
        self._attempts = SqlAttempts(sql, self._tasks)
        self._nodes = SqlNodes(sql)
        self._ledger = SqlLedger(sql)
        self._users = SqlUsers(sql)
        self._secrets = SqlSecrets(sql)
        self._vpn = SqlVpn(sql)
        self._notices = SqlNotices(sql)
        self._asks = SqlAsks(sql)
        self._templates = SqlTemplates(sql)
        self._history = History(sql)
        self.facts: list[Fact] = []
        self.actions: list[Callable[[], None]] = []

    # ---- for its owner

    def begin(self, now_ms: int) -> None:
        """Forget the transaction before; its rows may have been rolled back."""
        self._now_ms = now_ms
        self._sql.rows_written = 0
        self.facts, self.actions = [], []
        self._tasks.begin()
        self._nodes.begin(now_ms)
        self._ledger.begin()
        self._users.begin()

    def flush(self) -> None:
        """Write rows that changed, the ledger's chain, and the facts that are kept; before each commit."""
        self._tasks.flush()
        self._nodes.flush()
        self._users.flush()
        self._ledger.flush()
        if self.facts:
            self._history.write(self.facts)

    def committed(self) -> None:
        """What was written is durable."""
        self._ledger.committed()
        if self.facts:
            self._history.committed()

    @property
    def rows(self) -> int:
        waiting = (
            self._tasks.changed_count
            + self._nodes.changed_count
            + self._users.changed_count
            + self._ledger.changed_count
        )
        return self._sql.rows_written + waiting

    # ---- for commands

    @property
    def now_ms(self) -> int:
        return self._now_ms

    @property
    def term(self) -> int:
        return self._term.term

    @property
    def pool(self) -> Pool:
        return self._pool

    @property
    def tasks(self) -> SqlTasks:
        return self._tasks

    @property
    def subtasks(self) -> SqlSubtasks:
        return self._subtasks

    @property
    def attempts(self) -> SqlAttempts:
        return self._attempts

    @property
    def nodes(self) -> SqlNodes:
        return self._nodes

    @property
    def ledger(self) -> SqlLedger:
        return self._ledger

    @property
    def users(self) -> SqlUsers:
        return self._users

    @property
    def secrets(self) -> SqlSecrets:
        return self._secrets

    @property
    def vpn(self) -> SqlVpn:
        return self._vpn

    @property
    def notices(self) -> SqlNotices:
        return self._notices

    @property
    def asks(self) -> SqlAsks:
        return self._asks

    @property
    def templates(self) -> SqlTemplates:
        return self._templates

    def publish(self, fact: Fact) -> None:
        self.facts.append(fact)

    def after_commit(self, action: Callable[[], None]) -> None:
        self.actions.append(action)

    def undo(self, action: Callable[[], object]) -> None:
        # The pool's journal keeps the order between its own changes and those recorded here.
        self._pool.undo(action)

    def pool_rules(self) -> PoolRules | None:
        return POOL_RULES.load(get(self._sql, _POOL_RULES) or "")

    def keep_pool_rules(self, rules: PoolRules) -> None:
        put(self._sql, _POOL_RULES, POOL_RULES.dump(rules))

    def raise_term(self, above: int) -> None:
        """Jump above a term that a node has seen: this database was restored from a backup."""
        before = self._term.term
        self._pool.undo(lambda: self._term.forget_raise(before))
        self._term.raise_above(self._sql, above)
