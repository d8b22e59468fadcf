"""Looks for garbage on the Qt thread alone.

Python looks for cycles on whichever thread happens to make an object. Windows stand in cycles with their handlers;
freed on the thread of a network loop, a widget is taken apart there while the Qt thread uses what it belongs to,
and the program ends with a segmentation fault.
"""

from __future__ import annotations

import gc
from typing import Final

from PySide6.QtCore import QObject, QTimer

LOOK_MS: Final = 1000


def collect_what_is_due() -> int:
    """Collect the oldest generation whose turn has come by the limits of `gc`; return it, or -1 for none."""
    counts, limits = gc.get_count(), gc.get_threshold()
    for generation in (2, 1, 0):
        if counts[generation] > limits[generation] > 0:
            gc.collect(generation)
            return generation
    return -1


class GarbageOnThisThread(QObject):
    """From its making on, cycles are looked for once a second on the thread of its parent, and on no other."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        timer = QTimer(self)
        timer.timeout.connect(collect_what_is_due)
        timer.start(LOOK_MS)
