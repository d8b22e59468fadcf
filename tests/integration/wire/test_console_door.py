"""The console's door on a real master: pages, acts, links and Watch, over TLS."""

from __future__ import annotations

import io
import queue
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from core.desktop.bridge import LoopThread
from core.domain.console import Overview, TaskQuery
from core.domain.console_near import LabelChange, LogHits, TaskUse
from core.domain.console_pages import ListQuery, TransferQuery, UserChange
from core.domain.errors import HiveMindError, Invalid, NotFound, Unauthenticated
from core.domain.operations import NewJoinLink, NewUser, TaskAction
from core.domain.task import LIVE_TASK_STATES
from core.pb import console_pb2, console_pb2_grpc
from core.rpc.channel import open_channel
from core.rpc.console_link import parse_console_link
from master_app.console.client import RemoteMaster, sign_in
from master_app.console.port import Endpoint, Link, LinkState
from tests.support.console_master import PASSWORD, ServedMaster, remote, served_master

LIVE = tuple(sorted(state.value for state in LIVE_TASK_STATES))


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedMaster]:
    with served_master(tmp_path_factory.mktemp("master")) as made:
        yield made


@pytest.fixture(scope="module")
def client(master: ServedMaster) -> Iterator[RemoteMaster]:
    with remote(master) as made:
        yield made


