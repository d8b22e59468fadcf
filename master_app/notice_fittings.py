"""Puts together what tells people things, from the settings, the storage and the words of the pages."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network

from core.clock import Clock
from core.domain.errors import Invalid
from core.domain.ids import UlidFactory
from master_app.assembly import Notices
from master_app.notices.asks import CreditAsks
from master_app.notices.book import NoticeBook
from master_app.notices.mail import MailSecurity, MailServer, SmtpMailer
from master_app.notices.resets import PasswordResets
from master_app.notices.sending import NoticeSender, Outside
from master_app.notices.watch import DAY_MS, NoticeWatch
from master_app.notices.webhook import Webhooks
from master_app.ports.secrets import SecretRecord
from master_app.settings import MasterSettings
from master_app.storage.storage import Storage
from master_app.users.sign_in import SignIn
from master_app.users.vault import Vault
from master_app.web.pages.letters import Letters

#: Receivers that are waited for at the same time.
THREADS = 4
#: No name of a user's own secret has a dot: what is sealed under this one can be nothing else.
_SEALED_AS = "notices.webhook"


def notices(
    settings: MasterSettings,
    storage: Storage,
    vault: Vault,
    clock: Clock,
    new_id: UlidFactory,
    sign_in: SignIn,
) -> Notices:
    threads = ThreadPoolExecutor(THREADS, "notices")
    outside = Outside(
        mailer=_mailer(settings, clock),
        webhooks=Webhooks(allowed=[ip_network(each) for each in settings.webhook_networks]),
        words=Letters(pool_name=settings.pool_name),
        unseal=lambda owner_id, sealed: vault.unseal(
            SecretRecord(owner_id=owner_id, name=_SEALED_AS, sealed=bytes.fromhex(sealed), changed_ms=0)
        ),
    )
    return Notices(
        book=NoticeBook(
            writer=storage.writer,
            reads=storage.notice_reads,
            outside=outside,
            seal=lambda owner_id, secret: vault.seal(owner_id, _SEALED_AS, secret).hex(),
            new_secret=lambda: secrets.token_urlsafe(24),
            threads=threads,
        ),
        asks=CreditAsks(writer=storage.writer, reads=storage.ask_reads, new_id=new_id),
        sender=NoticeSender(
            writer=storage.writer,
            reads=storage.notice_reads,
            users=storage.user_reads,
            outside=outside,
            threads=threads,
        ),
        watch=NoticeWatch(
            writer=storage.writer, reads=storage.notice_reads, retention_ms=settings.retention_days * DAY_MS
        ),
        resets=PasswordResets(
            writer=storage.writer,
            users=storage.user_reads,
            reads=storage.notice_reads,
            outside=outside,
            one_use=lambda uow, user, lifetime_ms: sign_in.one_use(uow, user, lifetime_ms=lifetime_ms),
            threads=threads,
            clock=clock,
        ),
        threads=threads,
    )


def _mailer(settings: MasterSettings, clock: Clock) -> SmtpMailer | None:
    if not settings.smtp_host:
        return None
    password = ""
    if settings.smtp_password_file is not None:
        try:
            password = settings.smtp_password_file.read_text(encoding="utf-8").strip("\r\n")
        except OSError as error:
            raise Invalid(
                f"The mail server's password cannot be read: {error}",
                code="SMTP_PASSWORD",
                fix="Mend smtp_password_file in master.toml, or take smtp_host out.",
            ) from error
    server = MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.smtp_from,
        security=MailSecurity(settings.smtp_security),
        username=settings.smtp_username,
        password=password,
        ca_file=str(settings.smtp_ca or ""),
    )
    return SmtpMailer(server, lambda: clock.wall_ms() / 1000)
