"""login, logout, register, whoami, password, quota, tokens."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import click

from core.cli.config import forget_login, save_config
from core.cli.output import Session
from core.cli.texts import _
from core.client import AuthError
from core.domain.errors import Invalid
from core.domain.user import Scope

_SCOPES = tuple(scope.value for scope in Scope)


def _password(given: bool, *, confirm: bool = False) -> str:
    """Return a password that is never echoed: typed, or the first line of standard input."""
    if given:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Invalid(
            _("A password is needed, and there is nobody to ask."),
            code="USAGE",
            fix=_("Pass --password-stdin and write it to standard input."),
        )
    text: str = click.prompt(_("Password"), hide_input=True, confirmation_prompt=confirm, err=True)
    return text


@click.command()
@click.argument("username")
@click.option("--password-stdin", is_flag=True, help=_("Read the password from standard input."))
@click.option("--invite", default="", help=_("An invitation, where the pool needs one."))
@click.pass_obj
def register(session: Session, username: str, password_stdin: bool, invite: str) -> None:
    """Make an account."""
    with session.connect() as hive:
        made = hive.register(username, _password(password_stdin, confirm=True), invite=invite)
    session.data(made, _("{name} has {cpt} CPT.").format(name=made["username"], cpt=made["balance"]["cpt"]))


@click.command()
@click.argument("username")
@click.option("--password-stdin", is_flag=True, help=_("Read the password from standard input."))
@click.pass_obj
def login(session: Session, username: str, password_stdin: bool) -> None:
    """Sign in; the token is kept for the next commands, for this user alone."""
    with session.connect() as hive:
        found = hive.login(username, _password(password_stdin))
    config = dataclasses.replace(session.config, token=found.token, username=found.username)
    path = save_config(session.environ, config)
    shown = {
        "username": found.username,
        "roles": list(found.roles),
        "expires_at": found.expires_at,
        "balance": dataclasses.asdict(found.balance),
        "url": config.url,
    }
    session.data(shown, _("{name}, {balance}").format(name=found.username, balance=found.balance))
    session.say(_("The login is kept in {path} until {end}.").format(path=path, end=found.expires_at))


@click.command()
@click.pass_obj
def logout(session: Session) -> None:
    """End the login that is kept."""
    try:
        if session.config.token:
            with session.connect() as hive:
                hive.logout()
    except AuthError:
        session.say(_("It had ended already."))
    finally:
        forget_login(session.environ)
    session.say(_("Signed out."))


@click.command()
@click.pass_obj
def whoami(session: Session) -> None:
    """Who the token is, and what it may do."""
    with session.connect() as hive:
        me = hive.me()
    session.data(me, f"{me['username']} ({', '.join(me['roles'])}): {', '.join(me['scopes'])}")


@click.command()
@click.option("--password-stdin", is_flag=True, help=_("Read the present and the new password from two lines."))
@click.pass_obj
def password(session: Session, password_stdin: bool) -> None:
    """Change your password. Other logins end; API tokens stay."""
    with session.connect() as hive:
        old = _password(password_stdin)
        hive.change_password(old, _password(password_stdin, confirm=True))
    session.say(_("The password was changed."))


@click.command()
@click.pass_obj
def quota(session: Session) -> None:
    """What you may use, and use."""
    with session.connect() as hive:
        found = hive.quota()
    rows = [(name, _shown(found["used"][name]), _shown(bound)) for name, bound in found["quota"].items()]
    session.table(found, ("QUOTA", "USED", "BOUND"), rows)


def _shown(value: Any) -> str:
    if value is None:
        return _("none")
    return str(value["cpt"]) if isinstance(value, dict) else str(value)


@click.group()
def tokens() -> None:
    """API tokens for scripts."""


@tokens.command("list")
@click.pass_obj
def list_tokens(session: Session) -> None:
    """Your live tokens, logins and sessions."""
    with session.connect() as hive:
        found = hive.tokens()
    rows = [
        (t["token_id"], t["kind"], t["name"], ",".join(t["scopes"]), t["expires_at"] or _("never")) for t in found
    ]
    session.table(found, ("TOKEN", "KIND", "NAME", "SCOPES", "EXPIRES"), rows)


@tokens.command("create")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(_SCOPES))
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 366))
@click.pass_obj
def create_token(session: Session, name: str, scopes: tuple[str, ...], days: int) -> None:
    """Make a token. Its text is printed now and never again."""
    with session.connect() as hive:
        made = hive.make_token(name, scopes, expires_days=days)
    session.data(made, str(made["token"]))
    session.say(_("Keep it: it is not shown again. It ends {end}.").format(end=made["expires_at"]))


@tokens.command("revoke")
@click.argument("token_id")
@click.pass_obj
def revoke_token(session: Session, token_id: str) -> None:
    """End a token at once."""
    with session.connect() as hive:
        hive.revoke_token(token_id)
    session.say(_("Revoked."))


COMMANDS = (register, login, logout, whoami, password, quota, tokens)
