"""Looking at tasks and steering them: what `/tasks` promises."""

from __future__ import annotations

import threading
import time
from typing import Any, cast

import pytest

from core.clock import SystemClock
from core.domain.user import Role
from tests.fakes.clock import ManualClock
from tests.support.pool_master import PLAIN
from tests.support.web_pool import Person, WebPool, a_task, code_of

COUNTED = PLAIN + '[split]\nmode = "count"\ncount = 3\n'


def test_a_task_is_seen_by_its_owner_and_by_operators_alone(ann: Person, bob: Person, olga: Person) -> None:
    task_id = ann.task()
    assert ann.get(f"/tasks/{task_id}").json["state"] == "QUEUED"
    assert olga.get(f"/tasks/{task_id}").json["owner"] == "ann"
    answer = bob.get(f"/tasks/{task_id}")
    assert (answer.status_code, code_of(answer)) == (404, "TASK_NOT_FOUND")
    assert [each["task_id"] for each in bob.get("/tasks").json["items"]] == []
    assert [each["task_id"] for each in olga.get("/tasks").json["items"]] == [task_id]


def test_a_task_has_what_the_design_promises(web: WebPool, ann: Person) -> None:
    task_id = ann.task()
    web.finish(web.node("n"), {"out.txt": b"x"})
    task = ann.get(f"/tasks/{task_id}").json
    assert (task["state"], task["progress"], task["counts"]["SUCCEEDED"]) == ("SUCCEEDED", 1.0, 1)
    assert task["created_at"] <= task["started_at"] < task["ended_at"] < task["expires_at"]
    assert task["cost"]["ucpt"] > 0 and task["hold"] == {"ucpt": 0, "cpt": "0"}
    for link in task["links"].values():
        assert ann.get(link.removeprefix("/api/v1")).status_code in (200, 405), link


def test_lists_come_in_keyset_pages_newest_first(web: WebPool, ann: Person) -> None:
    made = [ann.task() for _ in range(5)]
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        found = ann.get(f"/tasks?limit=2&cursor={cursor}").json
        seen += [each["task_id"] for each in found["items"]]
        cursor = found["next"]
        ann.task(task_name="new")  # what comes meanwhile moves nothing
    assert seen == made[::-1]


def test_lists_are_filtered_by_state_name_and_time(web: WebPool, ann: Person) -> None:
    first = ann.task(task_name="Alpha 100%")
    ann.post(f"/tasks/{first}/cancel", {})
    web.clock.advance(s=3600)
    second = ann.task(task_name="beta")

    def ids(query: str) -> list[str]:
        return [each["task_id"] for each in ann.get(f"/tasks?{query}").json["items"]]

    assert ids("state=CANCELLED") == ids("name=alpha") == ids("name=0%25") == [first]
    assert ids("state=queued,cancelled") == [second, first]
    assert ids("since=2026-01-01T00:30:00%2B00:00") == [second]
    assert ids("until=2026-01-01T00:30:00Z") == [first]
    assert ids("name=_") == []  # a letter like any other


@pytest.mark.parametrize(
    ("query", "code", "key"),
    [
        ("state=NEVER", "INVALID", "state"),
        ("cursor=nothing", "CURSOR_INVALID", "cursor"),
        ("limit=0", "INVALID", "query.limit"),
        ("limit=501", "INVALID", "query.limit"),
        ("since=soon", "TIME_INVALID", "since"),
        ("until=2026-01-01T00:00:00", "TIME_INVALID", "until"),
    ],
)
def test_a_list_that_makes_no_sense_says_which_field(ann: Person, query: str, code: str, key: str) -> None:
    refused = ann.get(f"/tasks?{query}")
    assert (refused.status_code, code_of(refused)) == (422, code)
    problem = refused.json["problems"][0]
    assert problem["key"].endswith(key.rpartition(".")[2]) and problem["reason"] and problem["fix"]


