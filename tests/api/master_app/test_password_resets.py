"""A forgotten password: a code goes to the confirmed address, counts once and for an hour, and tells nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.domain.errors import Conflict, RateLimited, Unauthenticated
from core.domain.user import Role, UserState
from tests.fakes.clock import ManualClock
from tests.support.pool_master import WAIT_S
from tests.support.receivers import MAIL_PASSWORD, MAIL_USER, Mailbox, mail_receiver
from tests.support.web_pool import Person, WebPool

NEW = "four plain words here"


@pytest.fixture
def box(tmp_path: Path, clock: ManualClock) -> Iterator[Mailbox]:
    with mail_receiver(tmp_path, clock.wall_ms()) as box:
        yield box


@pytest.fixture
def told(tmp_path: Path, clock: ManualClock, box: Mailbox) -> Iterator[WebPool]:
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
    )
    yield web
    web.close()


@pytest.fixture
def ann(told: WebPool, box: Mailbox) -> Person:
    """Somebody whose address is confirmed."""
    person = told.person("ann", Role.SUBMITTER)
    person.put("/notices/mail", {"address": "ann@example.org"})
    code = re.search(r"address: (\S{8})\s", box.mails.pop()[1].get_content())
    assert code is not None
    assert person.post("/notices/mail/confirm", {"code": code[1]}).json["mail"]["confirmed"]
    return person


def ask(told: WebPool, name: str, origin: str = "192.0.2.7") -> None:
    told.pool.master.notices.resets.ask(name, origin).result(WAIT_S)


def code_in(box: Mailbox) -> str:
    to, mail = box.mails.pop()
    found = re.search(r"hm_\S+", mail.get_content())
    assert to == "ann@example.org" and found is not None
    return found[0]


def test_a_mailed_code_sets_a_password_once(told: WebPool, box: Mailbox, ann: Person) -> None:
    ask(told, " ANN ")
    code, sign_in = code_in(box), told.pool.master.sign_in
    told.pool.tick(59 * 60)
    sign_in.redeem(code, new_password=NEW).result(WAIT_S)
    assert sign_in.login("ann", NEW).result(WAIT_S).user.user_id == ann.user_id
    with pytest.raises(Unauthenticated):
        sign_in.redeem(code, new_password=NEW).result(WAIT_S)


def test_a_mailed_code_is_good_for_an_hour(told: WebPool, box: Mailbox, ann: Person) -> None:
    ask(told, "ann")
    told.pool.tick(61 * 60)
    with pytest.raises(Unauthenticated):
        told.pool.master.sign_in.redeem(code_in(box), new_password=NEW).result(WAIT_S)


def test_nothing_is_sent_where_nothing_may_be(told: WebPool, box: Mailbox, ann: Person) -> None:
    told.person("without", Role.SUBMITTER)
    for name in ("nobody", "without", "", "ann@example.org"):
        ask(told, name, f"from {name}")
    told.pool.master.accounts.lock(told.person("olga", Role.OPERATOR).who, "ann", "for a test").result(WAIT_S)
    ask(told, "ann")
    assert box.mails == []
    user = told.pool.run(lambda uow: uow.users.get(ann.user_id))
    assert user is not None and user.state is UserState.LOCKED


def test_asking_again_and_again_is_bounded_by_user_in_silence_and_by_origin_aloud(
    told: WebPool, box: Mailbox, ann: Person
) -> None:
    for number in range(5):
        ask(told, "ann", f"192.0.2.{number}")
    assert len(box.mails) == 3, "three an hour, wherever they are asked for"
    for _ in range(5):
        ask(told, "nobody", "198.51.100.1")
    with pytest.raises(RateLimited):
        ask(told, "nobody", "198.51.100.1")


def test_a_mail_server_that_refuses_is_the_pools_business(told: WebPool, box: Mailbox, ann: Person) -> None:
    box.refuses = True
    ask(told, "ann")
    assert box.mails == []


def test_without_a_mail_server_an_operator_makes_the_link(web: WebPool) -> None:
    assert not web.pool.master.notices.resets.offered
    with pytest.raises(Conflict, match="no mail server"):
        web.pool.master.notices.resets.ask("ann")
