"""What goes wrong, and what people do, at random moments of a run. Each seed gets its own mixture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from core.domain.node import NodeOwner
from core.domain.operations import NodeAction
from core.domain.session import OwnerStatus
from core.domain.task import MergeState
from tests.sim.agent import SimAgent
from tests.sim.network import KEEPALIVE_MS
from tests.sim.world import OPERATOR, SUBMITTER, Pool
from worker_app.agent import stimuli

if TYPE_CHECKING:
    from pathlib import Path

Fault = Callable[[], object]
#: Nothing that ran may be lost by these.
GENTLE = ("reset", "short_cut", "twice", "agent_restarts", "master_restarts", "wall_clock", "grant", "resume")
_BUSY_OWNERS = (NodeOwner.IN_USE, NodeOwner.SNOOZED, NodeOwner.GPU_PAUSED)


class Faults:
    """Chooses what may happen in a run, and lets it happen until `stop`."""

    def __init__(self, pool: Pool, only: tuple[str, ...] = ()) -> None:
        self.pool = pool
        self.random = pool.kernel.random
        self.counts: Counter[str] = Counter()
        self.is_over = False
        self._copy: Path | None = None
        kinds: dict[str, Fault] = {
            "reset": self.reset,
            "cut": self.cut,
            "one_way": self.one_way,
            "slow": self.slow,
            "twice": self.twice,
            "agent_killed": self.agent_killed,
            "agent_blind": self.agent_blind,
            "reboot": self.reboot,
            "node_sleeps": self.node_sleeps,
            "engine_lost": self.engine_lost,
            "engine_mute": self.engine_mute,
            "agent_disk": self.agent_disk,
            "quit": self.quit,
            "owner": self.owner,
            "master_killed": self.master_killed,
            "master_power": self.master_power,
            "master_sleeps": self.master_sleeps,
            "master_stalls": self.master_stalls,
            "master_disk": self.master_disk,
            "wall_clock": self.wall_clock,
            "backup": self.backup,
            "admin": self.admin,
            "revoke": self.revoke,
            "cancel": self.cancel,
            "pause": self.pause,
            "resume": self.resume,
            "retry_failed": self.retry_failed,
            "retry_all": self.retry_all,
            "grant": self.grant,
        }
        #: Sought only by name: for ablations, and for runs in which nothing may be lost.
        directed: dict[str, Fault] = {
            "long_cut": self.long_cut,
            "short_cut": self.short_cut,
            "agent_restarts": self.agent_restarts,
            "master_restarts": self.master_restarts,
            "copied": self.copied,
            "long_stall": self.long_stall,
            "all_cut": self.all_cut,
            "unheard": self.unheard,
            "agent_away": self.agent_away,
            "agent_blinks": self.agent_blinks,
            "clock_back": self.clock_back,
            "retry_merging": self.retry_merging,
        }
        some = list(only) or self.random.sample(sorted(kinds), self.random.randrange(3, len(kinds)))
        self.kinds = {name: (kinds | directed)[name] for name in some}
        self.every_ms = self.random.choice((4_000, 12_000, 30_000))

    def begin(self) -> None:
        self._next()

    def _next(self) -> None:
        self.pool.kernel.after(self.random.expovariate(1 / self.every_ms), self._strike)

    def _strike(self) -> None:
        if self.is_over:
            return
        name = self.random.choice(sorted(self.kinds))
        self.counts[name] += 1
        self.pool.kernel.note("! {}", name)
        self.kinds[name]()
        self._next()

    def _node(self) -> SimAgent:
        return self.random.choice(self.pool.nodes)

    def _later(self, choices: tuple[int, ...], event: Fault) -> float:
        """Something that ends by itself, also when the faults are over before. Returns in how long."""
        delay_ms = self.random.choice(choices) * self.random.uniform(0.5, 1.5)
        self.pool.kernel.after(delay_ms, event)
        return delay_ms

    def _out(self, node: SimAgent | None, for_ms: float) -> None:
        """A node, or with None the master, cannot be reached."""
        name = node.node_id if node is not None else ""
        self.pool.rules.waste.outage(name, self.pool.kernel.now, for_ms)

    def _hit(self, node: SimAgent | None) -> None:
        """What runs on a node, or with None anywhere, may be gone."""
        self.pool.rules.waste.blow(node.node_id if node is not None else "", self.pool.kernel.now)

    # ---- the network

    def reset(self) -> None:
        self._node().path.reset()

    def cut(self) -> None:
        node = self._node()
        number = node.path.silence(up=True, down=True)
        self._out(node, self._later((500, 5_000, 20_000, 60_000, 200_000), partial(node.path.heal, number)))

    def one_way(self) -> None:
        node = self._node()
        up = self.random.random() < 0.5
        number = node.path.silence(up=up, down=not up)
        self._out(node, self._later((5_000, 20_000, 60_000, 200_000), partial(node.path.heal, number)))

    def slow(self) -> None:
        node = self._node()
        node.path.delay_ms = self.random.choice((5, 300, 2_000, 6_000))
        if node.path.delay_ms >= 2_000:
            self._out(node, 10**9)  # until the end: what it delays may pass a limit at any time

    def twice(self) -> None:
        self._node().path.twice = self.random.choice((0.0, 0.3))

    def long_cut(self) -> None:
        """For longer than a lease; none ends another, and one node is always there to take the work over."""
        node = self.random.choice(self.pool.nodes[1:])
        if not node.path.is_cut:
            number = node.path.silence(up=True, down=True)
            self._out(node, self._later((200_000, 600_000), partial(node.path.heal, number)))

    def all_cut(self) -> None:
        """The master's own link: nobody can take over what ends meanwhile."""
        if any(node.path.is_cut for node in self.pool.nodes):
            return
        numbers = [(node, node.path.silence(up=True, down=True)) for node in self.pool.nodes]

        def heal() -> None:
            for node, number in numbers:
                node.path.heal(number)

        self._out(None, self._later((150_000, 300_000), heal))

    def unheard(self) -> None:
        """What a node says comes late, by less than would break its stream, and what it is told is slow."""
        node = self._node()
        if node.path.up_silent:
            return
        number = node.path.silence(up=True, down=False)
        node.path.delay_ms = 4_000

        def heal() -> None:
            node.path.delay_ms = 5
            node.path.heal(number)

        self._out(node, self._later((22_000,), heal))

    def short_cut(self) -> None:
        node = self._node()
        number = node.path.silence(up=True, down=True)
        self._out(node, self._later((500, 3_000, 6_000), partial(node.path.heal, number)))

    # ---- nodes

    def agent_restarts(self) -> None:
        node = self._node()
        node.kill()
        self._out(node, self._later((300, 3_000), lambda: self.pool.revive(node)))

    def agent_killed(self) -> None:
        node = self._node()
        node.kill()
        self._out(node, self._later((300, 5_000, 40_000, 200_000), lambda: self.pool.revive(node)))

    def agent_away(self) -> None:
        """For longer than a lease; one node is always there to take the work over."""
        node = self.random.choice(self.pool.nodes[1:])
        if node.life.alive:
            node.kill()
            self._out(node, self._later((200_000, 400_000), lambda: self.pool.revive(node)))

    def agent_blinks(self) -> None:
        """It is there again before anybody could miss it."""
        node = self._node()
        node.kill()
        self._out(node, self._later((300,), lambda: self.pool.revive(node)))

    def agent_blind(self) -> None:
        """The agent starts again while its engine does not answer, although sandboxes run on."""
        node = self._node()
        node.engine.ok = False
        self._hit(node)
        node.kill()
        self._later((300, 3_000), lambda: self.pool.revive(node))
        self._later((4_000, 30_000), lambda: setattr(node.engine, "ok", True))

    def reboot(self) -> None:
        node = self._node()
        self._hit(node)
        node.reboot()
        self._later((5_000, 60_000, 200_000), lambda: self.pool.revive(node))

    def node_sleeps(self) -> None:
        node, for_ms = self._node(), self.random.choice((3_000, 30_000, 100_000, 400_000))
        self._out(node, for_ms)
        self.pool.sleep_node(node, for_ms)

    def engine_lost(self) -> None:
        node = self._node()
        self._hit(node)
        node.engine.lose_all()

    def engine_mute(self) -> None:
        """It does not answer for a while; sandboxes run on, also those that the agent loses sight of."""
        node = self._node()
        self._hit(node)
        node.engine.ok = False
        if self.random.random() < 0.5:
            for box in list(node.engine.boxes.values()):
                if box.follower is not None and box.running:
                    box.follower.box_died(box.running)
        self._later((3_000, 40_000), lambda: setattr(node.engine, "ok", True))

    def agent_disk(self) -> None:
        node = self._node()
        node.store.is_full = True
        self._out(node, self._later((2_000, 20_000, 100_000), lambda: setattr(node.store, "is_full", False)))

    def quit(self) -> None:
        node = self._node()
        self._hit(node)
        node.tell(stimuli.QuitAsked(20_000))
        self._later((30_000, 100_000), lambda: self.pool.revive(node))

    def owner(self) -> None:
        node = self._node()
        node.owner = OwnerStatus(state=self.random.choice(_BUSY_OWNERS), reason="their turn")
        node.tell(stimuli.OwnerChanged(node.owner))
        self._later((5_000, 60_000), lambda: self.pool.give_back_machine(node))

    def copied(self) -> None:
        if not self.pool.rules.copied:
            self.pool.copy_node()

    # ---- the master

    def master_killed(self) -> None:
        self.pool.kill_master(told=True)
        self._out(None, self._later((100, 3_000, 30_000, 150_000), self.pool.revive_master))

    def master_restarts(self) -> None:
        self.pool.kill_master(told=True)
        self._out(None, self._later((100, 3_000), self.pool.revive_master))

    def master_power(self) -> None:
        self.pool.kill_master(told=False)
        self._out(None, KEEPALIVE_MS + self._later((5_000, 60_000), self.pool.revive_master))

    def master_sleeps(self) -> None:
        for_ms = self.random.choice((3_000, 20_000, 100_000, 300_000))
        self._out(None, for_ms)
        self.pool.sleep_master(for_ms)

    def master_stalls(self) -> None:
        host = self.pool.host
        for_ms = self.random.choice((2_000, 20_000, 90_000, 200_000))
        self._out(None, for_ms)
        host.stalled_until = self.pool.kernel.now + for_ms

    def long_stall(self) -> None:
        """For longer than a lease and the master's patience; reports wait in its queue."""
        host, now = self.pool.host, self.pool.kernel.now
        if now >= host.stalled_until + 120_000:
            host.stalled_until = now + self.random.choice((150_000, 300_000))
            self._out(None, host.stalled_until - now)

    def master_disk(self) -> None:
        host = self.pool.host
        host.disk_is_full = True
        self._out(None, self._later((500, 5_000, 60_000), lambda: setattr(host, "disk_is_full", False)))

    def wall_clock(self) -> None:
        machine = self.random.choice([self.pool.host.machine, *(node.machine for node in self.pool.nodes)])
        machine.set_clock(self.random.choice((-3_600_000, -90_000, 90_000, 3_600_000)))

    def clock_back(self) -> None:
        """The master's: a term that follows it would go back too."""
        self.pool.host.machine.set_clock(-3_600_000)

    def backup(self) -> None:
        """A copy is made, or an older one is put in place."""
        copy = self.pool.folder / "copy.sqlite3"
        if self._copy is None or self.random.random() < 0.5:
            self.pool.host.copy_to(copy)
            self._copy = copy
            return
        self._hit(None)
        self.pool.restore(copy)
        self._later((1_000, 20_000), self.pool.revive_master)

    # ---- people

    def admin(self) -> None:
        node, actions = self._node(), (NodeAction.PAUSE, NodeAction.DRAIN, NodeAction.RESUME, NodeAction.RESUME)
        action = self.random.choice(actions)
        deadline = self.pool.host.machine.wall_ms() + self.random.choice((5_000, 60_000))
        self.pool.host.wish(
            lambda master: master.membership.act(OPERATOR, node.node_id, action, deadline_ms=deadline)
        )

    def revoke(self) -> None:
        if len(self.pool.nodes) > 2:
            self._hit(self.pool.nodes[-1])
            self.pool.revoke(self.pool.nodes[-1])

    def _task(self) -> str:
        return self.random.choice(self.pool.tasks) if self.pool.tasks else ""

    def cancel(self) -> None:
        task = self._task()
        self.pool.host.wish(lambda master: master.control.cancel(SUBMITTER, task))

    def pause(self) -> None:
        task = self._task()
        self.pool.host.wish(lambda master: master.control.pause(SUBMITTER, task))

    def resume(self) -> None:
        task = self._task()
        self.pool.host.wish(lambda master: master.control.resume(SUBMITTER, task))

    def retry_failed(self) -> None:
        self._retry(self._task(), all_of_it=False)

    def retry_all(self) -> None:
        self._retry(self._task(), all_of_it=True)

    def retry_merging(self) -> None:
        """From now on: tasks are often cancelled and retried just while their parts are collected."""
        self.pool.host.on_progress = self._begin_again

    def _begin_again(self, task_id: str) -> None:
        rows = self.pool.host.rows(
            "SELECT 1 FROM tasks WHERE task_id = ? AND state = 'RUNNING' AND merge = ?"
            " AND succeeded + failed = subtask_count",
            task_id,
            MergeState.BLOCKED.value,
        )
        if rows and self.random.random() < 0.5:
            self.pool.kernel.after(self.random.randrange(1, 400), partial(self._cancel_and_retry, task_id))

    def _cancel_and_retry(self, task_id: str) -> None:
        self.pool.host.wish(lambda master: master.control.cancel(SUBMITTER, task_id))
        self._retry(task_id, all_of_it=self.random.random() < 0.7)

    def _retry(self, task_id: str, *, all_of_it: bool) -> None:
        host = self.pool.host
        if host.wish(lambda master: master.control.retry(SUBMITTER, task_id, all_of_it=all_of_it)) is not None:
            left = host.rows(
                "SELECT ix FROM subtasks WHERE task_id = ? AND state IN ('FAILED', 'CANCELLED')"
                " AND ix < (SELECT subtask_count FROM tasks t WHERE t.task_id = subtasks.task_id)",
                task_id,
            )
            if left:
                self.pool.fail(f"a retry of {task_id[-6:]} left {[row['ix'] for row in left]} behind")

    def grant(self) -> None:
        if self.pool.host.master is not None:
            self.pool.grant(self.random.choice((0.5, 5, 50)))
