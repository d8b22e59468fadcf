"""The typed client against the real app over loopback; and against a wire that breaks."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from core.blobs.bundler import pack_folder
from core.client import (
    AuthError,
    ClientError,
    ConflictError,
    HiveMind,
    NotFoundError,
    QuotaError,
    TransientError,
    ValidationFailed,
)
from core.client.errors import error_from
from tests.api.core.conftest import Served

PASSWORD = "a long enough password"


@pytest.fixture
def task_zip(task_folder: Path, tmp_path: Path) -> Path:
    target = tmp_path / "task.zip"
    pack_folder(task_folder, target)
    return target


def _finish(served: Served) -> None:
    node = served.web.pool.nodes.get("n") or served.web.node("n", served.bob)
    served.web.finish(node, {"out.txt": b"done" * 1000}, log="第一\n".encode())


def test_from_an_account_to_a_result(served: Served, task_zip: Path, tmp_path: Path) -> None:
    with HiveMind(served.url) as hive:
        hive.register("mei", PASSWORD)
        login = hive.login("mei", PASSWORD)
        assert login.balance.ucpt == 150_000_000 and login.token not in repr(login)
        seen: list[tuple[int, int]] = []
        made = hive.submit(task_zip, {"cpu_cores": 1}, progress=lambda done, total: seen.append((done, total)))
        assert seen[-1] == (task_zip.stat().st_size,) * 2
        threading.Timer(0.2, lambda: _finish(served)).start()
        task = hive.wait(made.task_id, timeout_s=30)
        assert task.has_succeeded and task.cost.ucpt > 0
        assert hive.log(made.task_id).text == "第一\n"
        assert [each["name"] for each in hive.artifacts(made.task_id)] == ["out.txt"]
        size = hive.download_result(made.task_id, tmp_path / "result.zip")
        assert size == (tmp_path / "result.zip").stat().st_size
        with zipfile.ZipFile(tmp_path / "result.zip") as archive:
            assert archive.read("out.txt") == b"done" * 1000
        assert hive.usage(made.task_id)["totals"]["attempts"] == 1
        assert next(iter(hive.events(made.task_id)))["kind"] == "submitted"
        paid = next(each for each in hive.ledger() if each.code == "ATTEMPT_PAID" or each.task_id)
        assert hive.explain(paid.transfer_id)["summary"]
        assert [node.name for node in hive.nodes()] == ["n"] and hive.version()
        hive.logout()
        with pytest.raises(AuthError):
            hive.me()


def test_what_was_uploaded_is_not_uploaded_again(served: Served, task_zip: Path) -> None:
    with served.client() as hive:
        hive.upload(task_zip)
        seen: list[int] = []
        hive.upload(task_zip, lambda done, _total: seen.append(done))
        assert seen == [task_zip.stat().st_size]
        assert hive.check(task_zip)["name"] == "folder"


def test_pages_are_fetched_as_they_are_needed(served: Served) -> None:
    made = [served.ann.task() for _ in range(4)]
    with served.client() as hive:
        assert [task.task_id for task in hive.tasks(limit=3)] == made[:0:-1]
        assert [task.task_id for task in hive.tasks(states=["CANCELLED"])] == []
        assert hive.cancel(made[0]) == "CANCELLED"
        assert [task.task_id for task in hive.tasks(states=["CANCELLED"])] == made[:1]


def test_errors_tell_their_cause_with_code_fix_and_request(served: Served, task_zip: Path) -> None:
    with served.client() as hive:
        cases: list[tuple[Callable[[], object], type[ClientError], str]] = [
            (lambda: hive.task("01ARZ3NDEKTSV4RRFFQ69G5FAV"), NotFoundError, "TASK_NOT_FOUND"),
            (lambda: hive.transfer("bob", "1000"), QuotaError, "OUT_OF_FUNDS"),
            (lambda: hive.transfer("bob", "much"), ValidationFailed, "AMOUNT_INVALID"),
            (hive.join_link, AuthError, "ROLE_MISSING"),
            (lambda: hive.submit(task_zip, {"cpu_cores": "many"}), ValidationFailed, "MANIFEST_INVALID"),
            (lambda: hive.retry(served.ann.task()), ConflictError, "TASK_NOT_ENDED"),
        ]
        for call, kind, code in cases:
            with pytest.raises(kind) as error:
                call()
            assert (error.value.code, bool(error.value.request_id)) == (code, True)
        assert error.value.status == 409


def test_a_wait_that_takes_too_long_says_where_the_task_stands(served: Served) -> None:
    with served.client() as hive:
        task_id = served.ann.task()
        with pytest.raises(TransientError) as error:
            hive.wait(task_id, timeout_s=0.2)
        assert error.value.code == "WAIT_TIMEOUT" and "QUEUED" in error.value.message


def test_nobody_there_and_no_address_are_told_apart() -> None:
    with HiveMind("http://127.0.0.1:9", timeout_s=2) as hive, pytest.raises(TransientError) as away:
        hive.make_token("x", ["account"])
    assert away.value.code == "UNREACHABLE"
    with pytest.raises(ClientError) as none:
        HiveMind("nonsense://x").me()
    assert none.value.code == "URL_INVALID"
    with pytest.raises(ClientError) as no_file:
        HiveMind("https://localhost", ca_file=Path("/nowhere/ca.pem"))
    assert no_file.value.code == "CA_FILE_INVALID"


class Wire:
    """A transport that answers what a test says, one answer a request."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def _hive(wire: Wire) -> HiveMind:
    return HiveMind("http://master", token="hm_x", transport=httpx2.MockTransport(wire))


