"""What large pieces leave is used again without asking the kernel."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from core.allocator import keep_what_is_there, look_at_all_again, no_collecting

_COUNT = """
import resource, sys
from core.allocator import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
# Large ones first: from them glibc learns to keep less than we want.
pieces = [bytes(1 << 20) for _ in range(4)]
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for number in range(400):
    pieces[number % 4] = bytes(1 << 20)
    if number % 8 == 7:
        pieces = [b""] * 4
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", _COUNT, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have their own allocator")
def test_pieces_are_not_taken_from_the_kernel_again_and_again() -> None:
    kept, given_back = faults("kept"), faults("not")
    assert kept < 3_000, "four pieces have 1,024 pages"
    assert given_back > 3 * kept


def test_nothing_is_collected_in_the_block_and_it_goes_on_after_it() -> None:
    assert gc.isenabled()
    with pytest.raises(KeyError), no_collecting():
        with no_collecting():
            assert not gc.isenabled()
        assert not gc.isenabled(), "the inner block must not end the outer one"
        raise KeyError
    assert gc.isenabled()


def test_what_is_there_is_not_looked_at_again() -> None:
    before = gc.get_freeze_count()
    try:
        keep_what_is_there()
        assert gc.get_freeze_count() > before + 10_000
    finally:
        look_at_all_again()
    assert gc.get_freeze_count() == 0
