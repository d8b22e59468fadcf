"""A day of load in bounded memory."""

from __future__ import annotations

import itertools

from core.domain.agent_views import Sample
from worker_app.agent.history import STEPS, History

START = 1_795_500_000_000


def test_a_short_span_has_every_second_and_a_gap_stays_a_gap() -> None:
    history = History()
    for second in [*range(30), *range(45, 60)]:
        history.add(Sample(at_ms=START + second * 1000, host_cpu=float(second)))
    samples, step = history.span(60, START + 60_000)
    assert step == 1 and len(samples) == 45
    assert max(b.at_ms - a.at_ms for a, b in itertools.pairwise(samples)) == 16_000


def test_a_peak_of_one_second_is_still_there_after_a_day() -> None:
    history = History()
    for second in range(0, 86_400, 10):
        history.add(Sample(at_ms=START + second * 1000, host_cpu=99.0 if second == 43_200 else 5.0))
    samples, step = history.span(86_400, START + 86_400_000)
    assert step == STEPS[86_400]
    assert [sample.host_cpu for sample in samples].count(99.0) == 1


def test_memory_stays_the_same_however_long_it_runs() -> None:
    history = History()
    for second in range(200_000):
        history.add(Sample(at_ms=START + second * 1000))
    for ring in history._rings.values():
        assert len(ring.numbers) < 2 * ring.size
