"""Portions of a long list: nobody is passed over for ever."""

from __future__ import annotations

from collections import Counter

from master_app.scheduling.turns import Turns


def test_a_short_list_is_taken_whole() -> None:
    turns = Turns(3)
    assert list(turns.take("abc")) == ["a", "b", "c"]
    assert list(turns.take("")) == []


def test_everybody_has_a_turn() -> None:
    turns = Turns(3)
    names = "abcdefgh"
    had = Counter(name for _ in range(8) for name in turns.take(names))
    assert had == Counter(dict.fromkeys(names, 3))


def test_a_list_that_grew_shorter_goes_on() -> None:
    turns = Turns(3)
    turns.take("abcdefgh")
    turns.take("abcdefgh")
    assert set(turns.take("abcd")) | set(turns.take("abcd")) == set("abcd")