@pytest.fixture(scope="module")
def task_id(client: RemoteMaster, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("zips") / "task.zip"
    path.write_bytes(_zip("first-task"))
    return client.submit(path, {}, key="k1", check_only=False, progress=lambda *_: None).result(30).task_id


def _zip(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("main.py", "print('hello')\n")
        made.writestr("hivemind.toml", f'[task]\nname = "{name}"\n[split]\nmode = "count"\ncount = 4\n')
    return out.getvalue()


def test_the_pool_says_who_it_is(master: ServedMaster, client: RemoteMaster) -> None:
    pool = client.pool().result(10)
    assert pool.pool_name == "test pool"
    assert pool.web.startswith("http://127.0.0.1:")
    assert pool.certificate_expires_ms > pool.now_ms > 0


def test_a_task_is_checked_submitted_found_and_explained(
    client: RemoteMaster, task_id: str, tmp_path: Path
) -> None:
    path = tmp_path / "second.zip"
    path.write_bytes(_zip("second-task"))
    told: list[tuple[int, int]] = []
    checked = client.submit(
        path, {}, key="", check_only=True, progress=lambda sent, total: told.append((sent, total))
    ).result(30)
    assert (checked.task_id, checked.subtask_count, checked.name) == ("", 4, "second-task")
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
    page = client.tasks(TaskQuery(states=LIVE)).result(10)
    assert [row.name for row in page.rows] == ["first-task"]
    assert client.tasks(TaskQuery(text="FIRST")).result(10).total == 1
    assert client.tasks(TaskQuery(text="olg")).result(10).total == 1, "owners are searched too"
    assert client.tasks(TaskQuery(text="nothing like it")).result(10).total == 0
    assert client.tasks(TaskQuery(task_ids=(task_id,))).result(10).rows[0].task_id == task_id
    states = client.subtasks(task_id).result(10)
    assert states.total == 4 and {states.names[place] for place in states.states} == {"READY"}
    assert "No node has joined" in client.why_waiting(task_id).result(10).summary
    assert 'name = "first-task"' in client.manifest(task_id).result(10)
    assert client.attempts(task_id).result(10).rows == ()
    assert client.artifacts(task_id).result(10).rows == ()


def test_a_zip_that_is_refused_says_why(client: RemoteMaster, tmp_path: Path) -> None:
    path = tmp_path / "bad.zip"
    path.write_bytes(b"this is no zip")
    with pytest.raises(HiveMindError) as refused:
        client.submit(path, {}, key="", check_only=False, progress=lambda *_: None).result(30)
    assert refused.value.code


@pytest.mark.parametrize(
    "sort", ["name", "owner", "state", "priority", "age", "progress", "running", "paid", "cap"]
)
def test_tasks_can_be_sorted_by_what_the_queue_shows(client: RemoteMaster, task_id: str, sort: str) -> None:
    for descending in (False, True):
        query = TaskQuery(sort=sort, descending=descending, states=LIVE, limit=10)
        assert client.tasks(query).result(10).total == 1


def test_priority_and_state_are_changed_and_audited(client: RemoteMaster, task_id: str) -> None:
    assert client.set_priority(task_id, 80).result(10).priority == 80
    assert client.act_on_task(task_id, TaskAction.PAUSE, "a look at it").result(10).state == "PAUSED"
    assert client.act_on_task(task_id, TaskAction.RESUME, "seen").result(10).state == "QUEUED"
    said = client.audit(ListQuery(text="task.")).result(10)
    assert {"task.pause", "task.priority"} <= {row.action for row in said.rows}
    assert said.rows[0].subject_name == "first-task"
    with pytest.raises(Invalid):
        client.act_on_task(task_id, TaskAction.PAUSE, " ").result(10)


def test_the_ledger_adds_up_and_explains_itself(client: RemoteMaster, task_id: str) -> None:
    client.grant("olga", 25_000_000, "once", "for a test").result(10)
    client.grant("olga", 25_000_000, "once", "for a test").result(10)
    lines = client.audit(ListQuery(text="money.grant")).result(10).rows
    assert ["for a test" in line.details for line in lines] == [True], "why stands in the log, once"
    accounts = client.accounts(ListQuery()).result(10)
    assert accounts.sum_ucpt == 0
    olga = next(row for row in accounts.rows if row.name == "olga")
    assert [row.kind for row in accounts.pool] == ["mint", "holds", "fees"]
    held = accounts.pool[1].balance_ucpt
    assert olga.balance_ucpt + held == 175_000_000 or accounts.total > 1
    page = client.transfers(TransferQuery(account_id=olga.account_id)).result(10)
    assert page.in_ucpt >= 175_000_000
    granted = next(row for row in page.rows if row.code == "GRANT_OPERATOR")
    assert granted.credit_name == "olga"
    assert "operator" in client.explain(granted.transfer_id).result(10).summary
    days = client.days(olga.account_id, 0, 8 * 3_600_000).result(10)
    assert sum(day.income_ucpt for day in days.rows) == page.in_ucpt
    assert client.transfers(TransferQuery(until_ms=1)).result(10).total == 0
    assert client.verify_ledger().result(30).sound


def test_users_are_listed_locked_and_given_roles(client: RemoteMaster) -> None:
    client.add_user(NewUser(name="sam", roles=("submitter",), password=PASSWORD)).result(30)
    client.change_user(UserChange(username="sam", act="lock", reason="left")).result(10)
    row = client.users(ListQuery(text="sam")).result(10).rows[0]
    assert (row.state, row.state_reason, row.roles) == ("LOCKED", "left", ("submitter",))
    client.change_user(UserChange(username="sam", act="roles", roles=("submitter", "provider"))).result(10)
    client.change_user(UserChange(username="sam", act="unlock")).result(10)
    row = client.users(ListQuery(text="sam")).result(10).rows[0]
    assert (row.state, row.roles) == ("ACTIVE", ("provider", "submitter"))
    with pytest.raises(Invalid):
        client.change_user(UserChange(username="sam", act="promote")).result(10)


def test_join_links_are_made_listed_and_revoked(client: RemoteMaster) -> None:
    made = client.create_join_link(NewJoinLink(owner="olga", uses=3, labels={"site": "a"})).result(10)
    assert made.link.startswith("hivemind://")
    row = client.join_links().result(10).rows[0]
    assert (row.owner, row.uses_left, dict(row.labels)) == ("olga", 3, {"site": "a"})
    client.revoke_link(row.link_id).result(10)
    assert client.join_links().result(10).rows == ()
    with pytest.raises(NotFound):
        client.revoke_link("0" * 64).result(10)


def test_settings_are_checked_before_they_are_written(master: ServedMaster, client: RemoteMaster) -> None:
    rows = {row.name: row for row in client.settings().result(10).rows}
    assert rows["retention_days"].value == "30"
    changed = client.change_settings({"retention_days": "60"}).result(10)
    now = {row.name: row for row in changed.rows}["retention_days"]
    assert (now.value, now.waits_for_restart) == ("60", True)
    with pytest.raises(Invalid):
        client.change_settings({"retention_days": "-4"}).result(10)
    with pytest.raises(Invalid):
        client.change_settings({"database": "sqlite://elsewhere"}).result(10)
    assert "retention_days = 60" in (master.root / "master.toml").read_text(encoding="utf-8")


def test_the_doctor_and_the_disks_answer(client: RemoteMaster, master: ServedMaster) -> None:
    checks = {row.check: row.result for row in client.doctor().result(10).rows}
    assert checks["database"] == "passed" and checks["backup"] == "todo"
    client.back_up(str(master.root.parent / "backup.zip")).result(30)
    checks = {row.check: row.result for row in client.doctor().result(10).rows}
    assert checks["backup"] == "passed"
    folders = client.browse(str(master.root)).result(10)
    assert "ca" in folders.folders and folders.free_bytes > 0
    with pytest.raises(HiveMindError):
        client.browse("relative").result(10)
    for nowhere in ("~nobody-at-all", "/tmp/\0", "~nobody\0"):
        with pytest.raises(Invalid):
            client.browse(nowhere).result(10)


def test_one_thing_from_near_is_answered_or_refused(client: RemoteMaster, task_id: str, tmp_path: Path) -> None:
    assert client.task_use(task_id).result(10) == TaskUse()
    with pytest.raises(NotFound):
        client.near_node("nobody").result(10)
    with pytest.raises(NotFound):
        client.label_nodes(LabelChange(node_ids=("nobody",), put={"site": "a"})).result(10)
    assert client.find_in_log("01ARZ3NDEKTSV4RRFFQ69G5FAV", "out", "x", 0).result(10) == LogHits()
    target = tmp_path / "out" / "sum.txt"
    with pytest.raises(NotFound):
        client.save_file(task_id, "0/sum.txt", target, lambda *_: None).result(10)
    assert list((tmp_path / "out").iterdir()) == [], "half a file is not left"


def test_watch_tells_the_pool_and_then_what_changes(client: RemoteMaster, task_id: str) -> None:
    told: queue.Queue[tuple[tuple[str, ...], Any]] = queue.Queue()
    client.watch(lambda key, value: told.put((key, value)))
    seen: dict[tuple[str, ...], Any] = {}

    def until(key: tuple[str, ...], wanted: Any = None) -> Any:
        while key not in seen or (wanted is not None and not wanted(seen[key])):
            heard, value = told.get(timeout=20)
            seen[heard] = value
        return seen[key]

    until(("overview",), lambda value: isinstance(value, Overview) and value.tasks.get("QUEUED") == 1)
    until(("link",), lambda link: isinstance(link, Link) and link.state is LinkState.LIVE)
    until(("nodes", "whole"))
    seen.clear()
    client.set_priority(task_id, 70).result(10)
    until(("audit",))
    client.act_on_task(task_id, TaskAction.PAUSE, "to be told").result(10)
    until(("task", task_id))


def test_a_console_link_lets_an_operator_in_once_and_pins_the_master(
    master: ServedMaster, client: RemoteMaster
) -> None:
    link = parse_console_link(client.console_link("olga").result(10))
    loop = LoopThread()
    try:
        endpoint, signed = loop.call(sign_in(link)).result(20)
        assert signed.operator == "olga"
        elsewhere = RemoteMaster(loop, lambda: endpoint)
        assert elsewhere.pool().result(10).operator == "olga"
        with pytest.raises(Unauthenticated):
            loop.call(sign_in(link)).result(20)
    finally:
        loop.stop()


def test_another_authority_is_refused_before_anything_is_sent(
    master: ServedMaster, client: RemoteMaster, tmp_path: Path
) -> None:
    from core.rpc.pki.authority import CertificateAuthority

    right = master.endpoint()
    foreign = CertificateAuthority.make(1_700_000_000_000).ca_pem
    loop = LoopThread()
    told: queue.Queue[tuple[tuple[str, ...], Any]] = queue.Queue()
    wrong = RemoteMaster(loop, lambda: Endpoint(address=right.address, ca_pem=foreign, token=right.token))
    try:
        wrong.watch(lambda key, value: told.put((key, value)))
        while True:
            _, value = told.get(timeout=20)
            if isinstance(value, Link) and value.state is not LinkState.CONNECTING:
                break
        assert value.state is LinkState.REFUSED
        assert "Nothing was sent" in value.words
    finally:
        wrong.close()
        loop.stop()


async def test_every_call_of_the_console_needs_an_operators_token(master: ServedMaster) -> None:
    endpoint = master.endpoint()
    services = console_pb2.DESCRIPTOR.services_by_name
    methods = [*services["Console"].methods, *services["Near"].methods]
    async with open_channel(endpoint.address, endpoint.ca_pem) as channel:
        for method in methods:
            path = f"/{method.containing_service.full_name}/{method.name}"
            if method.client_streaming or method.server_streaming:
                continue
            call: Any = channel.unary_unary(path, request_serializer=lambda _request: b"")
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call(b"")
            assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED, method.name
        stub = console_pb2_grpc.ConsoleStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            async for _ in stub.Watch(console_pb2.WatchRequest()):
                pass
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            async for _ in console_pb2_grpc.NearStub(channel).File(console_pb2.FileKey()):
                pass
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
