"""How the command line speaks: data on standard output, everything else on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from core.cli.config import Config
from core.cli.texts import _
from core.client import AuthError, ClientError, HiveMind, NotFoundError
from core.domain.errors import HiveMindError, Invalid, Problem


@dataclass(slots=True)
class Session:
    """What all commands share."""

    config: Config
    as_json: bool = False
    quiet: bool = False
    color: bool = True
    timeout_s: float = 30.0
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def connect(self) -> HiveMind:
        return HiveMind(
            self.config.url,
            token=self.config.token,
            timeout_s=self.timeout_s,
            ca_file=self.config.ca_file,
            user_agent="hivemind-cli",
        )

    def say(self, text: str) -> None:
        """Tell the person something that is not data."""
        if not self.quiet:
            click.echo(text, err=True)

    def data(self, value: Any, text: str) -> None:
        """Print the data: JSON, or the same for a person."""
        click.echo(json.dumps(value, ensure_ascii=False, indent=2) if self.as_json else text)

    def table(self, values: Any, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a list: JSON, or a table."""
        if self.as_json:
            click.echo(json.dumps(values, ensure_ascii=False, indent=2))
            return
        if not sys.stdout.isatty():
            for row in (columns, *rows):
                click.echo("\t".join(row))
            return
        table = Table(*columns, box=None, pad_edge=False, header_style="bold")
        for row in rows:
            table.add_row(*row)
        console = Console(no_color=not self.color, highlight=False, markup=False)
        console.print(table)


def explain_error(error: ClientError | HiveMindError, session: Session | None) -> int:
    """Print an error, and return the exit code for it."""
    problems: Sequence[Problem] = getattr(error, "problems", ())
    request_id = getattr(error, "request_id", "")
    if session is not None and session.as_json:
        document = {
            "error": {
                "code": error.code,
                "message": error.message,
                "fix": error.fix,
                "request_id": request_id,
                "problems": [
                    {"code": p.code, "key": p.key, "line": p.line, "reason": p.reason, "fix": p.fix}
                    for p in problems
                ],
            }
        }
        click.echo(json.dumps(document, ensure_ascii=False, indent=2), err=True)
        return exit_code(error)
    click.echo(f"{_('Error')}: {error.message} [{error.code}]", err=True)
    for problem in problems:
        click.echo(f"  {problem_line(problem)}", err=True)
    if error.fix:
        click.echo(f"  {error.fix}", err=True)
    if request_id:
        click.echo(f"  {_('Request')} {request_id}", err=True)
    return exit_code(error)


def problem_line(problem: Problem) -> str:
    """Return one problem in one line, with where and how to mend it."""
    place = ":".join(part for part in (f"line {problem.line}" if problem.line else "", problem.key) if part)
    return f"{f'{place}: ' if place else ''}{problem.reason} {problem.fix}".rstrip()


def exit_code(error: ClientError | HiveMindError) -> int:
    if isinstance(error, AuthError):
        return 3
    if isinstance(error, NotFoundError):
        return 4
    if isinstance(error, Invalid) and error.code == "USAGE":
        return 2
    return 1
