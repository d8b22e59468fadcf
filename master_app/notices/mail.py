"""Sends mail through the operator's server, over TLS unless that server is this computer."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from enum import StrEnum
from typing import Final

from master_app.ports.notices import DeliveryFailed

_TIMEOUT_S: Final = 15.0


class MailSecurity(StrEnum):
    #: Plain at first, encrypted before anything is said: port 587.
    STARTTLS = "starttls"
    #: Encrypted from the first byte: port 465.
    TLS = "tls"
    #: Only for a server on this computer.
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """What an operator sets."""

    host: str
    port: int
    sender: str
    security: MailSecurity = MailSecurity.STARTTLS
    username: str = ""
    password: str = field(default="", repr=False)
    #: A certificate of an authority of one's own; empty: those that the system trusts.
    ca_file: str = ""


class SmtpMailer:
    """See the port `Mailer`. One connection a mail: they are few."""

    def __init__(self, server: MailServer, now_s: Callable[[], float]) -> None:
        self._server = server
        self._now_s = now_s

    def send(self, to: str, subject: str, text: str) -> None:
        server = self._server
        message = EmailMessage()
        message["From"], message["To"] = server.sender, to
        message["Subject"] = " ".join(subject.split())
        message["Date"] = formatdate(self._now_s())
        message["Message-ID"] = make_msgid(domain=server.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        try:
            with self._connected() as smtp:
                if server.username:
                    smtp.login(server.username, server.password)
                smtp.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            raise DeliveryFailed("the mail server refused this address", is_final=True) from error
        except smtplib.SMTPAuthenticationError as error:
            raise DeliveryFailed("the mail server refused this master's password") from error
        except (OSError, smtplib.SMTPException) as error:
            raise DeliveryFailed(f"the mail server could not be used: {error or type(error).__name__}") from error

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server.security is MailSecurity.NONE:
            return smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_S)
        context = ssl.create_default_context(cafile=server.ca_file or None)
        if server.security is MailSecurity.TLS:
            return smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT_S, context=context)
        smtp = smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_S)
        try:
            smtp.starttls(context=context)
        except BaseException:
            smtp.close()
            raise
        return smtp
