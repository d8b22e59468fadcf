"""The conditions that hold now, as their observers see them, and those that ended lately. Thread-safe.

Each observer reports everything that it finds wrong at the moment, under its own name; what it no longer reports
has ended. So a condition heals by itself when its cause goes, and nobody has to remember to take it back.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from core.clock import Clock
from core.domain.condition import Condition, Gravity

logger = logging.getLogger(__name__)

#: Conditions of one observer; more would be a list that nobody reads.
MAX_OF_ONE: Final = 200
MAX_ENDED: Final = 200

_ORDER: Final = {Gravity.ALERT: 0, Gravity.WARNING: 1, Gravity.NOTICE: 2}
_Key = tuple[str, str]


class Conditions:
    """`report` what is wrong; `current` is what holds, the gravest first. Beginnings and ends are logged."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._by_observer: dict[str, dict[_Key, Condition]] = {}
        self._ended: deque[Condition] = deque(maxlen=MAX_ENDED)

    def report(self, observer: str, found: Iterable[Condition]) -> None:
        """Take what `observer` finds wrong now. The same code and subject as before is the same condition."""
        now_ms = self._clock.wall_ms()
        with self._lock:
            before = self._by_observer.get(observer, {})
            after: dict[_Key, Condition] = {}
            for condition in found:
                key = (condition.code.value, condition.subject)
                known = before.get(key)
                since_ms = condition.since_ms or (known.since_ms if known is not None else now_ms)
                after[key] = replace(condition, since_ms=since_ms)
                if len(after) >= MAX_OF_ONE:
                    break
            self._by_observer[observer] = after
            begun = [condition for key, condition in after.items() if key not in before]
            over = [replace(c, until_ms=now_ms) for key, c in before.items() if key not in after]
            self._ended.extend(over)
        for condition in begun:
            level = logging.WARNING if condition.gravity is not Gravity.NOTICE else logging.INFO
            logger.log(level, condition.words, extra={"condition": condition.code, "subject": condition.subject})
        for condition in over:
            seconds = max(0, now_ms - condition.since_ms) // 1000
            logger.info(
                "over: %s",
                condition.what,
                extra={"condition": condition.code, "subject": condition.subject, "lasted_s": seconds},
            )

    def current(self) -> tuple[Condition, ...]:
        """Return what holds now, the gravest first, then the oldest."""
        with self._lock:
            found = [c for of_one in self._by_observer.values() for c in of_one.values()]
        return tuple(sorted(found, key=lambda c: (_ORDER[c.gravity], c.since_ms, c.code, c.subject)))

    def ended(self) -> tuple[Condition, ...]:
        """Return what ended lately, the newest first: what happened during the night."""
        with self._lock:
            return tuple(reversed(self._ended))
