"""Frames survive any cutting, and nothing before the mark is read as one."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker_app.execution.link import FRAME_MAX, MARK, BrokenFrames, FrameParser

NONCE = b"n" * 16


def frame(kind: bytes, payload: bytes) -> bytes:
    return kind + struct.pack(">I", len(payload)) + payload


@given(st.lists(st.binary(max_size=50), max_size=8), st.binary(max_size=80), st.integers(1, 20))
def test_frames_come_out_whole_however_they_are_cut(payloads: list[bytes], before: bytes, step: int) -> None:
    parser = FrameParser(NONCE)
    content = before + MARK + NONCE + b"".join(frame(b"J", payload) for payload in payloads)
    found = []
    for start in range(0, len(content), step):
        found += parser.feed(content[start : start + step])
    assert found == [(ord("J"), payload) for payload in payloads]


def test_a_forged_mark_with_another_nonce_is_skipped() -> None:
    parser = FrameParser(NONCE)
    assert parser.feed(MARK + b"x" * 16 + frame(b"J", b"forged")) == []
    assert parser.feed(MARK + NONCE + frame(b"J", b"real")) == [(ord("J"), b"real")]


def test_a_frame_beyond_the_limit_ends_the_conversation() -> None:
    with pytest.raises(BrokenFrames):
        FrameParser(NONCE).feed(MARK + NONCE + b"J" + struct.pack(">I", FRAME_MAX + 1))
