"""The last day of load, in bounded memory: a ring a range, fed by one sample a second at most.

Rings keep the peak of each bucket, so that a short burst is still there after a day. A bucket without a sample
is no bucket: charts have a gap there.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Final

from core.domain.agent_views import Sample

#: Span of a chart in seconds -> step of its buckets.
STEPS: Final = {60: 1, 600: 1, 3600: 5, 86400: 120}
_CHANNELS: Final = tuple(one.name for one in fields(Sample) if one.name != "at_ms")


@dataclass(slots=True)
class _Ring:
    step_s: int
    size: int
    numbers: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("f"))

    def add(self, sample: Sample) -> None:
        bucket = sample.at_ms // (self.step_s * 1000)
        row = [getattr(sample, name) for name in _CHANNELS]
        width = len(_CHANNELS)
        if self.numbers and bucket <= self.numbers[-1]:
            for offset, value in enumerate(row, start=len(self.values) - width):
                self.values[offset] = max(self.values[offset], value)
            return
        self.numbers.append(bucket)
        self.values.extend(row)
        if len(self.numbers) >= 2 * self.size:
            del self.numbers[: -self.size]
            del self.values[: -self.size * width]

    def since(self, from_ms: int) -> Iterator[Sample]:
        width = len(_CHANNELS)
        for index, bucket in enumerate(self.numbers):
            at_ms = bucket * self.step_s * 1000
            if at_ms >= from_ms:
                row = self.values[index * width : (index + 1) * width]
                yield Sample(at_ms=at_ms, **dict(zip(_CHANNELS, row, strict=True)))


class History:
    """All rings. About 250 KiB, whatever happens."""

    def __init__(self) -> None:
        self._rings = {
            step: _Ring(step, max(span // step for span, own in STEPS.items() if own == step) + 2)
            for step in set(STEPS.values())
        }

    def add(self, sample: Sample) -> None:
        for ring in self._rings.values():
            ring.add(sample)

    def span(self, span_s: int, now_ms: int) -> tuple[tuple[Sample, ...], int]:
        """Return the samples of a span that ends now, oldest first, and their step in seconds."""
        step = STEPS.get(span_s, 1)
        return tuple(self._rings[step].since(now_ms - span_s * 1000)), step
