"""Keeps memory that large pieces have just left, so that the next pieces need not ask the kernel for it again.

glibc takes each block of a mebibyte from the kernel and gives it back when it is freed: 500 page faults for each
mebibyte that a transfer moves, half of its cpu time. It learns better by itself, but only after hundreds of them.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: Blocks up to this size come from memory that is kept. glibc allows at most 32 MiB.
KEPT_BLOCK_BYTES: Final = 16 << 20
#: How much free memory at the end of a heap is kept: what one transfer has under way at a time.
KEPT_FREE_BYTES: Final = 32 << 20
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3


def keep_freed_memory() -> bool:
    """Set this process up for transfers; once, at its start. Returns False where the C library is another."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    kept = mallopt(_M_MMAP_THRESHOLD, KEPT_BLOCK_BYTES) and mallopt(_M_TRIM_THRESHOLD, KEPT_FREE_BYTES)
    return bool(kept)


@contextmanager
def no_collecting() -> Iterator[None]:
    """Look for no garbage in cycles during the block, in which many values are made that stay."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def keep_what_is_there() -> None:
    """Never look for garbage among what there is now: to be called once what stays is there. What is let go of is
    freed as ever, but for cycles.
    """
    gc.freeze()


def look_at_all_again() -> None:
    """Undo `keep_what_is_there`: much of it is not needed any more."""
    gc.unfreeze()
