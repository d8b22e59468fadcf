"""Mails in a person's language: the words of the pages, said outside of any request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from flask_babel import gettext as _

from core.domain.notices import Notice
from master_app.web.pages.language import LANGUAGE_COOKIE, TAGS, begin_languages
from master_app.web.pages.notice_words import sentence

_MANY = 50


class Letters:
    """See the port `NoticeWords`. Holds a small app that serves nothing: Babel asks one for a language."""

    def __init__(self, *, pool_name: str) -> None:
        self._pool_name = pool_name
        self._app = Flask("master_app.web", root_path=str(Path(__file__).parent.parent))
        begin_languages(self._app)

    @contextmanager
    def _in(self, language: str) -> Iterator[None]:
        chosen = language if language in TAGS else "en"
        with self._app.test_request_context(headers={"Cookie": f"{LANGUAGE_COOKIE}={chosen}"}):
            yield

    def sentence(self, notice: Notice, language: str) -> str:
        with self._in(language):
            return sentence(notice)

    def letter(self, notices: Sequence[Notice], language: str) -> tuple[str, str]:
        with self._in(language):
            lines = [sentence(notice) for notice in notices[:_MANY]]
            more = len(notices) - len(lines)
            if more > 0:
                lines.append(_("And %(count)s more: see the list of notices.", count=more))
            single = len(notices) == 1
            subject = lines[0] if single else _("%(count)s notices", count=len(notices))
            return self._subject(subject), self._body(lines)

    def code_letter(self, code: str, language: str) -> tuple[str, str]:
        with self._in(language):
            lines = [
                _("The code that confirms this address: %(code)s", code=code),
                _("It counts for one hour. Whoever did not ask for it can ignore this mail."),
            ]
            return self._subject(_("Confirm your address")), self._body(lines)

    def reset_letter(self, code: str, language: str) -> tuple[str, str]:
        with self._in(language):
            # No address of a page: whoever asked could have made up which.
            lines = [
                _("Your one-use code for a new password:"),
                code,
                _("Open the portal of the pool as you always do, choose Log in, then “I have a one-use code”."),
                _("It counts for one hour and works once. Whoever did not ask for it can ignore this mail."),
            ]
            return self._subject(_("A new password")), self._body(lines)

    def test_letter(self, language: str) -> tuple[str, str]:
        with self._in(language):
            return self._subject(_("A test")), self._body([_("Notices reach this address.")])

    def _subject(self, text: str) -> str:
        return f"{self._pool_name}: {text}"

    def _body(self, lines: Sequence[str]) -> str:
        foot = _("Which notices come here is chosen in the portal of %(pool)s.", pool=self._pool_name)
        return "\n\n".join([*lines, "-- \n" + foot]) + "\n"
