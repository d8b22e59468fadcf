"""The load that users were promised."""

from __future__ import annotations

from core.domain.node import HostUse


def test_load_is_the_larger_of_cpu_and_memory() -> None:
    assert HostUse(cpu_percent=30, memory_percent=70).load == 0.7
    assert HostUse(cpu_percent=80, memory_percent=70).load == 0.8
