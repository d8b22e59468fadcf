"""Orders to the watchdog are lines that no content can break."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.sandboxes import order
from worker_app.execution.watchdog import orders_of, spelled

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)


@given(words=st.lists(TEXTS, max_size=5), value=TEXTS)
def test_an_order_is_one_line_for_each_word_and_variable(words: list[str], value: str) -> None:
    lines = orders_of(order("sh", *words, timeout_s=1.2), {"V": value}, 4096).split(b"\n")
    assert lines[0] == b"run 2 1 600 4 /work/run"
    assert [line[:2] for line in lines[1:-2]] == [b"a:"] * (len(words) + 1) + [b"e:"]
    assert lines[-2:] == [b"go", b""]


@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no POSIX shell")
@settings(max_examples=25, deadline=None)
@given(text=TEXTS)
def test_a_shell_reads_back_what_was_spelled(text: str) -> None:
    done = subprocess.run(
        ["sh", "-c", 'IFS= read -r line; printf "%b" "$line"'],
        input=(spelled(text) + "\n").encode(),
        capture_output=True,
        check=True,
    )
    assert done.stdout == text.encode()
