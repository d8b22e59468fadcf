"""Mail over TLS through a real server: what arrives, and what a refusal means."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from master_app.notices.mail import MailSecurity, MailServer, SmtpMailer
from master_app.ports.notices import DeliveryFailed
from tests.support.receivers import MAIL_PASSWORD, MAIL_USER, Mailbox, mail_receiver


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Mailbox]:
    with mail_receiver(tmp_path, int(time.time() * 1000)) as box:
        yield box


def server(box: Mailbox) -> MailServer:
    return MailServer(
        host="localhost",
        port=box.port,
        sender="pool@example.org",
        username=MAIL_USER,
        password=MAIL_PASSWORD,
        ca_file=str(box.ca_file),
    )


def test_a_mail_arrives_encrypted_with_its_words_as_they_are(box: Mailbox) -> None:
    SmtpMailer(server(box), lambda: 0.0).send("mei@example.org", "節點池：\r\n任務完成", "「plain」已完成。\n.\n")
    ((recipient, message),) = box.mails
    assert recipient == message["To"] == "mei@example.org"
    assert message["Subject"] == "節點池： 任務完成" and message["From"] == "pool@example.org"
    assert message["Auto-Submitted"] == "auto-generated" and "1970" in message["Date"]
    assert message.get_content().replace("\r\n", "\n") == "「plain」已完成。\n.\n"


def test_a_refused_address_is_final_and_everything_else_is_tried_again(box: Mailbox) -> None:
    box.refuses = True
    with pytest.raises(DeliveryFailed, match="refused this address") as refused:
        SmtpMailer(server(box), time.time).send("nobody@example.org", "s", "t")
    assert refused.value.is_final
    with pytest.raises(DeliveryFailed, match="password") as wrong:
        SmtpMailer(replace(server(box), password="wrong"), time.time).send("mei@example.org", "s", "t")
    assert not wrong.value.is_final and MAIL_PASSWORD not in repr(server(box))


def test_nothing_is_said_without_encryption_that_can_be_trusted(box: Mailbox) -> None:
    with pytest.raises(DeliveryFailed, match="certificate"):
        SmtpMailer(replace(server(box), ca_file=""), time.time).send("mei@example.org", "s", "t")
    box.has_tls = False
    with pytest.raises(DeliveryFailed, match="STARTTLS"):
        SmtpMailer(server(box), time.time).send("mei@example.org", "s", "t")
    with pytest.raises(DeliveryFailed):
        SmtpMailer(replace(server(box), security=MailSecurity.TLS), time.time).send("mei@example.org", "s", "t")
    assert box.mails == []
