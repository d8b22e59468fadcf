"""What is the same for all attempts of a task: known while it is needed, kept while an attempt of it is here."""

from __future__ import annotations

from collections.abc import Callable

from core.domain.errors import Invalid
from core.domain.session import TaskBrief
from core.domain.spec import TaskSpec
from worker_app.agent.pending import Pending
from worker_app.agent.ports.store import BriefKey


class Briefs:
    """Mutated only by `AgentState` and its parts."""

    def __init__(self, pending: Pending, load_spec: Callable[[str], TaskSpec]) -> None:
        self._pending = pending
        self._load_spec = load_spec
        self.known: dict[BriefKey, tuple[TaskBrief, TaskSpec]] = {}
        #: Those that the database has.
        self._stored: set[BriefKey] = set()

    def hear(self, brief: TaskBrief) -> None:
        """The master sends it once a session, before the first offer of its task."""
        key = (brief.task_id, brief.revision)
        if key not in self.known:
            try:
                self.known[key] = (brief, self._load_spec(brief.spec_json))
            except Invalid:
                # A spec from a newer master than we are: its offers are refused, the session goes on.
                return

    def new_session(self, live: set[BriefKey]) -> None:
        """Forget what the master will send again, but of those that have attempts here."""
        self.known = {key: known for key, known in self.known.items() if key in live}

    def keep(self, brief: TaskBrief) -> None:
        """An attempt was accepted: its brief goes into the database with it."""
        key = (brief.task_id, brief.revision)
        if key not in self._stored:
            self._stored.add(key)
            self._pending.brief(brief)

    def restore(self, brief: TaskBrief) -> None:
        """Take up a brief that the database already has."""
        key = (brief.task_id, brief.revision)
        self.known[key] = (brief, self._load_spec(brief.spec_json))
        self._stored.add(key)

    def release(self, live: set[str]) -> list[str]:
        """Drop from the database those of tasks that are not `live`, and return these tasks."""
        released = []
        for key in [key for key in self._stored if key[0] not in live]:
            # It stays known in memory: the master sends a brief only once a session.
            self._stored.discard(key)
            self._pending.drop_brief(key)
            released.append(key[0])
        return released
