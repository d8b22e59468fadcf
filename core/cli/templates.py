"""hivemind templates: settings of tasks that are kept under a name, and used with `submit --template`."""

from __future__ import annotations

from typing import Any

import click

from core.cli.output import Session
from core.cli.tasks import field_options, fields_of
from core.cli.texts import _
from core.domain.errors import Invalid


@click.group()
def templates() -> None:
    """Settings of tasks, kept under a name."""


@templates.command("list")
@click.pass_obj
def list_templates(session: Session) -> None:
    """Your templates."""
    with session.connect() as hive:
        found = hive.templates.all()
    rows = [(each.name, _one_line(each.settings), each.changed_at) for each in found]
    session.table([each.raw for each in found], ("NAME", "SETTINGS", "CHANGED"), rows)


@templates.command("show")
@click.argument("name")
@click.pass_obj
def show_template(session: Session, name: str) -> None:
    """The settings of one, a line each."""
    with session.connect() as hive:
        found = hive.templates.get(name)
    session.data(found.raw, "\n".join(f"{key}={value}" for key, value in found.settings.items()))


@templates.command("save")
@click.argument("name")
@field_options
@click.pass_obj
def save_template(session: Session, /, name: str, params: tuple[str, ...], **options: Any) -> None:
    """Keep settings under a name, in place of older ones: the options are those of `submit`."""
    settings = fields_of(params, options)
    if not settings:
        raise Invalid(_("A template without settings is none."), code="USAGE", fix=_("Pass --memory-gb 4, say."))
    with session.connect() as hive:
        kept = hive.templates.keep(name, settings)
    session.data(kept.raw, f"{kept.name}  {_one_line(kept.settings)}")


@templates.command("remove")
@click.argument("name")
@click.pass_obj
def remove_template(session: Session, name: str) -> None:
    """Forget a template. Tasks that were sent with it stay as they are."""
    with session.connect() as hive:
        hive.templates.forget(name)
    session.say(_("Removed."))


def _one_line(settings: Any) -> str:
    return " ".join(f"{key}={value}" for key, value in settings.items())


COMMANDS = (templates,)
