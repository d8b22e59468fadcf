"""What people and nodes may rely on: a stop is a stop, done work counts, a merge is of all that is there."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from core.domain.session import AttemptUpdate, Offer
from core.domain.task import TERMINAL_TASK_STATES, MergeState

if TYPE_CHECKING:
    from tests.sim.agent import SimAgent
    from tests.sim.world import Pool

_ENDED = {state.value for state in TERMINAL_TASK_STATES}
#: A node that can be reached stops what nobody wants within: two reports, 30 s of grace, and what both take.
STOP_MS = 120_000


class Promises:
    """Part of `Rules`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        #: Attempts that run unwanted on a node that can be told, and since when.
        self._unwanted: dict[str, int] = {}

    # ---- a stop is a stop (orders, C3)

    def look(self) -> None:
        """What is not wanted does not run on for long where it can be stopped."""
        now = self._pool.kernel.now
        running = {
            box.running: agent for agent in self._pool.nodes for box in agent.engine.boxes.values() if box.running
        }
        for attempt_id in [one for one in self._unwanted if one not in running]:
            del self._unwanted[attempt_id]
        for attempt_id, agent in running.items():
            if self._is_wanted(attempt_id):
                self._unwanted.pop(attempt_id, None)
                continue
            since = self._unwanted.setdefault(attempt_id, now)
            if not self._can_be_told(agent, since):
                self._unwanted[attempt_id] = now
            elif now - since > STOP_MS:
                self._pool.fail(f"{attempt_id[-6:]} runs on {agent.node_id}, which is live, and nobody wants it")

    def _is_wanted(self, attempt_id: str) -> bool:
        def hot(uow: object) -> bool:
            live = uow.pool.attempts.get(attempt_id)  # type: ignore[attr-defined]
            return live is not None and not live.stop_reason

        return self._pool.host.do(hot)

    def _can_be_told(self, agent: SimAgent, since: int) -> bool:
        rules, now = self._pool.rules, self._pool.kernel.now
        if agent in self._pool.revoked or agent.machine.name in rules.copied:
            return False
        state = agent.state
        if state is None or agent.machine.asleep or not agent.engine.ok or not state.connection.is_live:
            return False
        return not rules.waste.is_hit(agent.node_id, since, now)

    # ---- done work counts (R5)

    def acknowledged(self, update: AttemptUpdate) -> None:
        """The master took word of a success: it is the winner, or somebody else is, or nobody wants one."""
        rows = self._pool.host.rows(
            "SELECT a.state, a.node_id, a.generation AS mine, t.generation, t.state AS task, s.winner"
            " FROM attempts a JOIN tasks t ON t.task_id = a.task_id"
            " JOIN subtasks s ON s.task_id = a.task_id AND s.ix = a.ix WHERE a.attempt_id = ?",
            update.attempt_id,
        )
        if not rows or update.attempt_id in self._pool.rules.forgotten:
            return
        [row] = rows
        if row["node_id"] in self._pool.rules.waste.lawless:
            return  # its other computer said something else before
        if not row["winner"] and row["mine"] == row["generation"] and row["task"] not in _ENDED:
            self._pool.fail(f"the work of {update.attempt_id[-6:]}, {row['state']}, was done and thrown away")

    # ---- a merge is of all that is there

    def merge_begins(self, offer: Offer) -> None:
        """Called when a node begins to prepare it."""
        rows = self._pool.host.rows(
            "SELECT t.subtask_count, t.merge FROM attempts a JOIN tasks t ON t.task_id = a.task_id"
            " WHERE a.attempt_id = ? AND a.generation = t.generation AND a.state IN ('OFFERED', 'ACCEPTED')",
            offer.attempt_id,
        )
        if not rows or rows[0]["merge"] != MergeState.OPEN.value:
            return  # somebody had parts run again meanwhile: it is going to be stopped
        parts = self._pool.host.rows(
            "SELECT ix, state, winner FROM subtasks WHERE task_id = ? AND ix < ?",
            offer.task_id,
            rows[0]["subtask_count"],
        )
        still = [row["ix"] for row in parts if row["state"] in ("BLOCKED", "READY", "BACKOFF", "ACTIVE")]
        if still:
            self._pool.fail(f"a merge of {offer.task_id[-6:]} begins while parts {still} run")
        path = self._pool.made.blobs / offer.parts_blob[:2] / offer.parts_blob
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        given = {(line["index"], entry[2]) for line in lines for entry in line["files"]}
        won = {(row["ix"], result_digest(row["winner"])) for row in parts if row["state"] == "SUCCEEDED"}
        if given != won:
            self._pool.fail(f"a merge of {offer.task_id[-6:]} is given {len(given)} parts, {len(won)} are right")


def result_digest(attempt_id: str) -> str:
    """Return the digest of what every program of the simulation makes."""
    return hashlib.sha256(f"{attempt_id}/out/result".encode()).hexdigest()
