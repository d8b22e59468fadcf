"""The command's root: options that all commands share, and errors as exit codes."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Sequence
from typing import Any

import click
import stamina.instrumentation

from core.cli.config import load_config
from core.cli.output import Session, explain_error
from core.cli.texts import _
from core.client import ClientError
from core.domain.errors import HiveMindError

_INTERRUPTED = 130


class Root(click.Group):
    """Finds the commands of the other modules when they are asked for."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (ClientError, HiveMindError) as error:
            ctx.exit(explain_error(error, ctx.find_object(Session)))


def _version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    try:
        own = importlib.metadata.version("hivemind")
    except importlib.metadata.PackageNotFoundError:
        own = "0 (not installed)"
    click.echo(f"hivemind {own}")
    try:
        config = load_config(os.environ)
        with Session(config=config, timeout_s=2.0).connect() as hive:
            click.echo(f"master {hive.version()} ({config.url})")
    except (ClientError, HiveMindError):
        click.echo(_("master: not reachable"), err=True)
    ctx.exit()


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--url", default="", help=_("Address of the master; else HIVEMIND_URL, else the login's."))
@click.option("--token-stdin", is_flag=True, help=_("Read the token from standard input; else HIVEMIND_TOKEN."))
@click.option("--ca-file", default="", help=_("Certificate of the pool's own authority."))
@click.option("--json", "as_json", is_flag=True, help=_("Print data as JSON."))
@click.option("-q", "--quiet", is_flag=True, help=_("Print data and errors only."))
@click.option("--no-color", is_flag=True, help=_("No colours; so does NO_COLOR."))
@click.option("--timeout", "timeout_s", default=30.0, show_default=True, help=_("Seconds to wait for an answer."))
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help=_("Versions."))
@click.pass_context
def cli(
    ctx: click.Context,
    url: str,
    token_stdin: bool,
    ca_file: str,
    as_json: bool,
    quiet: bool,
    no_color: bool,
    timeout_s: float,
) -> None:
    """Send tasks to a HiveMind pool, follow them, fetch results.

    Exit codes: 0 done, 1 error or failed task, 2 wrong use, 3 not signed in, 4 not found, 130 interrupted.
    """
    token = sys.stdin.readline().strip() if token_stdin else ""
    ctx.obj = Session(
        config=load_config(os.environ, url=url, token=token, ca_file=ca_file),
        as_json=as_json,
        quiet=quiet,
        color=not no_color and "NO_COLOR" not in os.environ,
        timeout_s=timeout_s,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit the process."""
    # What is tried again is no news for a person.
    stamina.instrumentation.set_on_retry_hooks([])
    try:
        complete().main(
            args=None if arguments is None else list(arguments), prog_name="hivemind", standalone_mode=True
        )
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def complete() -> click.Group:
    """Return the root with all its commands."""
    from core.cli import account, local, notices, pool, secrets, tasks, templates, vpn

    for module in (account, tasks, templates, notices, secrets, local, pool, vpn):
        for command in module.COMMANDS:
            _json_too(command)
            cli.add_command(command)
    return cli


def _json_too(command: click.Command) -> None:
    """Let `--json` stand after the command as well."""

    def switch(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
        session = ctx.find_object(Session)
        if wanted and session is not None:
            session.as_json = True

    names = {name for parameter in command.params for name in parameter.opts}
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _json_too(inner)
    elif "--json" not in names:
        command.params.append(
            click.Option(
                ["--json"], is_flag=True, expose_value=False, callback=switch, help=_("Print data as JSON.")
            )
        )
