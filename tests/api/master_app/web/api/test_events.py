"""Events over plain WSGI: one's own changes since a commit, in the form of the stream."""

from __future__ import annotations

import json

from tests.support.web_pool import Answer, Person, WebPool, code_of


def said(answer: Answer) -> list[tuple[str, dict[str, object]]]:
    assert answer.mimetype == "text/event-stream"
    found = []
    for block in answer.text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n"))
        data = json.loads(lines["data"])
        assert data["commit"] == int(lines["id"])
        found.append((lines["event"], data))
    return found


def test_ones_own_changes_since_a_commit_are_told(web: WebPool, ann: Person, bob: Person) -> None:
    ((hello, at),) = said(ann.get("/events"))
    assert hello == "hello" and 0 < int(str(at["commit"])) < 2**53, "a browser holds it as a number"
    task_id = ann.task()
    # The next command runs when the one before it was told.
    web.pool.run(lambda uow: None)
    events = said(ann.get(f"/events?after={at['commit']}"))
    assert [name for name, _ in events] == ["hello", "change"]
    assert {"kind": "task", "id": task_id, "what": "state"} in events[1][1]["changes"]  # type: ignore[operator]
    again = said(ann.get("/events", headers={"Last-Event-ID": str(events[1][1]["commit"])}))
    assert [name for name, _ in again] == ["hello"]
    assert task_id not in bob.get(f"/events?after={at['commit']}").text
    assert [name for name, _ in said(ann.get("/events?after=0"))] == ["hello", "reset"]
    assert code_of(web.nobody.get("/events")) == "UNAUTHENTICATED"


def test_priority_and_cap_of_a_task_change_while_it_has_not_ended(web: WebPool, ann: Person, bob: Person) -> None:
    task_id = ann.task(max_credits="0.1")
    changed = ann.call("PATCH", f"/tasks/{task_id}", {"priority": 99, "max_credits": "50"})
    assert changed.status_code == 200
    row = web.pool.run(lambda uow: uow.tasks.get(task_id))
    assert row is not None and (row.priority, row.max_ucpt) == (50, 50_000_000), "above 50 is for operators"
    assert code_of(bob.call("PATCH", f"/tasks/{task_id}", {"priority": 1})) == "TASK_NOT_FOUND"
    assert ann.call("PATCH", f"/tasks/{task_id}", {"priority": 101}).status_code == 422
    ann.post(f"/tasks/{task_id}/cancel", {})
    assert code_of(ann.call("PATCH", f"/tasks/{task_id}", {"priority": 1})) == "TASK_ENDED"
