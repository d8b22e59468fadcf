"""Amounts add up exactly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.domain.resources import Resources

amounts = st.builds(
    Resources,
    cpu_millis=st.integers(0, 10**6),
    memory_bytes=st.integers(0, 1 << 50),
    disk_bytes=st.integers(0, 1 << 50),
    gpus=st.integers(0, 16),
)


@given(amounts, amounts)
def test_what_is_given_and_taken_back_leaves_nothing(one: Resources, other: Resources) -> None:
    assert one + other - other == one


@given(amounts, amounts)
def test_what_fits_leaves_no_less_than_nothing(asked: Resources, room: Resources) -> None:
    left = room - asked
    assert asked.fits(room) == (min(left.cpu_millis, left.memory_bytes, left.disk_bytes, left.gpus) >= 0)


def test_gpu_memory_counts_only_where_a_gpu_is_asked_for() -> None:
    assert Resources(gpu_memory_bytes=9).fits(Resources())
    assert not Resources(gpus=1, gpu_memory_bytes=9).fits(Resources(gpus=1, gpu_memory_bytes=8))
