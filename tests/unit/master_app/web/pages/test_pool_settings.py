"""Bounds as people write them."""

from __future__ import annotations

import re

import pytest

from core.domain.ledger import UCPT_PER_CPT
from master_app.web.pages.pool_settings import BOUNDS, shown, written


@pytest.mark.parametrize(
    ("text", "size", "value"),
    [("", 1, None), ("10,000", 1, 10_000), ("1.5", 1000, 1500), ("0.000001", UCPT_PER_CPT, 1), ("0", 1, 0)],
)
def test_a_bound_is_read_and_shown_as_it_was_written(text: str, size: int, value: int | None) -> None:
    assert written(text, size) == value
    assert shown(value, size) == text


@pytest.mark.parametrize("text", ["x", "-1", "1e9", "1.2.3", "9" * 13, "\u0663", "."])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        written(text, 1)


def test_every_bound_of_a_quota_has_its_field() -> None:
    from dataclasses import fields

    from core.domain.user import Quota

    assert set(BOUNDS) == {field.name for field in fields(Quota)}
