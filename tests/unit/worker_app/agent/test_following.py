"""What was dropped from an attempt's output is said in its log, at its place."""

from __future__ import annotations

from typing import Any, cast

from core.domain.resources import Resources
from core.domain.session import LogStream, Offer
from worker_app.agent.following import Following
from worker_app.agent.ports.sandbox import Output


class _Shop:
    def __init__(self) -> None:
        self.logs = self
        self.kept: list[tuple[LogStream, bytes]] = []

    def append(self, attempt_id: str, stream: LogStream, content: bytes) -> None:
        self.kept.append((stream, content))


def follow(*offsets: int) -> list[tuple[LogStream, bytes]]:
    shop = _Shop()
    offer = Offer(
        attempt_id="a",
        task_id="t",
        revision=1,
        index=0,
        epoch=1,
        attempt_number=1,
        resources=Resources(),
        lease_s=60,
    )
    following = Following(offer, (), cast("Any", shop))
    for offset in offsets:
        following.take(Output(stream="stdout", offset=offset, content=b"abcd"))
    return shop.kept


def test_output_without_holes_is_kept_as_it_is() -> None:
    assert [content for _, content in follow(0, 4, 8)] == [b"abcd"] * 3


def test_a_hole_is_said_at_its_place() -> None:
    kept = follow(0, 4, 2_000_008)
    assert [content for _, content in kept] == [
        b"abcd", b"abcd", b"\n[HiveMind: 2,000,000 bytes were dropped here]\n", b"abcd",
    ]  # fmt: skip


def test_after_a_restart_the_first_output_stands_where_it_stands() -> None:
    assert [content for _, content in follow(500)] == [b"abcd"]
