"""What came out of a task: the zip, single files, parts of them, and the report."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile

import pytest

from tests.support.pool_master import PLAIN
from tests.support.web_pool import Person, WebPool, a_task, code_of

FILES = {"out.txt": b"0123456789" * 10, "圖.txt": "圖".encode()}


@pytest.fixture
def task_id(web: WebPool, ann: Person) -> str:
    """A task that succeeded with two files and a log."""
    task_id = ann.task()
    web.finish(web.node("n"), FILES, log=b"hello\n")
    return task_id


def test_the_zip_is_whole_and_its_length_is_known_before(ann: Person, task_id: str) -> None:
    answer = ann.get(f"/tasks/{task_id}/result")
    assert answer.headers["Content-Length"] == str(len(answer.data))
    assert "filename*=UTF-8''plain-" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
    assert ann.get(f"/tasks/{task_id}/result").data == answer.data, "a download deletes nothing"


def test_the_zip_can_be_fetched_in_parts_and_asked_whether_it_changed(ann: Person, task_id: str) -> None:
    path = f"/tasks/{task_id}/result"
    whole = ann.get(path)
    etag = whole.headers["ETag"]
    half = len(whole.data) // 2
    first = ann.get(path, headers={"Range": f"bytes=0-{half - 1}"})
    second = ann.get(path, headers={"Range": f"bytes={half}-", "If-Range": etag})
    assert (first.status_code, second.status_code) == (206, 206)
    assert first.data + second.data == whole.data
    assert second.headers["Content-Range"] == f"bytes {half}-{len(whole.data) - 1}/{len(whole.data)}"
    assert ann.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert ann.get(path, headers={"Range": "bytes=5-", "If-Range": '"another"'}).status_code == 200
    beyond = ann.get(path, headers={"Range": f"bytes={len(whole.data)}-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(whole.data)}")


def test_a_file_comes_with_its_digest_in_parts_and_from_its_end(ann: Person, task_id: str) -> None:
    path = f"/tasks/{task_id}/artifacts/out.txt"
    whole = ann.get(path)
    digest = hashlib.sha256(FILES["out.txt"]).digest()
    assert whole.data == FILES["out.txt"]
    assert whole.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"
    assert whole.headers["ETag"] == f'"{digest.hex()}"'
    assert ann.get(path, headers={"Range": "bytes=-3"}).data == b"789"
    assert ann.get(path, headers={"Range": "bytes=98-500"}).data == b"89"
    assert ann.get(path, headers={"If-None-Match": f'"{digest.hex()}"'}).status_code == 304
    assert ann.get(f"/tasks/{task_id}/artifacts/%E5%9C%96.txt").data == FILES["圖.txt"]
    assert code_of(ann.get(f"/tasks/{task_id}/artifacts/none")) == "ARTIFACT_NOT_FOUND"


def test_files_are_listed_in_pages(ann: Person, task_id: str) -> None:
    first = ann.get(f"/tasks/{task_id}/artifacts?limit=1").json
    second = ann.get(f"/tasks/{task_id}/artifacts?limit=1&cursor={first['next']}").json
    assert {each["name"] for each in first["items"] + second["items"]} == set(FILES)
    assert second["next"] is None


def test_logs_and_report_ride_along_when_asked(ann: Person, task_id: str) -> None:
    answer = ann.get(f"/tasks/{task_id}/result?with=logs,report")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert set(archive.namelist()) == {*FILES, "logs/0.out", "report.json"}
        assert archive.read("logs/0.out") == b"hello\n"


def test_several_subtasks_have_a_folder_each_and_what_is_there_may_be_had_early(web: WebPool, ann: Person) -> None:
    task_id = ann.task(files=a_task(PLAIN + '[split]\nmode = "count"\ncount = 2\n'))
    node = web.node("n", slots=1)
    web.finish(node, {"out.txt": b"x"})
    refused = ann.get(f"/tasks/{task_id}/result")
    assert (refused.status_code, code_of(refused)) == (409, "TASK_NOT_ENDED")
    partial = ann.get(f"/tasks/{task_id}/result?partial=true")
    with zipfile.ZipFile(io.BytesIO(partial.data)) as archive:
        assert archive.namelist() == ["0/out.txt"]


def test_the_usage_report_adds_up_as_json_and_as_csv(ann: Person, task_id: str) -> None:
    report = ann.get(f"/tasks/{task_id}/usage").json
    (row,) = report["items"]
    assert report["totals"]["attempts"] == 1
    assert report["totals"]["run_seconds"] == row["run_seconds"] == 30.0
    assert report["totals"]["cpu_percent"] == row["cpu_percent"] == 100.0
    assert report["cost"] == report["totals"]["paid"] == row["paid"]
    answer = ann.get(f"/tasks/{task_id}/usage?format=csv")
    (line,) = csv.DictReader(io.StringIO(answer.text))
    assert line["paid_ucpt"] == str(row["paid"]["ucpt"]) and line["state"] == "SUCCEEDED"


def test_what_has_expired_says_so(web: WebPool, ann: Person, task_id: str) -> None:
    web.clock.advance(s=2 * 86_400)
    web.pool.master.retention.sweep(lambda: False)
    ann.token = web.token(ann)
    for path in ("/result", "/artifacts/out.txt"):
        answer = ann.get(f"/tasks/{task_id}{path}")
        assert (answer.status_code, code_of(answer)) == (404, "RESULT_EXPIRED")
