"""Identifiers sort by time, never repeat, and refuse what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import SubtaskKey, UlidFactory, encode_ulid, is_ulid


@given(st.lists(st.integers(0, (1 << 48) - 1), min_size=2, max_size=50))
def test_ulids_increase_whatever_the_clock_does(times: list[int]) -> None:
    factory = UlidFactory(lambda bits: (1 << bits) - 1)
    made = [factory(at_ms) for at_ms in times]
    assert made == sorted(set(made))
    assert all(map(is_ulid, made))


@given(
    st.tuples(st.integers(0, (1 << 48) - 1), st.integers(0, (1 << 80) - 1)),
    st.tuples(st.integers(0, (1 << 48) - 1), st.integers(0, (1 << 80) - 1)),
)
def test_text_order_is_time_order(one: tuple[int, int], other: tuple[int, int]) -> None:
    assert (encode_ulid(*one) < encode_ulid(*other)) == (one < other)


@pytest.mark.parametrize("text", ["", "8" + "0" * 25, "0" * 25, "0" * 25 + "U", "0" * 26 + "\n", "../" + "0" * 23])
def test_what_is_no_ulid_is_refused(text: str) -> None:
    assert not is_ulid(text)


def test_a_time_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        encode_ulid(1 << 48, 0)


def test_a_subtask_is_printed_with_its_task() -> None:
    assert str(SubtaskKey("T", 3)) == "T/3"
