"""Facts to faces: which things changed since a commit, for whom, without a queue for anybody.

    writer ── facts, commit ──▶ Feed: the newest commit of each thing ──▶ changes(audience, after) ◀── SSE, Watch

A face subscribes, takes `commit_number`, reads its snapshot (which is then at least that new), and asks again and
again for `changes` after the number that it has. A change says that a thing is different, not how: whoever shows
the thing reads it. So a thing that changed a thousand times is one change, a slow face costs nothing, and a face
that comes back after an hour gets exactly what it missed, as long as the feed remembers that far; else a reset.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final

from core.domain.events import (
    AttemptEnded,
    AttemptsSucceeded,
    AuditRecorded,
    Fact,
    FenceViolated,
    NodeAdminChanged,
    NodeEnrolled,
    NodeHealthChanged,
    NodeQuarantined,
    NoticeRaised,
    TaskProgressed,
    TaskStateChanged,
    TaskSubmitted,
)

#: Things remembered for one audience, newest changes first to be kept.
MAX_THINGS: Final = 20_000
#: Owners whose things are remembered.
MAX_OWNERS: Final = 5_000
#: Facts kept word for word, for the list of last events.
MAX_FACTS: Final = 2_000
MAX_CHANGES: Final = 500


class Kind(StrEnum):
    """What changed."""

    TASK = "task"
    NODE = "node"
    #: A line of the audit log; its id is the action.
    AUDIT = "audit"
    #: A line of one's own list of notices; its id is the line's number.
    NOTICE = "notice"


class What(StrEnum):
    """How much of it: a face may redraw less for mere progress."""

    STATE = "state"
    PROGRESS = "progress"


@dataclass(frozen=True, slots=True)
class Change:
    """A thing is different since this commit."""

    commit: int
    kind: Kind
    thing_id: str
    what: What


@dataclass(frozen=True, slots=True)
class Delta:
    """Changes after a commit, oldest first. `commit` is what to pass as `after` next time.

    `reset`: the feed no longer knows everything since `after`; take a snapshot and go on from `commit`.
    """

    commit: int
    changes: tuple[Change, ...] = ()
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Audience:
    """Who looks. Operators see every task and the audit log; others their own tasks. Nodes are everybody's."""

    user_id: str
    is_operator: bool = False

    @property
    def lanes(self) -> tuple[str, ...]:
        return (_EVERYTHING,) if self.is_operator else (self.user_id, _PUBLIC)


_EVERYTHING: Final = "*"
_PUBLIC: Final = ""
Listener = Callable[[frozenset[str]], None]


class _Lane:
    """The newest commit of each thing that one audience may see, in the order of those commits."""

    __slots__ = ("floor", "things")

    def __init__(self, floor: int) -> None:
        #: Changes up to this commit may be missing.
        self.floor = floor
        self.things: OrderedDict[tuple[Kind, str], tuple[int, int, What]] = OrderedDict()

    def put(self, commit: int, kind: Kind, thing_id: str, what: What) -> None:
        key = (kind, thing_id)
        before = self.things.pop(key, None)
        state_commit = commit if what is What.STATE else (before[1] if before else 0)
        self.things[key] = (commit, state_commit, what)
        while len(self.things) > MAX_THINGS:
            _, (dropped, _, _) = self.things.popitem(last=False)
            self.floor = max(self.floor, dropped)

    def since(self, after: int) -> list[Change]:
        found: list[Change] = []
        for (kind, thing_id), (commit, state_commit, _) in reversed(self.things.items()):
            if commit <= after:
                break
            found.append(Change(commit, kind, thing_id, What.STATE if state_commit > after else What.PROGRESS))
        return found


class FeedSubscription:
    """A listener's place. `close` may be called twice and from any thread."""

    def __init__(self, remove: Callable[[FeedSubscription], None], listener: Listener) -> None:
        self._remove = remove
        self.listener = listener

    def close(self) -> None:
        self._remove(self)


