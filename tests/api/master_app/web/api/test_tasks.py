"""Looking at tasks and steering them: what `/tasks` promises."""

from __future__ import annotations

from tests.support.web_pool import Person, WebPool, code_of


def test_a_task_is_seen_by_its_owner_and_by_operators_alone(
    web: WebPool, ann: Person, bob: Person, olga: Person
) -> None:
    task_id = ann.task()
    assert ann.get(f"/tasks/{task_id}").json["state"] == "QUEUED"
    assert olga.get(f"/tasks/{task_id}").json["owner"] == "ann"
    answer = bob.get(f"/tasks/{task_id}")
    assert (answer.status_code, code_of(answer)) == (404, "TASK_NOT_FOUND")
    assert [each["task_id"] for each in bob.get("/tasks").json["items"]] == []
    assert [each["task_id"] for each in olga.get("/tasks").json["items"]] == [task_id]
