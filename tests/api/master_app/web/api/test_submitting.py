"""Sending tasks: every field however it comes, keys that make one task, prices and problems before sending."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.support.pool_master import PLAIN, zipped
from tests.support.web_pool import Person, WebPool, a_task, as_file, code_of


def test_a_submission_answers_what_the_design_promises(web: WebPool, ann: Person) -> None:
    made = ann.submit()
    assert made.status_code == 201
    assert made.headers["Location"] == f"/api/v1/tasks/{made.json['task_id']}" == made.json["links"]["self"]
    assert made.json["state"] == "QUEUED" and made.json["repeated"] is False
    assert made.json["quote"]["low"]["ucpt"] < made.json["quote"]["high"]["ucpt"]


def test_the_form_of_the_readme_is_read_from_file_parts(web: WebPool, ann: Person) -> None:
    """`requests` with everything in `files=` sends each field as a file part with a name of its own."""
    boundary = "b0undary"
    parts = {"task_name": "image_processing", "cpu_cores": "4", "memory_gb": "8", "gpu_required": "True"}
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{n}"; filename="{n}"\r\n\r\n{v}\r\n'.encode()
        for n, v in parts.items()
    )
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="task_file"; filename="task.zip"\r\n\r\n'
    body += head.encode() + zipped({"main.py": b"print(1)\n"}) + f"\r\n--{boundary}--\r\n".encode()
    made = ann.post("/api/tasks", data=body, content_type=f"multipart/form-data; boundary={boundary}")
    assert made.status_code == 201, made.text
    task = web.pool.run(lambda uow: uow.tasks.spec_json(made.json["task_id"]))
    assert '"cpu_millis": 4000' in task.replace("'", '"') or "4000" in task
    assert ann.get(f"/tasks/{made.json['task_id']}").json["name"] == "image_processing"


def test_the_same_key_makes_one_task(ann: Person, bob: Person) -> None:
    key = {"Idempotency-Key": "once"}
    first, again = ann.submit(headers=key), ann.submit(headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json["task_id"] == again.json["task_id"] and again.json["repeated"] is True
    # A key belongs to its user.
    assert bob.submit(headers=key).json["task_id"] != first.json["task_id"]
    for bad in ("with space", "x" * 201):
        refused = ann.submit(headers={"Idempotency-Key": bad})
        assert (refused.status_code, code_of(refused)) == (422, "IDEMPOTENCY_KEY_INVALID")


def test_problems_come_with_line_key_reason_and_fix(ann: Person) -> None:
    wrong = PLAIN.replace("memory_gb", "memroy_gb").encode()
    refused = ann.submit({"hivemind.toml": wrong, "main.py": b""})
    assert (refused.status_code, code_of(refused)) == (422, "MANIFEST_INVALID")
    problem = refused.json["problems"][0]
    assert (problem["key"], problem["line"]) == ("resources.memroy_gb", 9)
    assert "memory_gb" in problem["fix"]
    assert ann.get("/tasks").json["items"] == []


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({}, 422, "TASK_FILE_MISSING"),
        ({"task_file": (as_file(b"no zip"), "a.zip")}, 422, "ZIP_REFUSED"),
        ({"task_file": (as_file(zipped({})), "a.zip")}, 422, "ZIP_EMPTY"),
        ({"task_file": (as_file(zipped({"../x": b""})), "a.zip")}, 422, "ZIP_REFUSED"),
        ({"bundle": "f" * 64}, 404, "UPLOAD_NOT_FOUND"),
        ({"bundle": "f" * 64, "params": "{"}, 404, "UPLOAD_NOT_FOUND"),
    ],
)
def test_what_is_no_task_is_refused_by_name(ann: Person, form: dict[str, Any], status: int, code: str) -> None:
    refused = ann.post("/tasks", data=form, content_type="multipart/form-data")
    assert (refused.status_code, code_of(refused)) == (status, code)
    assert refused.json["fix"] or refused.json["problems"][0]["fix"]


def test_a_form_that_is_none_or_was_cut_off_is_refused(ann: Person) -> None:
    for body, kind in (
        (b"x", "text/plain"),
        (b"x", "multipart/form-data"),
        (b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1", "multipart/form-data; boundary=b"),
    ):
        refused = ann.post("/tasks", data=body, content_type=kind)
        assert (refused.status_code, code_of(refused)) == (422, "FORM_INVALID")


def test_check_and_quote_say_what_would_be_and_keep_nothing(ann: Person) -> None:
    for path in ("/tasks/check", "/tasks/quote"):
        form = {"task_file": (as_file(zipped(a_task())), "task.zip"), "max_credits": "0.5"}
        found = ann.post(path, data=form, content_type="multipart/form-data").json
        assert (found["name"], found["subtask_count"], found["file_count"]) == ("plain", 1, 2)
        assert found["quote"]["high"]["cpt"] == "0.5"
    assert ann.get("/tasks").json["items"] == []
    assert ann.get("/quota").json["used"]["storage_bytes"] == 0


def test_the_low_end_of_a_quote_is_what_a_short_run_costs(web: WebPool, ann: Person) -> None:
    """A run of a second is metered as a second, not as a whole tick."""
    made = ann.submit()
    node = web.node("n")
    (offer,) = node.take()
    node.start(offer)
    node.succeed(offer, tick_count=0)
    paid = ann.get(f"/tasks/{made.json['task_id']}").json["cost"]["ucpt"]
    assert paid <= made.json["quote"]["low"]["ucpt"] < 5_000


def test_a_zip_that_was_uploaded_before_is_submitted_by_its_digest(ann: Person, bob: Person) -> None:
    content = zipped(a_task())
    name = hashlib.sha256(content).hexdigest()
    assert ann.put(f"/blobs/{name}?size={len(content)}", data=content).json["complete"] is True
    refused = bob.post("/tasks", {"bundle": name})  # somebody else's upload is as if it were not there
    assert (refused.status_code, code_of(refused)) == (404, "UPLOAD_NOT_FOUND")
    made = ann.post("/tasks", {"bundle": name, "task_name": "by name", "params": {}})
    assert made.status_code == 201, made.text
    assert ann.get(f"/tasks/{made.json['task_id']}").json["name"] == "by name"


def test_out_of_money_is_said_at_once_and_goes_on_by_itself(web: WebPool, ann: Person, bob: Person) -> None:
    ann.post("/transfer", {"to": "bob", "amount": "150"}, headers={"Idempotency-Key": "all"})
    made = ann.submit()
    assert made.status_code == 201 and made.json["state"] == "HELD"
    assert "balance" in made.json["state_reason"]
    bob.post("/transfer", {"to": "ann", "amount": "10"}, headers={"Idempotency-Key": "back"})
    web.node("n")
    web.pool.tick(2)
    assert ann.get(f"/tasks/{made.json['task_id']}").json["state"] in ("QUEUED", "RUNNING")