def test_subtasks_show_their_attempts_in_pages(web: WebPool, ann: Person) -> None:
    task_id = ann.task(files=a_task(COUNTED))
    node = web.node("n")
    web.pool.tick(1)
    for offer in node.take():
        node.start(offer)
    first = ann.get(f"/tasks/{task_id}/subtasks?limit=2").json
    assert [(s["index"], s["state"], s["attempts"][0]["state"]) for s in first["items"]] == [
        (0, "ACTIVE", "RUNNING"),
        (1, "ACTIVE", "RUNNING"),
    ]
    rest = ann.get(f"/tasks/{task_id}/subtasks?limit=2&cursor={first['next']}").json
    assert [(s["index"], s["state"], s["attempts"]) for s in rest["items"]] == [(2, "READY", [])]
    assert rest["next"] is None


def test_events_go_on_from_a_number(web: WebPool, ann: Person) -> None:
    task_id = ann.task()
    web.finish(web.node("n"))
    everything = ann.get(f"/tasks/{task_id}/events").json["items"]
    assert [each["kind"] for each in everything][:1] == ["submitted"]
    assert "SUCCEEDED" in everything[-1]["text"]
    middle = everything[0]["sequence"]
    assert ann.get(f"/tasks/{task_id}/events?after={middle}").json["items"] == everything[1:]
    first = ann.get(f"/tasks/{task_id}/events?limit=1").json
    assert first["next"] == str(middle)


def test_logs_are_read_by_offset_and_say_when_nothing_follows(web: WebPool, ann: Person) -> None:
    task_id = ann.task()
    node = web.node("n")
    (offer,) = node.take()
    node.start(offer)
    text = "第一行\nsecond\n"
    content = text.encode()
    web.write_log(offer.attempt_id, content[:4])  # a character is cut off here
    piece = ann.get(f"/tasks/{task_id}/logs").json
    assert (piece["text"], piece["next"], piece["end"]) == ("第", 3, False)
    web.write_log(offer.attempt_id, content[4:])
    piece = ann.get(f"/tasks/{task_id}/logs?offset={piece['next']}").json
    assert (piece["text"], piece["end"]) == (text[1:], False)
    node.succeed(offer)
    assert ann.get(f"/tasks/{task_id}/logs?offset={piece['next']}").json["end"] is True
    plain = ann.get(f"/tasks/{task_id}/logs", headers={"Accept": "text/plain"})
    assert (plain.data, plain.headers["X-Log-Next"]) == (content, str(len(content)))
    assert code_of(ann.get(f"/tasks/{task_id}/logs?subtask=99")) == "SUBTASK_NOT_FOUND"
    assert code_of(ann.get(f"/tasks/{task_id}/logs?attempt=01ARZ3NDEKTSV4RRFFQ69G5FAV")) == "ATTEMPT_NOT_FOUND"
    assert ann.get(f"/tasks/{task_id}/logs?attempt={offer.attempt_id}&stream=err").json["text"] == ""


def test_pause_resume_cancel_and_what_cannot_be_done(ann: Person) -> None:
    task_id = ann.task()
    assert ann.post(f"/tasks/{task_id}/pause").json["state"] == "PAUSED"
    assert ann.post(f"/tasks/{task_id}/resume").json["state"] == "QUEUED"
    assert ann.post(f"/tasks/{task_id}/cancel", {"reason": "enough"}).json["state"] == "CANCELLED"
    assert ann.post(f"/tasks/{task_id}/cancel", {}).json["state"] == "CANCELLED"  # again is no error
    for verb in ("pause", "resume"):
        refused = ann.post(f"/tasks/{task_id}/{verb}")
        assert (refused.status_code, code_of(refused)) == (409, "TASK_ENDED")