class Feed:
    """Thread-safe. `publish` is called by the writer after each commit and costs it microseconds."""

    def __init__(self, commit_number: int = 0) -> None:
        self._lock = threading.Lock()
        self._commit = commit_number
        self._lanes: OrderedDict[str, _Lane] = OrderedDict()
        self._lanes[_EVERYTHING] = _Lane(commit_number)
        self._lanes[_PUBLIC] = _Lane(commit_number)
        self._floor = commit_number
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._facts: deque[tuple[int, Fact]] = deque(maxlen=MAX_FACTS)
        self._subscriptions: tuple[FeedSubscription, ...] = ()

    @property
    def commit_number(self) -> int:
        """The newest commit that was published. Read it BEFORE the snapshot that it stamps."""
        return self._commit

    def begin_at(self, commit_number: int) -> None:
        """Say where the database stands when the master starts: what was before is a reset for whoever asks."""
        with self._lock:
            self._commit = max(self._commit, commit_number)
            self._floor = max(self._floor, commit_number)
            for lane in self._lanes.values():
                lane.floor = max(lane.floor, commit_number)

    def publish(self, facts: Sequence[Fact], commit_number: int) -> None:
        """Note what a commit changed and wake who listens. Never blocks, never raises for a listener."""
        dirty: set[str] = set()
        with self._lock:
            for fact in facts:
                self._note(fact, commit_number, dirty)
            self._commit = max(self._commit, commit_number)
            subscriptions = self._subscriptions
        if dirty:
            lanes = frozenset(dirty)
            for subscription in subscriptions:
                subscription.listener(lanes)

    def subscribe(self, listener: Listener) -> FeedSubscription:
        """Call `listener(lanes)` after each commit that changed something; see `Audience.lanes`.

        It runs on the writer thread: it may only set a flag.
        """
        subscription = FeedSubscription(self._unsubscribe, listener)
        with self._lock:
            self._subscriptions = (*self._subscriptions, subscription)
        return subscription

    def changes(self, audience: Audience, after: int, limit: int = MAX_CHANGES) -> Delta:
        """Return what changed for this audience after a commit, at most `limit` things, oldest first."""
        with self._lock:
            newest = self._commit
            lanes = [self._lanes.get(name) for name in audience.lanes]
            floor = max(lane.floor if lane is not None else self._floor for lane in lanes)
            if after < floor or after > newest:
                return Delta(newest, reset=True)
            found = [change for lane in lanes if lane is not None for change in lane.since(after)]
        found.sort(key=lambda change: change.commit)
        if len(found) <= limit:
            return Delta(newest, tuple(found))
        # A commit is told whole or not at all, so that its number is a place to go on from.
        last = found[limit].commit
        kept = [change for change in found if change.commit < last] or [c for c in found if c.commit == last]
        return Delta(kept[-1].commit, tuple(kept))

    def facts(self, after: int = 0, limit: int = 100) -> Sequence[tuple[int, Fact]]:
        """Return the last facts with their commits, oldest first; mere progress is left out. For operators."""
        with self._lock:
            newest_first = islice((each for each in reversed(self._facts) if each[0] > after), limit)
            return list(newest_first)[::-1]

    def stats(self) -> Mapping[str, int]:
        """Return how much is remembered, for metrics."""
        with self._lock:
            return {
                "things": sum(len(lane.things) for lane in self._lanes.values()),
                "owners": len(self._lanes) - 2,
                "subscriptions": len(self._subscriptions),
            }

    # ---- inner, under the lock

    def _note(self, fact: Fact, commit: int, dirty: set[str]) -> None:
        match fact:
            case TaskSubmitted() | TaskStateChanged():
                self._own(fact.task_id, fact.owner_id)
                self._put(fact.owner_id, commit, Kind.TASK, fact.task_id, What.STATE, dirty)
            case TaskProgressed():
                self._own(fact.task_id, fact.owner_id)
                self._put(fact.owner_id, commit, Kind.TASK, fact.task_id, What.PROGRESS, dirty)
                return
            case AttemptEnded():
                owner_id = self._owners.get(fact.task_id)
                self._put(owner_id, commit, Kind.TASK, fact.task_id, What.PROGRESS, dirty)
            case NodeEnrolled() | NodeHealthChanged() | NodeAdminChanged() | NodeQuarantined() | FenceViolated():
                self._put(_PUBLIC, commit, Kind.NODE, fact.node_id, What.STATE, dirty)
            case AttemptsSucceeded():
                return  # its tasks say TaskProgressed
            case NoticeRaised():
                self._put(fact.owner_id, commit, Kind.NOTICE, str(fact.sequence), What.STATE, dirty)
                return
            case AuditRecorded():
                self._put(None, commit, Kind.AUDIT, fact.action, What.STATE, dirty)
        self._facts.append((commit, fact))

    def _put(
        self, lane_name: str | None, commit: int, kind: Kind, thing_id: str, what: What, dirty: set[str]
    ) -> None:
        self._lanes[_EVERYTHING].put(commit, kind, thing_id, what)
        dirty.add(_EVERYTHING)
        if lane_name is None:
            return
        lane = self._lanes.get(lane_name)
        if lane is None:
            lane = self._lanes[lane_name] = _Lane(self._floor)
            self._drop_owners(_names_but_fixed(self._lanes))
        lane.put(commit, kind, thing_id, what)
        if lane_name != _PUBLIC:
            self._lanes.move_to_end(lane_name)
        dirty.add(lane_name)

    def _drop_owners(self, names: Iterable[str]) -> None:
        if len(self._lanes) <= MAX_OWNERS + 2:
            return
        oldest = next(iter(names))
        lane = self._lanes.pop(oldest)
        if lane.things:
            newest = next(reversed(lane.things.values()))[0]
            self._floor = max(self._floor, newest)

    def _own(self, task_id: str, owner_id: str) -> None:
        self._owners[task_id] = owner_id
        self._owners.move_to_end(task_id)
        while len(self._owners) > MAX_THINGS:
            self._owners.popitem(last=False)

    def _unsubscribe(self, subscription: FeedSubscription) -> None:
        with self._lock:
            self._subscriptions = tuple(each for each in self._subscriptions if each is not subscription)


def _names_but_fixed(lanes: OrderedDict[str, _Lane]) -> Iterable[str]:
    return (name for name in lanes if name not in (_EVERYTHING, _PUBLIC))
