"""`python -m master_app`: the daemon (`serve`) and the admin commands of its data folder."""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from core import logs, paths
from core.allocator import keep_freed_memory
from core.clock import SystemClock
from core.domain.condition import Gravity
from core.domain.errors import HiveMindError, Invalid
from core.domain.operations import NewJoinLink
from core.settings import load
from master_app.admin import Admin
from master_app.bootstrap import build_master
from master_app.daemon import FIRST_LOGIN_FILE, serve
from master_app.folder import DataFolder
from master_app.settings import MasterSettings
from master_app.setup import TLS_KINDS, Wishes, keep_flags, set_up

DATA_DIR = click.option(
    "--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Folder of this master.", default=None
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.option("--connect", "host", metavar="HOST", default="", help="Open the console on a pinned master.")
@DATA_DIR
@click.pass_context
def cli(ctx: click.Context, host: str, data_dir: Path | None) -> None:
    """The HiveMind master. Without a command: its console, a window."""
    if ctx.invoked_subcommand is not None:
        return
    from master_app.console.app import run

    raise SystemExit(run(_folder_path(data_dir), host))


@cli.command("serve")
@DATA_DIR
@click.option("--web", metavar="HOST:PORT", help="Web pages and REST.")
@click.option("--node", metavar="HOST:PORT", help="Door of the nodes.")
@click.option("--control", metavar="HOST:PORT", help="Door of joining nodes and operators.")
@click.option("--public-name", metavar="HOST", help="Name or address that others use for this master.")
@click.option("--database", metavar="URL", help="Database; SQLite in the data folder unless given.")
@click.option("--storage", type=click.Path(path_type=Path, file_okay=False), help="Folder of bundles and results.")
@click.option("--behind-proxy", is_flag=True, default=None, help="A proxy in front speaks TLS.")
@click.option("--quiet", is_flag=True, help="Say errors alone; the log's file has everything.")
@click.option("--stop-by-stdin", is_flag=True, help="The line `stop` on standard input ends it, as SIGTERM does.")
def serve_command(data_dir: Path | None, quiet: bool, stop_by_stdin: bool, **flags: Any) -> None:
    """Run the master until it is told to stop."""
    keep_freed_memory()
    folder = _folder(data_dir)
    settings = _settings(folder, flags)
    file, console_level = folder.root / "logs" / "master.log", "ERROR" if quiet else ""
    with folder, logs.configure(file=file, level=settings.log_level, console_level=console_level) as kept:
        logs.catch_unhandled()
        del kept
        # The program for Windows has no sys.stdin, and yet what it was started with.
        stop_by = io.FileIO(0, closefd=False) if stop_by_stdin else None
        serve(settings, folder, build_master, stop_by=stop_by)


@cli.command("setup")
@DATA_DIR
@click.option("--public-name", metavar="HOST", help="Name or address that others use for this master.")
@click.option("--web", metavar="HOST:PORT", help="Web pages and REST.")
@click.option("--tls", type=click.Choice(list(TLS_KINDS)), help="Who encrypts the web pages.")
@click.option(
    "--tls-certificate", type=click.Path(path_type=Path), help="With --tls files: certificate and chain."
)
@click.option("--tls-key", type=click.Path(path_type=Path), help="With --tls files: its key.")
@click.option("--storage", type=click.Path(path_type=Path, file_okay=False), help="Folder of bundles and results.")
@click.option("--database", metavar="URL", help="PostgreSQL, where SQLite is outgrown.")
@click.option("--sign-up", type=click.Choice(["open", "invite", "closed"]), help="Who may make an account.")
@click.option("--operator", metavar="NAME", help="Make this operator; the password comes by --password-stdin.")
@click.option("--password-stdin", is_flag=True, help="Read the operator's password from standard input.")
@click.option("--yes", is_flag=True, help="Ask nothing: what was not given keeps its default.")
def setup(data_dir: Path | None, operator: str | None, password_stdin: bool, yes: bool, **flags: Any) -> None:
    """Set up a master: asks at a terminal, or takes everything from flags."""
    folder = _folder(data_dir)
    person = sys.stdin.isatty() and not yes and not password_stdin
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else ""
    if operator and not password and not person:
        raise Invalid("An operator needs a password.", code="PASSWORD_MISSING", fix="Give it by --password-stdin.")
    with folder:
        before = load(MasterSettings, file=folder.settings_file)
        settings = set_up(folder, before, Wishes(**flags), _ask if person else keep_flags, _note)
    if person and not operator:
        operator = click.prompt("Name of the first operator (empty: a one-use login instead)", "", err=True)
        if operator:
            password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    if operator:
        with _admin(data_dir) as admin:
            admin.add_user(operator, ("operator",), password)
        _note(f"The operator {operator} was made.")
    else:
        _note(f"The first start leaves a one-use login in {folder.root / FIRST_LOGIN_FILE}.")
    if settings.tls == "own":
        _note(f"Let browsers trust {folder.root / 'ca' / 'ca.pem'}; it is there after the first start.")
    _note("Start with: python -m master_app serve" + (f" --data-dir {folder.root}" if data_dir else ""))


def _ask(question: str, default: str, choices: tuple[str, ...]) -> str:
    kind = click.Choice(list(choices)) if choices else None
    if choices and set(choices) == set(TLS_KINDS):
        for words in TLS_KINDS.values():
            _note(f"  {words}")
    return str(click.prompt(question, default, type=kind, err=True))


def _note(text: str) -> None:
    click.echo(text, err=True)


@cli.group("user")
def user_group() -> None:
    """People of the pool."""


@user_group.command("add")
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, help="operator, submitter or provider; repeatable.")
@click.option("--password-stdin", is_flag=True, required=True, help="Read the password from standard input.")
@DATA_DIR
def user_add(name: str, roles: Sequence[str], password_stdin: bool, data_dir: Path | None) -> None:
    """Make a user."""
    del password_stdin
    password = sys.stdin.readline().rstrip("\r\n")
    with _admin(data_dir) as admin:
        admin.add_user(name, tuple(roles), password)
    click.echo(f"{name} was made.", err=True)


