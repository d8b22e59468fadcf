"""hivemind notices: what happened while nobody looked."""

from __future__ import annotations

import click

from core.cli.output import Session
from core.cli.texts import _


@click.command()
@click.option("--unread", is_flag=True, help=_("Only what is not read yet."))
@click.option("--mark-read", is_flag=True, help=_("Mark what is shown, and all before it, as read."))
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200), help=_("At most so many."))
@click.pass_obj
def notices(session: Session, unread: bool, mark_read: bool, limit: int) -> None:
    """What happened: tasks done, failed or held, a low balance, results about to expire."""
    with session.connect() as hive:
        found = hive.notices.listed(unread=unread, limit=limit)
        if mark_read and found:
            hive.notices.mark_read(int(found[0]["notice_id"]))
    rows = [(row["at"], "" if row["is_read"] else "*", row["kind"], row["text"]) for row in found]
    session.table(found, ("AT", "NEW", "KIND", "WHAT"), rows)


@click.command("ask-credits")
@click.argument("words")
@click.pass_obj
def ask_credits(session: Session, words: str) -> None:
    """Ask the operators for credits, with a sentence. The answer comes as a notice."""
    with session.connect() as hive:
        made = hive.notices.ask_for_credits(words)
    session.data(made, _("Asked."))


COMMANDS = (notices, ask_credits)
