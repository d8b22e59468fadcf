"""Figures for Prometheus: who gets them, and that nobody can blow them up."""

from __future__ import annotations

from core.domain.user import Scope
from tests.support.web_pool import Person, WebPool


def test_figures_are_for_this_computer_and_for_tokens_that_may(web: WebPool, ann: Person, olga: Person) -> None:
    ann.task()
    web.node("n", slots=7)
    text = web.nobody.get("/metrics").text
    assert 'hivemind_nodes{admin="ACTIVE",health="READY"} 1.0' in text
    assert 'hivemind_tasks{state="QUEUED"} 1.0' in text
    assert 'hivemind_http_requests_total{endpoint="submitting.submit",method="POST",status="201"} 1.0' in text
    assert "hivemind_slots 7.0" in text
    away = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}}
    assert web.nobody.get("/metrics", **away).status_code == 401
    assert ann.get("/metrics", **away).status_code == 403
    assert olga.get("/metrics", **away).status_code == 200
    assert web.with_scopes(olga, Scope.NODES_READ).get("/metrics", **away).status_code == 200
    assert web.with_scopes(olga, Scope.TASKS_READ).get("/metrics", **away).status_code == 403
    # A proxy on this computer makes nobody local.
    assert web.nobody.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 401


def test_paths_that_nobody_serves_make_no_new_figures(web: WebPool) -> None:
    for number in range(20):
        web.nobody.get(f"/api/v1/nothing-{number}")
    text = web.nobody.get("/metrics").text
    assert text.count("hivemind_http_requests_total{") == 1
