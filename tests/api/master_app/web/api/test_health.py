"""Is it alive, does it serve, and what is wrong."""

from __future__ import annotations

from dataclasses import replace

from tests.support.web_pool import Person, WebPool


def test_health_says_nothing_else(web: WebPool) -> None:
    assert web.nobody.get("/healthz").json == {"status": "ok"}
    assert web.nobody.get("/readyz").json == {"status": "ready"}


def test_a_master_that_does_not_serve_says_why_with_503(web: WebPool) -> None:
    services = web.app.extensions["hivemind"]
    web.app.extensions["hivemind"] = replace(services, ready=lambda: "the database is away")
    answer = web.nobody.get("/readyz")
    assert (answer.status_code, answer.json["reason"]) == (503, "the database is away")
    assert web.nobody.get("/healthz").status_code == 200


def test_what_is_wrong_is_told_to_operators(ann: Person, olga: Person) -> None:
    found = olga.get("/conditions").json
    assert set(found) >= {"current", "ended"}
    assert ann.get("/conditions").status_code == 403
