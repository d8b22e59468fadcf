"""Quotas that bind, seen through the door: at intake, at a retry, and by the scheduler."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.pool_master import PLAIN
from tests.support.web_pool import Person, WebPool, a_task, code_of

COUNTED = PLAIN + '[split]\nmode = "count"\ncount = 5\n'


@pytest.mark.parametrize(
    ("quota", "code", "words"),
    [
        (
            {"queued_tasks": 1},
            "QUOTA_QUEUED_TASKS",
            "1 tasks that have not ended; 1 are used and this needs 1 more",
        ),
        ({"queued_subtasks": 5}, "QUOTA_QUEUED_SUBTASKS", "1 are used and this needs 5 more"),
        ({"storage_bytes": 1}, "QUOTA_STORAGE_BYTES", "GB of bundles and results"),
        ({"running_cores": 0.5}, "QUOTA_RUNNING_CPU_MILLIS", "0.5 cores at once"),
        ({"spend_day": "0"}, "QUOTA_SPEND_DAY_UCPT", "0.00 CPT a day"),
    ],
)
def test_each_quota_refuses_naming_itself_what_is_used_and_how_to_get_more(
    web: WebPool, ann: Person, olga: Person, quota: dict[str, Any], code: str, words: str
) -> None:
    ann.task()
    assert olga.put("/users/ann/quota", quota).status_code == 200
    refused = ann.submit(a_task(COUNTED))
    assert (refused.status_code, code_of(refused)) == (429, code)
    assert words in refused.json["detail"] and "ask an operator" in refused.json["fix"]
    assert refused.json["quota"]["wanted"] > 0 and int(refused.headers["Retry-After"]) > 0
    assert len(ann.get("/tasks").json["items"]) == 1


def test_the_pools_own_quota_binds_all_users_together(
    web: WebPool, ann: Person, bob: Person, olga: Person
) -> None:
    olga.call("PATCH", "/settings", {"pool_quota": {"queued_tasks": 1}})
    ann.task()
    refused = bob.submit()
    assert (refused.status_code, code_of(refused)) == (429, "QUOTA_QUEUED_TASKS")
    assert "whole pool" in refused.json["detail"]


def test_a_task_that_ended_frees_its_place_and_a_retry_takes_one(web: WebPool, ann: Person, olga: Person) -> None:
    olga.put("/users/ann/quota", {"queued_tasks": 1})
    first = ann.task()
    ann.post(f"/tasks/{first}/cancel", {})
    ann.task()
    refused = ann.post(f"/tasks/{first}/retry", {})
    assert (refused.status_code, code_of(refused)) == (429, "QUOTA_QUEUED_TASKS")


def test_stored_results_count_until_they_are_given_up(web: WebPool, ann: Person) -> None:
    node = web.node("n")
    task_id = ann.task()
    sent = ann.get("/quota").json["used"]["storage_bytes"]
    web.finish(node, {"out.bin": b"x" * 1000})
    assert ann.get("/quota").json["used"]["storage_bytes"] == sent + 1000
    assert ann.delete(f"/tasks/{task_id}/files").json["state"] == "SUCCEEDED"
    assert ann.get("/quota").json["used"]["storage_bytes"] == 0
    assert code_of(ann.get(f"/tasks/{task_id}/result")) == "RESULT_EXPIRED"
    assert ann.get(f"/tasks/{task_id}/usage").status_code == 200


def test_a_quota_of_cores_is_kept_by_the_scheduler_and_survives_a_restart(
    web: WebPool, ann: Person, olga: Person
) -> None:
    olga.put("/users/ann/quota", {"running_cores": 1})
    node = web.node("n")
    task_id = ann.task(files=a_task(COUNTED))
    assert len(node.take()) == 1
    assert ann.get("/quota").json["used"]["running_cores"] == 1.0
    assert "cores at once" in ann.get(f"/tasks/{task_id}/why").json["summary"]
    web.pool.restart()
    node.connect()
    assert node.take() == []
