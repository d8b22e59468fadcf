"""The one line that says why an attempt failed."""

from __future__ import annotations

import pytest

from worker_app.agent.headline import MAX_HEADLINE, Headline, from_traceback

TRACEBACK = """Traceback (most recent call last):
  File "/work/src/tools/main.py", line 12, in <module>
    load("x")
  File "/usr/lib/python3.11/json/decoder.py", line 355, in raw_decode
    raise JSONDecodeError
json.decoder.JSONDecodeError: Expecting value
"""


def test_the_last_line_names_the_error_and_the_persons_own_line() -> None:
    assert from_traceback(TRACEBACK) == "json.decoder.JSONDecodeError: Expecting value (tools/main.py:12)"


def test_its_own_word_wins() -> None:
    headline = Headline()
    headline.output(TRACEBACK.encode())
    headline.fail_line("no tiles left")
    assert headline.text() == "no tiles left"


def test_output_without_a_traceback_gives_none() -> None:
    assert from_traceback("all fine\n") == ""


def test_a_read_only_bundle_is_explained_with_its_fix() -> None:
    text = from_traceback("OSError: [Errno 30] Read-only file system: 'data/x'\n")
    assert "copy = true" in text


@pytest.mark.parametrize("content", [b"\xff" * 100_000, b"ValueError: " + b"x" * 100_000])
def test_it_is_bounded_whatever_is_written(content: bytes) -> None:
    headline = Headline()
    headline.output(content)
    assert len(headline.text()) <= MAX_HEADLINE