@user_group.command("reset-password")
@click.argument("name")
@DATA_DIR
def user_reset(name: str, data_dir: Path | None) -> None:
    """Print a one-use login with which a user sets a new password."""
    with _admin(data_dir) as admin:
        click.echo(admin.reset_password(name))


@cli.command("join-link")
@click.option("--owner", default="", help="Whose node it will be.")
@click.option("--uses", type=click.IntRange(1, 10_000), default=1)
@click.option("--expires", default="15m", help="For example 15m, 2h, 7d.")
@click.option("--label", "labels", multiple=True, metavar="K=V")
@click.option("--name", "name_pattern", default="{host}", help="{host} and {n} are filled in.")
@click.option("--approve", is_flag=True, help="An operator must approve the node before it gets work.")
@DATA_DIR
def join_link(
    owner: str,
    uses: int,
    expires: str,
    labels: Sequence[str],
    name_pattern: str,
    approve: bool,
    data_dir: Path | None,
) -> None:
    """Print a join link. It is a secret: whoever has it can join."""
    wish = NewJoinLink(
        owner=owner,
        uses=uses,
        expires_s=_seconds(expires),
        labels=_labels(labels),
        name_pattern=name_pattern,
        approve=approve,
    )
    with _admin(data_dir) as admin:
        click.echo(admin.join_link(wish))


@cli.group("ledger")
def ledger_group() -> None:
    """Money."""


@ledger_group.command("verify")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False, exists=True))
@DATA_DIR
def ledger_verify(file: Path | None, data_dir: Path | None) -> None:
    """Replay the ledger of this master, or an exported FILE, and name the first row that does not fit."""
    if file is not None:
        sound, sentence = Admin.verify_file(file)
    else:
        with _admin(data_dir) as admin:
            sound, sentence = admin.verify_ledger()
    click.echo(sentence)
    if not sound:
        raise SystemExit(1)


@cli.group("audit")
def audit_group() -> None:
    """Who did what to what."""


@audit_group.command("verify")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False, exists=True))
@DATA_DIR
def audit_verify(file: Path | None, data_dir: Path | None) -> None:
    """Replay the audit log of this master, or an exported FILE, and name the first row that does not fit."""
    if file is not None:
        sound, sentence = Admin.verify_audit_file(file)
    else:
        with _admin(data_dir) as admin:
            sound, sentence = admin.verify_audit()
    click.echo(sentence)
    if not sound:
        raise SystemExit(1)


@audit_group.command("export")
@DATA_DIR
def audit_export(data_dir: Path | None) -> None:
    """Print the audit log of a master that does not run, as lines of JSON."""
    with _admin(data_dir) as admin:
        admin.export_audit(sys.stdout)


