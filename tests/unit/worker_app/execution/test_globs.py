"""Output patterns mean what people expect, and cannot be made to run for ever."""

from __future__ import annotations

import re

import pytest

from core.domain.errors import Invalid
from worker_app.execution.globs import glob_to_regex, roots_of


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("out/**", "out/a/b", True),
        ("out/**", "out", False),
        ("out/*", "out/a/b", False),
        ("out/**/x", "out/x", True),
        ("out/**/x", "out/a/b/x", True),
        ("**/x.png", "out/x.png", True),
        ("out/t?.png", "out/t1.png", True),
        ("out/t?.png", "out/t/.png", False),
        ("out/a.b", "out/aXb", False),
        ("out/[x]", "out/[x]", True),
        ("out/**", "out/a\nb", True),
    ],
)
def test_patterns(pattern: str, path: str, matches: bool) -> None:
    assert bool(re.match(glob_to_regex(pattern), path)) is matches


def test_a_pattern_that_would_backtrack_without_bound_is_refused() -> None:
    with pytest.raises(Invalid):
        glob_to_regex("**/" * 9)


def test_only_the_needed_folders_are_walked() -> None:
    assert roots_of(("out/**",)) == ["out"]
    assert roots_of(("checkpoint/**", "out/a")) == ["checkpoint", "out"]
    assert roots_of(("**",)) == ["run", "out"]
    assert roots_of(("log.txt",)) == ["run"]
