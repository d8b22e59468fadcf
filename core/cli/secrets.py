"""Secrets of tasks: set from standard input or a prompt, never from an argument, never shown."""

from __future__ import annotations

import sys

import click

from core.cli.output import Session
from core.cli.texts import _


@click.group()
def secret() -> None:
    """Secrets that tasks name in [secrets] env."""


@secret.command("set")
@click.argument("name")
@click.pass_obj
def set_secret(session: Session, name: str) -> None:
    """Keep a secret. Its value is read from standard input (one line end at its end is left out)."""
    if sys.stdin.isatty():
        value: str = click.prompt(_("Value of {name}").format(name=name), hide_input=True, err=True)
    else:
        value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    with session.connect() as hive:
        hive.set_secret(name, value)
    session.say(_('{name} is kept. Tasks get it with [secrets] env = ["{name}"].').format(name=name))


@secret.command("list")
@click.pass_obj
def list_secrets(session: Session) -> None:
    """Names of your secrets; values are never shown."""
    with session.connect() as hive:
        found = hive.secrets()
    session.table(found, ("NAME", "CHANGED"), [(row["name"], row["changed_at"]) for row in found])


@secret.command("remove")
@click.argument("name")
@click.pass_obj
def remove_secret(session: Session, name: str) -> None:
    """Forget a secret."""
    with session.connect() as hive:
        hive.remove_secret(name)
    session.say(_("Removed."))


COMMANDS = (secret,)
