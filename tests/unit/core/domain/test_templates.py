"""What may be kept as a template."""

from __future__ import annotations

import pytest

from core.domain.errors import Invalid
from core.domain.templates import MAX_BYTES, MAX_FIELDS, MAX_NAME, check_template


@pytest.mark.parametrize("name", ["night", "夜間", "x" * MAX_NAME])
def test_good_names(name: str) -> None:
    check_template(name, {"cpu_cores": "1"})


@pytest.mark.parametrize("name", ["", " x", "x\n", "x" * (MAX_NAME + 1)])
def test_bad_names(name: str) -> None:
    with pytest.raises(Invalid, match="name"):
        check_template(name, {})


def test_settings_are_bounded() -> None:
    with pytest.raises(Invalid, match="too many"):
        check_template("x", {f"p{number}": "" for number in range(MAX_FIELDS + 1)})
    with pytest.raises(Invalid, match="too many"):
        check_template("x", {"p": "x" * MAX_BYTES})
