"""Notices in words, for pages and for mails."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext as _l

from core.domain.notices import Notice, NoticeKind
from core.domain.task import HeldCode
from master_app.web.pages import words
from master_app.web.pages.language import CHINESE, _, cpt, day, language
from master_app.web.pages.sentences import said
from master_app.web.pages.words import Look

KINDS: Final = {
    NoticeKind.DONE: Look("good", "tick", _l("A task is done")),
    NoticeKind.FAILED: Look("bad", "cross", _l("A task failed")),
    NoticeKind.HELD: Look("held", "diamond", _l("A task is held and needs you")),
    NoticeKind.LOW_BALANCE: Look("held", "diamond", _l("The balance runs low")),
    NoticeKind.EXPIRING: Look("wait", "clock", _l("Results are about to expire")),
    NoticeKind.CREDITS_ASKED: Look("held", "diamond", _l("Somebody asks for credits")),
    NoticeKind.CREDITS_ANSWERED: Look("good", "tick", _l("Your ask for credits is answered")),
}


def sentence(notice: Notice) -> str:
    """Return one sentence or two that say what happened, and what follows."""
    text, number = notice.values.get, _Numbers(notice)
    name = text("name", "")
    match notice.kind:
        case NoticeKind.DONE:
            first = _(
                "“%(name)s” is done: %(done)s of %(count)s subtasks, %(cost)s CPT.",
                name=name,
                done=f"{number['subtasks'] - number['failed']:,}",
                count=f"{number['subtasks']:,}",
                cost=cpt(number["paid_ucpt"]),
            )
            if not number["expires_ms"]:
                return first
            kept = _("Results are kept until %(day)s.", day=day(number["expires_ms"]))
            return f"{first}{_between()}{kept}"
        case NoticeKind.FAILED:
            reason = said(str(text("reason", "")))
            return _("“%(name)s” failed: %(reason)s.", name=name, reason=reason or words.unknown())
        case NoticeKind.HELD:
            held = text("held")
            reason = str(words.HELD[HeldCode(str(held))]) if held else said(str(text("reason", "")))
            return _("“%(name)s” is held: %(reason)s. What is done stays done.", name=name, reason=reason)
        case NoticeKind.LOW_BALANCE:
            return _(
                "Your balance is %(have)s CPT, below %(below)s. Your tasks go on as long as it lasts.",
                have=cpt(number["balance_ucpt"]),
                below=cpt(number["below_ucpt"]),
            )
        case NoticeKind.EXPIRING:
            if number["count"] > 1:
                return _(
                    "Results of %(count)s tasks expire soon, the first on %(day)s (“%(name)s”).",
                    count=f"{number['count']:,}",
                    day=day(number["first_ms"]),
                    name=name,
                )
            return _("The results of “%(name)s” expire on %(day)s.", name=name, day=day(number["first_ms"]))
        case NoticeKind.CREDITS_ASKED:
            return _("%(name)s asks for credits: “%(words)s”", name=text("username", ""), words=text("words", ""))
        case NoticeKind.CREDITS_ANSWERED:
            amount, answer = number["amount_ucpt"], text("words", "")
            if not amount:
                return _("No credits were granted: “%(words)s”", words=answer)
            granted = _("%(amount)s CPT were granted to you.", amount=cpt(amount))
            return f"{granted}{_between()}{answer}" if answer else granted


def _between() -> str:
    """Return what stands between two sentences: Chinese needs nothing."""
    return "" if language() == CHINESE else " "


class _Numbers:
    def __init__(self, notice: Notice) -> None:
        self._values = notice.values

    def __getitem__(self, name: str) -> int:
        value = self._values.get(name, 0)
        return value if isinstance(value, int) else 0
