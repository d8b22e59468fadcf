"""One master as the window knows it: what Watch told, kept, and told on in batches on the Qt thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Signal

from core.allocator import keep_what_is_there, look_at_all_again
from core.desktop.background import Background, Op
from core.desktop.bridge import Mailbox
from core.desktop.translations import tr
from core.domain.console import History, NodeTile, Overview, PoolInfo
from core.domain.errors import HiveMindError
from master_app.console.models.sentences import said
from master_app.console.port import Link, LinkState, MasterPort

T = TypeVar("T")
BATCHES_PER_SECOND = 10.0


class Session(QObject):
    """`nodes_changed`: (changed tiles, gone ids, snapshot); `tasks_changed`: ids of tasks that differ."""

    link_changed = Signal(object)
    overview_changed = Signal(object)
    history_changed = Signal(object)
    nodes_changed = Signal(object, object, bool)
    tasks_changed = Signal(object)
    audit_changed = Signal()
    reset = Signal()
    pool_changed = Signal(object)
    #: What a call came to that a person should hear of: words, and a tone (`bad`, `good` or nothing).
    said = Signal(str, str)

    def __init__(self, master: MasterPort, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.master = master
        self.background = Background(self)
        self.link = Link(state=LinkState.CONNECTING, since_ms=now_ms())
        self.overview: Overview | None = None
        self.history: History | None = None
        self.pool: PoolInfo | None = None
        self.tiles: dict[str, NodeTile] = {}
        self.closed = False
        self._mailbox = Mailbox(self, per_second=BATCHES_PER_SECOND)
        self._mailbox.batch.connect(self._take)

    def start(self) -> None:
        self.master.watch(self._mailbox.put)

    def close(self) -> None:
        """Let go of the master: no answer that is still on its way is heard any more."""
        self.closed = True
        look_at_all_again()
        self.master.close()
        self.background.close()

    @property
    def live(self) -> bool:
        return self.link.state is LinkState.LIVE

    def ask(
        self,
        future: Future[T],
        done: Callable[[T], object],
        failed: Callable[[BaseException], object] | None = None,
        *,
        owner: QObject | None = None,
    ) -> Op[T]:
        """Bring an answer here. Without `failed` a refusal is said in the window."""

        def refuse(error: BaseException) -> None:
            if self.closed:
                return
            if failed is not None:
                failed(error)
            else:
                self.said.emit(words_of(error), "bad")

        def take(value: T) -> None:
            if not self.closed:
                done(value)

        return self.background.follow(future, take, refuse, owner=owner)

    def _take(self, batch: dict[tuple[str, ...], Any]) -> None:
        if self.closed:
            return
        changed: list[NodeTile] = []
        gone: list[str] = []
        tasks: set[str] = set()
        snapshot = False
        for key, value in batch.items():
            match key[0]:
                case "node" if value is None:
                    gone.append(key[1])
                    self.tiles.pop(key[1], None)
                case "node":
                    changed.append(value)
                    self.tiles[key[1]] = value
                case "nodes":
                    snapshot = snapshot or key[1] == "first"
                case "task":
                    tasks.add(key[1])
                case "overview":
                    self.overview = value
                case "history":
                    self.history = value
                    self.history_changed.emit(value)
                case "link":
                    self._linked(value)
        if ("reset",) in batch:
            self.reset.emit()
        if snapshot:
            kept = {tile.node_id for tile in changed}
            gone += [node_id for node_id in self.tiles if node_id not in kept and ("nodes", "whole") in batch]
            for node_id in gone:
                self.tiles.pop(node_id, None)
        if changed or gone or snapshot:
            self.nodes_changed.emit(changed, gone, snapshot)
        if snapshot:
            # To look for garbage among 10,000 nodes takes the window's thread 40 ms, at any moment.
            keep_what_is_there()
        if ("overview",) in batch:
            self.overview_changed.emit(self.overview)
        if tasks:
            self.tasks_changed.emit(tasks)
        if ("audit",) in batch:
            self.audit_changed.emit()

    def _linked(self, link: Link) -> None:
        before, self.link = self.link, link
        if link.state is LinkState.LIVE and before.state is not LinkState.LIVE:
            self.ask(self.master.pool(), self._known, lambda _error: None, owner=self)
        self.link_changed.emit(link)

    def _known(self, pool: PoolInfo) -> None:
        self.pool = pool
        self.pool_changed.emit(pool)


def words_of(error: BaseException) -> str:
    """Return an error as a sentence for people: what happened, what to do, and its stable code."""
    if isinstance(error, HiveMindError):
        problems = [f"{said(each.reason)} {said(each.fix)}".strip() for each in getattr(error, "problems", ())]
        parts = (said(tr(error.message)), *problems[:5], said(error.fix), f"[{error.code}]")
        return " ".join(part for part in parts if part)
    return f"{type(error).__name__}: {error}"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def diagnostics(session: Session) -> str:
    """Return what helps whoever is asked for help; nothing of it is secret."""
    pool, overview = session.pool, session.overview
    lines = [f"HiveMind console · link {session.link.state} {session.link.code}"]
    if pool is not None:
        lines.append(f"master {pool.version} on {pool.computer}, {pool.database}, started {pool.started_ms}")
    if overview is not None:
        lines += [f"nodes {dict(overview.nodes)}", f"tasks {dict(overview.tasks)}"]
        lines += [f"{each.code}: {each.what}" for each in overview.conditions]
    return "\n".join(lines)