@pytest.mark.parametrize("body", [{"mode": "all"}, {"all": True}])
def test_retry_of_what_succeeded_needs_to_be_asked_for(web: WebPool, ann: Person, body: dict[str, Any]) -> None:
    task_id = ann.task()
    node = web.node("n")
    web.finish(node)
    refused = ann.post(f"/tasks/{task_id}/retry", {})
    assert (refused.status_code, code_of(refused)) == (409, "NOTHING_TO_RETRY")
    assert ann.post(f"/tasks/{task_id}/retry", {"mode": "some"}).status_code == 422
    assert ann.post(f"/tasks/{task_id}/retry", body).json["state"] in ("QUEUED", "RUNNING")
    web.finish(node)
    assert ann.get(f"/tasks/{task_id}").json["state"] == "SUCCEEDED"


def test_retry_runs_what_failed_again_and_keeps_what_succeeded(web: WebPool, ann: Person) -> None:
    task_id = ann.task(files=a_task(COUNTED))
    node = web.node("n")
    web.pool.tick(1)
    good, _running = node.take()
    node.start(good)
    node.succeed(good)
    node.disconnect()
    ann.post(f"/tasks/{task_id}/cancel", {})
    web.pool.tick(3600)
    assert ann.get(f"/tasks/{task_id}").json["state"] == "CANCELLED"
    retried = ann.post(f"/tasks/{task_id}/retry", {"mode": "failed"})
    assert retried.status_code == 200, retried.text
    counts = ann.get(f"/tasks/{task_id}").json["counts"]
    assert (counts["SUCCEEDED"], counts["READY"]) == (1, 2)


def test_why_waiting_names_the_rule_what_is_needed_and_what_there_is(web: WebPool, ann: Person) -> None:
    task_id = ann.task(cpu_cores="64")
    web.node("n")
    why = ann.get(f"/tasks/{task_id}/why").json
    refusal = why["nodes"][0]["refusal"]
    assert why["impossible"] is True and "64" in refusal["needed"] and refusal["permanent"] is True
    assert why["summary"] and why["cheapest_change"]


def test_a_wait_ends_when_the_task_does(tmp_path: Any) -> None:
    web = WebPool(tmp_path, cast("ManualClock", SystemClock()))
    try:
        ann = web.person("ann", Role.SUBMITTER, cpt=150)
        task_id, node = ann.task(), web.node("n")
        began = time.monotonic()
        assert ann.get(f"/tasks/{task_id}?wait=0.3").json["state"] in ("QUEUED", "RUNNING")
        assert 0.3 <= time.monotonic() - began < 10
        later = threading.Timer(0.3, lambda: web.finish(node))
        later.start()
        began = time.monotonic()
        assert ann.get(f"/tasks/{task_id}?wait=60").json["state"] == "SUCCEEDED"
        assert time.monotonic() - began < 30
        later.join()
        assert ann.get(f"/tasks/{task_id}?wait=61").status_code == 422
    finally:
        web.close()


def test_a_task_that_no_node_could_take_goes_on_with_the_change_that_was_offered(
    web: WebPool, ann: Person
) -> None:
    node = web.node("n")
    task_id = ann.task(memory_gb="900")
    task = ann.get(f"/tasks/{task_id}").json
    assert (task["state"], task["held"]) == ("HELD", "NO_FEASIBLE_NODE")
    change = ann.get(f"/tasks/{task_id}/why").json["change"]
    assert change["field"] == "memory_gb" and 0 < change["value"] < 900
    assert code_of(ann.call("PATCH", f"/tasks/{task_id}", {"memory_gb": 0})) == "INVALID"
    answer = ann.call("PATCH", f"/tasks/{task_id}", {change["field"]: change["value"]})
    assert answer.status_code == 200 and answer.json["state"] != "HELD", answer.text
    web.finish(node)
    assert ann.get(f"/tasks/{task_id}").json["state"] == "SUCCEEDED"


def test_only_its_owner_changes_what_a_task_asks_for(ann: Person, bob: Person) -> None:
    task_id = ann.task()
    assert code_of(bob.call("PATCH", f"/tasks/{task_id}", {"memory_gb": 2})) == "TASK_NOT_FOUND"
    assert code_of(ann.call("PATCH", f"/tasks/{task_id}", {"timeout_seconds": 0})) == "OPERATORS_ONLY"
