"""The writer's queue."""

from __future__ import annotations

import threading

import pytest

from core.domain.errors import Busy, StorageUnavailable
from master_app.ports.unit_of_work import Lane
from master_app.storage.lanes import LanedQueue


def test_lanes_take_turns_and_keep_their_order() -> None:
    queue: LanedQueue[str] = LanedQueue()
    for number in range(3):
        queue.put(Lane.NODES, f"n{number}")
    queue.put(Lane.PEOPLE, "p0")
    queue.put(Lane.INNER, "i0")
    taken = [queue.take() for _ in range(6)]
    assert sorted(filter(None, taken[:3])) == ["i0", "n0", "p0"]
    assert taken[3:] == ["n1", "n2", None]


def test_a_full_lane_refuses_and_others_do_not() -> None:
    queue: LanedQueue[int] = LanedQueue({lane: 1 for lane in Lane})
    queue.put(Lane.NODES, 1)
    with pytest.raises(Busy):
        queue.put(Lane.NODES, 2)
    queue.put(Lane.PEOPLE, 3)
    assert len(queue) == 2


def test_waiting_ends_when_something_comes_and_when_the_queue_is_closed() -> None:
    queue: LanedQueue[int] = LanedQueue()
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(queue.wait()))
    thread.start()
    queue.put(Lane.INNER, 1)
    thread.join(30)
    assert found == [True]
    queue.close()
    assert queue.wait() is True, "what waits can still be taken"
    assert queue.take() == 1
    assert queue.wait() is False
    with pytest.raises(StorageUnavailable):
        queue.put(Lane.INNER, 2)