def _busy() -> httpx2.Response:
    return httpx2.Response(503, json={"code": "BUSY", "detail": "busy"}, headers={"Retry-After": "0"})


def test_only_what_may_be_repeated_is_repeated() -> None:
    money = {"balance": {"ucpt": 1, "cpt": "0.000001"}}
    wire = Wire(_busy(), httpx2.ConnectError("down"), httpx2.Response(200, json=money))
    assert _hive(wire).balance().ucpt == 1 and len(wire.asked) == 3
    wire = Wire(_busy(), httpx2.Response(200, json={"token": "t"}))
    with pytest.raises(TransientError):
        _hive(wire).make_token("x", ["account"])
    assert len(wire.asked) == 1, "a token would be made twice"
    row = {"transfer_id": "t", "code": "USER_TRANSFER", "amount": {"ucpt": 1, "cpt": "1"}}
    wire = Wire(_busy(), httpx2.Response(201, json={**row, "change": {"ucpt": -1, "cpt": "-1"}}))
    assert _hive(wire).transfer("bob", "1").transfer_id == "t"
    keys = {request.headers["Idempotency-Key"] for request in wire.asked}
    assert len(wire.asked) == 2 and len(keys) == 1, "the same key each time"


def test_a_download_goes_on_where_it_broke(tmp_path: Path) -> None:
    content = b"0123456789" * 100

    class Breaking(httpx2.SyncByteStream):
        def __iter__(self):  # type: ignore[no-untyped-def]
            yield content[:400]
            raise httpx2.ReadError("cut")

    head = {"ETag": '"abc"', "Content-Length": str(len(content))}
    rest = {"ETag": '"abc"', "Content-Length": "600"}
    wire = Wire(
        httpx2.Response(200, headers=head, stream=Breaking()),
        httpx2.Response(206, headers=rest, content=content[400:]),
    )
    assert _hive(wire).download_result("t", tmp_path / "r.zip") == len(content)
    assert (tmp_path / "r.zip").read_bytes() == content
    assert (wire.asked[1].headers["Range"], wire.asked[1].headers["If-Range"]) == ("bytes=400-", '"abc"')
    assert [file.name for file in tmp_path.iterdir()] == ["r.zip"], "no unfinished file is left"


def test_an_answer_that_is_none_of_ours_is_still_an_error_with_a_code() -> None:
    for status, body in ((502, {}), (418, {"code": 5, "problems": ["x", {"line": "y"}]}), (404, {"detail": None})):
        error = error_from(status, body, "soon")
        assert error.code and error.message and error.status == status
    wire = Wire(httpx2.Response(200, content=b"<html>"))
    with pytest.raises((ClientError, KeyError)):
        _hive(wire).balance()