@cli.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@DATA_DIR
def backup(file: Path, data_dir: Path | None) -> None:
    """Write a backup to a new FILE, also while the master runs."""
    with _admin(data_dir) as admin:
        size = admin.backup(file.absolute())
    click.echo(f"{file}: {size} bytes", err=True)


@cli.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--database", metavar="URL", help="An empty database for it; as its own settings say unless given.")
@DATA_DIR
def restore(file: Path, database: str | None, data_dir: Path | None) -> None:
    """Put a backup into an empty data folder. The master must not run.

    Bundles and results are not in a backup: copy the storage folder beside it.
    """
    folder = _folder(data_dir)
    with folder:
        Admin.restore(file, folder, database)
    _note(f"{file} was restored to {folder.root}.")


@cli.command("migrate")
@click.option("--to", "url", metavar="URL", help="Move to this database: postgresql://USER:PASSWORD@HOST/NAME.")
@DATA_DIR
def migrate(url: str | None, data_dir: Path | None) -> None:
    """Bring the database to this version's shape, or move it to another. The master must not run.

    A move that was interrupted goes on where it stood: give the same command again.
    """
    folder = _folder(data_dir)
    settings = _settings(folder, {})
    with folder:
        if url is None:
            build_master(settings, folder.root, SystemClock()).close()
            click.echo("The database has this version's shape.", err=True)
            return
        moved = Admin.migrate(folder, settings, url, lambda name, done, total: _note(f"  {name} {done}/{total}"))
    _note(f"{moved.rows} rows are in the new database, {moved.now} of them brought now; the next start uses it.")


@cli.command("conditions")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@DATA_DIR
def conditions(as_json: bool, data_dir: Path | None) -> None:
    """What is wrong with the running master and its pool, and what was lately. Exit code 1: somebody must act."""
    with _admin(data_dir) as admin:
        current, ended = admin.conditions()
    if as_json:
        click.echo(json.dumps({"current": [asdict(c) for c in current], "ended": [asdict(c) for c in ended]}))
    else:
        for condition in current:
            click.echo(f"{condition.gravity.value:<8}{condition.code}  since {_at(condition.since_ms)}")
            for line in (
                condition.what,
                f"At risk: {condition.at_risk}",
                f"Next: {condition.next}",
                condition.fix,
            ):
                if line:
                    click.echo(f"        {line}")
        if not current:
            click.echo("Nothing is wrong.")
        for condition in ended[:20]:
            click.echo(f"over    {condition.code}  {_at(condition.since_ms)} to {_at(condition.until_ms)}")
            click.echo(f"        {condition.what}")
    if any(condition.gravity is Gravity.ALERT for condition in current):
        raise SystemExit(1)


def _at(at_ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at_ms / 1000))


def _folder_path(data_dir: Path | None) -> Path:
    given = data_dir or (Path(os.environ["HIVEMIND_DATA_DIR"]) if os.environ.get("HIVEMIND_DATA_DIR") else None)
    return paths.folders("master", data_dir=given).data


def _folder(data_dir: Path | None) -> DataFolder:
    return DataFolder(_folder_path(data_dir))


def _settings(folder: DataFolder, flags: Mapping[str, Any]) -> MasterSettings:
    return load(MasterSettings, file=folder.settings_file, environ=os.environ, flags=flags)


def _admin(data_dir: Path | None) -> Admin:
    folder = _folder(data_dir)
    return Admin(folder, _settings(folder, {}))


def _seconds(text: str) -> int:
    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    if len(text) > 1 and text[:-1].isdigit() and text[-1] in units:
        return int(text[:-1]) * units[text[-1]]
    raise Invalid(f'"{text}" is no duration.', fix="Write for example 15m, 2h or 7d.")


def _labels(pairs: Sequence[str]) -> dict[str, str]:
    labels = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise Invalid(f'"{pair}" is no label.', fix="Write KEY=VALUE.")
        labels[name] = value
    return labels


def main() -> None:
    """Run a command; errors become one sentence with the fix, and exit code 1 (2: wrong use)."""
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from error
    except click.Abort as error:
        raise SystemExit(130) from error
    except HiveMindError as error:
        click.echo(f"{error.message} {error.fix}".strip() + f" [{error.code}]", err=True)
        for problem in getattr(error, "problems", ()):
            where = f" (line {problem.line})" if problem.line else ""
            click.echo(f"  {problem.reason}{where} {problem.fix}", err=True)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
