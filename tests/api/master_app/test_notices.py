"""People are told: in the list at once, by mail and signed post soon after, through restarts and refusals."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.domain.errors import RateLimited
from core.domain.notices import KEPT_MS, MAX_KEPT, RETRY_MS, Channel, NoticeKind
from core.domain.user import Role
from master_app.notices import sending
from master_app.notices.book import CODE_MS
from master_app.notices.raising import tell
from master_app.notices.sending import SIGNATURE
from master_app.ports.unit_of_work import UnitOfWork
from tests.fakes.clock import ManualClock
from tests.support.pool_master import PLAIN
from tests.support.receivers import MAIL_PASSWORD, MAIL_USER, Mailbox, Posted, http_receiver, mail_receiver
from tests.support.web_pool import Person, WebPool, a_task, code_of

Open = Callable[..., WebPool]


@pytest.fixture
def posted() -> Iterator[Posted]:
    with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Mailbox]:
    with mail_receiver(tmp_path, int(time.time() * 1000)) as box:
        yield box


@pytest.fixture
def told(tmp_path: Path, clock: ManualClock, box: Mailbox) -> Iterator[WebPool]:
    """A master with a mail server, whose webhooks may reach this computer."""
    password = tmp_path / "smtp-password"
    password.write_text(MAIL_PASSWORD + "\n")
    web = WebPool(
        tmp_path,
        clock,
        smtp_host="localhost",
        smtp_port=box.port,
        smtp_username=MAIL_USER,
        smtp_password_file=password,
        smtp_from="pool@example.org",
        smtp_ca=box.ca_file,
        webhook_networks=["127.0.0.0/8"],
    )
    yield web
    web.close()


def notices(person: Person, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.get(f"/notices{query}").json["items"]
    return found


def run_one(web: WebPool, person: Person, *, fails: bool = False) -> str:
    """Send a task, let a node run it, and return its id."""
    sent = person.submit(a_task(PLAIN + "[retry]\nuser = 0\n")) if fails else person.submit()
    assert sent.status_code == 201, sent.text
    node = web.pool.nodes.get("runner") or web.node("runner")
    web.pool.tick(1)
    node.report()
    if fails:
        for offer in node.take():
            node.start(offer)
            node.fail(offer)
    else:
        web.finish(node, {"out.txt": b"done"})
    return str(sent.json["task_id"])


def test_done_failed_and_held_are_in_the_owners_list_and_in_nobody_elses(
    web: WebPool, ann: Person, bob: Person
) -> None:
    done = run_one(web, ann)
    (row,) = notices(ann)
    assert (row["kind"], row["task_id"], row["is_read"]) == ("done", done, False)
    assert row["text"].startswith("“plain” is done: 1 of 1 subtasks") and "kept until" in row["text"]
    failed = run_one(web, ann, fails=True)
    held = ann.task(cpu_cores="64")
    assert [(each["kind"], each["task_id"]) for each in notices(ann)[:2]] == [("held", held), ("failed", failed)]
    assert notices(bob) == []
    ann.post(f"/tasks/{ann.task()}/cancel", {})
    assert len(notices(ann)) == 3, "whoever cancels knows"


def test_read_is_read_up_to_a_line_and_unread_can_be_asked_for(web: WebPool, ann: Person, bob: Person) -> None:
    first, second = run_one(web, ann), run_one(web, ann)
    newest, oldest = notices(ann)
    assert (newest["task_id"], oldest["task_id"]) == (second, first)
    assert bob.post("/notices/read", {"up_to": newest["notice_id"]}).json["count"] == 0
    assert ann.post("/notices/read", {"up_to": oldest["notice_id"]}).json["count"] == 1
    assert [each["task_id"] for each in notices(ann, "?unread=true")] == [second]
    page = ann.get("/notices?limit=1").json
    assert [each["task_id"] for each in ann.get(f"/notices?cursor={page['next']}").json["items"]] == [first]


def test_a_feed_says_that_there_is_a_notice_to_its_owner_alone(web: WebPool, ann: Person, bob: Person) -> None:
    from master_app.feed import Audience, Kind

    feed = web.pool.master.feed
    before = feed.commit_number
    run_one(web, ann)
    kinds = {c.kind for c in feed.changes(Audience(ann.user_id), before).changes}
    assert Kind.NOTICE in kinds
    assert Kind.NOTICE not in {c.kind for c in feed.changes(Audience(bob.user_id), before).changes}


def test_a_post_is_signed_tried_again_with_pauses_and_given_up(told: WebPool, posted: Posted) -> None:
    ann = told.person("ann", Role.SUBMITTER, cpt=500)
    secret = ann.put("/notices/webhook", {"url": posted.url}).json["secret"]
    assert secret.startswith("hms_") and secret not in ann.get("/notices/settings").text
    assert secret.encode() not in b"".join(file.read_bytes() for file in told.pool.folder.glob("*.db*"))
    sender = told.pool.master.notices.sender
    posted.answers = [500] * (len(RETRY_MS) + 1)
    task_id = run_one(told, ann)
    assert sender.tick() == 1 and sender.tick() == 0, "it waits for its time"
    assert "answered 500" in ann.get("/notices/settings").json["webhook"]["problem"]
    for wait_ms in RETRY_MS[:2]:
        told.clock.advance(ms=wait_ms)
        assert sender.tick() == 1
    # Nobody loses a delivery because the master ended.
    told.pool.restart()
    sender = told.pool.master.notices.sender
    for wait_ms in RETRY_MS[2:]:
        told.clock.advance(ms=wait_ms)
        assert sender.tick() == 1
    told.clock.advance(ms=10 * RETRY_MS[-1])
    assert sender.tick() == 0 and len(posted.bodies) == len(RETRY_MS) + 1
    told.pool.run(lambda uow: tell(uow, ann.user_id, NoticeKind.DONE, task_id, {"name": "plain"}))
    assert sender.tick() == 1
    now = json.loads(posted.bodies[-1])
    assert now["kind"] == "done" and json.loads(posted.bodies[0])["task_id"] == task_id
    stamp, digest = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", posted.headers[-1][SIGNATURE]).groups()  # type: ignore[union-attr]
    signed = hmac.new(secret.encode(), f"{stamp}.".encode() + posted.bodies[-1], hashlib.sha256).hexdigest()
    assert hmac.compare_digest(digest, signed)


def test_a_mail_goes_only_where_its_code_was_read_and_one_mail_has_all_that_waits(
    told: WebPool, box: Mailbox
) -> None:
    ann = told.person("ann", Role.SUBMITTER, cpt=500)
    assert ann.get("/notices/settings").json["has_mail_server"]
    asked = ann.put("/notices/mail", {"address": "ann@example.org"})
    assert asked.json["mail"] | {"kinds": []} == {
        "address": "ann@example.org",
        "kinds": [],
        "confirmed": False,
        "problem": None,
    }
    run_one(told, ann)
    assert told.pool.master.notices.sender.tick() == 0, "the address is not confirmed"
    code = re.search(r"address: (\S{8})\s", box.mails.pop()[1].get_content())
    assert code is not None
    assert code_of(ann.put("/notices/mail", {"address": "other@example.org"})) == "MAIL_CODE_SENT"
    assert code_of(ann.post("/notices/mail/confirm", {"code": "wrong"})) == "MAIL_CODE"
    assert ann.post("/notices/mail/confirm", {"code": code[1]}).json["mail"]["confirmed"]
    assert code_of(ann.post("/notices/mail/confirm", {"code": code[1]})) == "MAIL_CODE", "a code is for once"
    run_one(told, ann)
    run_one(told, ann)
    assert told.pool.master.notices.sender.tick() == 1
    ((to, mail),) = box.mails
    assert to == "ann@example.org" and mail["Subject"] == "HiveMind: 2 notices"
    assert mail.get_content().count("“plain” is done") == 2
    box.refuses = True
    run_one(told, ann)
    assert told.pool.master.notices.sender.tick() == 1 and told.pool.master.notices.sender.tick() == 0
    assert "refused" in ann.get("/notices/settings").json["mail"]["problem"]


def test_a_code_gets_old_and_without_a_mail_server_nothing_offers_mail(
    told: WebPool, box: Mailbox, tmp_path: Path
) -> None:
    ann = told.person("ann", Role.SUBMITTER)
    ann.put("/notices/mail", {"address": "ann@example.org"})
    code = re.search(r"address: (\S{8})\s", box.mails[0][1].get_content())
    assert code is not None
    told.clock.advance(ms=CODE_MS + 1)
    assert code_of(ann.post("/notices/mail/confirm", {"code": code[1]})) == "MAIL_CODE"
    box.refuses = True
    assert code_of(ann.put("/notices/mail", {"address": "nobody@example.org"})) == "MAIL_NOT_SENT"
    for bad in ("ann", "ann@", "ann@example.org\r\nBcc: x@example.org", "a b@example.org"):
        assert ann.put("/notices/mail", {"address": bad}).status_code == 422, bad
    (tmp_path / "bare").mkdir()
    bare = WebPool(tmp_path / "bare", ManualClock())
    eve = bare.person("eve", Role.SUBMITTER)
    assert not eve.get("/notices/settings").json["has_mail_server"]
    assert code_of(eve.put("/notices/mail", {"address": "eve@example.org"})) == "NO_MAIL_SERVER"
    refused = eve.put("/notices/webhook", {"url": "https://127.0.0.1/"})
    assert code_of(refused) == "WEBHOOK_ADDRESS" and "inside a network" in refused.text
    bare.close()


def test_only_chosen_kinds_leave_and_a_channel_that_is_off_or_whose_owner_is_locked_gets_nothing(
    told: WebPool, posted: Posted
) -> None:
    olga, ann = told.person("olga", Role.OPERATOR), told.person("ann", Role.SUBMITTER, cpt=500)
    ann.put("/notices/webhook", {"url": posted.url})
    ann.call("PATCH", "/notices/settings", {"webhook_kinds": ["held", "low_balance"]})
    sender = told.pool.master.notices.sender
    run_one(told, ann)
    assert sender.tick() == 0
    ann.task(cpu_cores="64")
    assert sender.tick() == 1 and json.loads(posted.bodies[-1])["kind"] == "held"
    assert ann.post("/notices/channels/webhook/test").json == {"arrived": True, "problem": None}
    posted.answers = [503]
    assert "503" in ann.post("/notices/channels/webhook/test").json["problem"]
    ann.task(cpu_cores="64")
    olga.post("/users/ann/lock", {"reason": "away"})
    assert sender.tick() == 0
    olga.post("/users/ann/unlock")
    assert sender.tick() == 0, "what was due meanwhile is not sent late"
    ann.delete("/notices/channels/webhook")
    ann.task(cpu_cores="64")
    assert sender.tick() == 0 and code_of(ann.post("/notices/channels/webhook/test")) == "CHANNEL_OFF"


def test_a_low_balance_and_results_about_to_expire_are_told_once_a_day(web: WebPool, ann: Person) -> None:
    watch = web.pool.master.notices.watch
    run_one(web, ann)
    watch.tick()
    assert [each["kind"] for each in notices(ann)] == ["done"]
    ann.call("PATCH", "/notices/settings", {"low_balance": "1000"})
    watch.tick()
    assert len(notices(ann)) == 1, "no task of hers goes on"
    ann.task(cpu_cores="64")
    for _ in range(2):
        watch.tick()
        assert [each["kind"] for each in notices(ann)] == ["low_balance", "held", "done"]
    # The pool keeps results for a day: a quarter of that before.
    web.clock.advance(s=19 * 3600)
    for _ in range(2):
        watch.tick()
        assert [each["kind"] for each in notices(ann)][:2] == ["expiring", "low_balance"]
    web.clock.advance(s=6 * 3600)
    ann.token = web.token(ann)
    watch.tick()
    assert [each["kind"] for each in notices(ann)][:2] == ["low_balance", "expiring"]


def test_the_list_is_bounded_and_goes_with_its_owner(told: WebPool, posted: Posted) -> None:
    olga, ann = told.person("olga", Role.OPERATOR), told.person("ann", Role.SUBMITTER)
    ann.put("/notices/webhook", {"url": posted.url})

    def many(uow: UnitOfWork) -> None:
        for number in range(MAX_KEPT + 30):
            tell(uow, ann.user_id, NoticeKind.LOW_BALANCE, "", {"balance_ucpt": number})
        tell(uow, olga.user_id, NoticeKind.LOW_BALANCE, "", {})

    told.pool.run(many)
    told.pool.master.notices.watch.tick()
    kept = notices(ann, "?limit=500")
    assert len(kept) == MAX_KEPT and kept[0]["values"]["balance_ucpt"] == MAX_KEPT + 29
    assert len(told.pool.master.storage.notice_reads.due(told.clock.wall_ms(), 500)) == MAX_KEPT
    assert olga.delete("/users/ann").status_code == 204
    assert told.pool.master.storage.notice_reads.due(told.clock.wall_ms(), 500) == []
    assert told.pool.master.storage.notice_reads.settings(ann.user_id).webhook.address == ""
    told.clock.advance(ms=KEPT_MS + 1)
    told.pool.master.notices.watch.tick()
    assert told.pool.master.storage.notice_reads.unread(olga.user_id) == 0


def _many(told: WebPool, owner_id: str, count: int) -> None:
    def command(uow: UnitOfWork) -> None:
        for _ in range(count):
            tell(uow, owner_id, NoticeKind.LOW_BALANCE, "", {})

    told.pool.run(command)


def test_a_receiver_that_refuses_many_posts_does_not_hold_up_other_people(told: WebPool, posted: Posted) -> None:
    ann, bob = told.person("ann", Role.SUBMITTER), told.person("bob", Role.SUBMITTER)
    sender = told.pool.master.notices.sender
    with http_receiver() as refusing:
        refusing.answers = [500] * 1000
        ann.put("/notices/webhook", {"url": refusing.url})
        bob.put("/notices/webhook", {"url": posted.url})
        _many(told, ann.user_id, MAX_KEPT)
        told.clock.advance(s=1)
        _many(told, bob.user_id, 1)
        sender.tick()
        told.clock.advance(s=3)
        sender.tick()
        assert len(posted.bodies) == 1 and len(refusing.bodies) == 1
        told.clock.advance(ms=RETRY_MS[0])
        refusing.answers = []
        for _ in range(MAX_KEPT // 10):
            sender.tick()
        assert len(refusing.bodies) == MAX_KEPT + 1, "what waited behind is not lost"


def test_a_receiver_that_hangs_does_not_hold_up_other_people(
    told: WebPool, posted: Posted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_ROUND_S", 0.3)
    ann, bob = told.person("ann", Role.SUBMITTER), told.person("bob", Role.SUBMITTER)
    sender = told.pool.master.notices.sender
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        ann.put("/notices/webhook", {"url": f"http://127.0.0.1:{hanging.getsockname()[1]}/"})
        bob.put("/notices/webhook", {"url": posted.url})
        _many(told, ann.user_id, MAX_KEPT)
        told.clock.advance(s=1)
        _many(told, bob.user_id, 1)
        assert sender.tick() == 0, "it hangs"
        monkeypatch.setattr(sending, "_ROUND_S", 4.0)
        assert sender.tick() == 1 and len(posted.bodies) == 1


def test_a_webhook_whose_secret_no_key_opens_is_told_of_and_holds_nothing_up(
    told: WebPool, posted: Posted
) -> None:
    ann = told.person("ann", Role.SUBMITTER)
    ann.put("/notices/webhook", {"url": posted.url})

    def spoil(uow: UnitOfWork) -> None:
        settings = uow.notices.settings(ann.user_id)
        changed = replace(settings, webhook=replace(settings.webhook, sealed="00" * 40))
        uow.notices.save_settings(ann.user_id, changed)

    told.pool.run(spoil)
    _many(told, ann.user_id, 1)
    assert told.pool.master.notices.sender.tick() == 1
    assert "set the address again" in ann.get("/notices/settings").json["webhook"]["problem"]
    assert told.pool.master.storage.notice_reads.due(told.clock.wall_ms(), 10) == []


def test_one_person_tests_one_channel_at_a_time(told: WebPool) -> None:
    ann = told.person("ann", Role.SUBMITTER)
    book = told.pool.master.notices.book
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        ann.put("/notices/webhook", {"url": f"http://127.0.0.1:{hanging.getsockname()[1]}/"})
        first = book.test(ann.who, Channel.WEBHOOK)
        with pytest.raises(RateLimited):
            book.test(ann.who, Channel.WEBHOOK)
    assert first.result(30)
    assert ann.post("/notices/channels/webhook/test").json["arrived"] is False, "the next one goes"
