"""What an estimate is from, and templates that are refused."""

from __future__ import annotations

import pytest

from tests.support.web_pool import Person, code_of


def test_an_estimate_says_what_it_is_from_by_resource(ann: Person) -> None:
    quote = ann.submit(cpu_cores="2", memory_gb="4").json["quote"]
    assert quote["subtasks"] == 1 and quote["source"] == "limit"
    assert {name: money["cpt"] for name, money in quote["per_minute"].items()} == {"cpu": "0.2", "memory": "0.1"}
    minutes = quote["longest_seconds"] / 60
    # Each tick is rounded up for itself.
    assert quote["high"]["ucpt"] == pytest.approx(300_000 * 1.5 * minutes, rel=1e-4), "in full use all the time"


def test_a_template_without_settings_is_no_template(ann: Person) -> None:
    assert ann.put("/templates/x", {}).status_code == 422
    assert code_of(ann.delete("/templates/x")) == "TEMPLATE_NOT_FOUND"
