"""hivemind vpn: WireGuard configs. The key is made here when `wg` is here, so that it never travels."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from core.cli.output import Session
from core.cli.texts import _
from core.domain.errors import Conflict, HiveMindError
from core.paths import private_opener

_KEY_PLACE = "PUT-YOUR-PRIVATE-KEY-HERE"


@click.group()
def vpn() -> None:
    """WireGuard configs for your devices."""


@vpn.command("list")
@click.pass_obj
def list_configs(session: Session) -> None:
    """Your live configs."""
    with session.connect() as hive:
        found = hive.vpn.configs()
    rows = [(c["config_id"], c["name"], c["address"], c["rotated_at"] or c["created_at"]) for c in found]
    session.table(found, ("CONFIG", "NAME", "ADDRESS", "KEY SINCE"), rows)


@vpn.command("add")
@click.argument("name")
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help=_("The file to write."))
@click.option("--public-key", default="", help=_("Of a key that you keep; else one is made."))
@click.pass_obj
def add_config(session: Session, name: str, output: Path, public_key: str) -> None:
    """Make a config for a device and write its file, for you alone to read."""
    _refuse_overwriting(output)
    private, public = ("", public_key) if public_key else _own_key()
    with session.connect() as hive:
        made = hive.vpn.make(name, public)
    _write(session, made, output, private)


@vpn.command("rotate")
@click.argument("config_id")
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help=_("The file to write."))
@click.option("--public-key", default="", help=_("Of a key that you keep; else one is made."))
@click.pass_obj
def rotate_config(session: Session, config_id: str, output: Path, public_key: str) -> None:
    """Give a config a new key; its address stays."""
    _refuse_overwriting(output)
    private, public = ("", public_key) if public_key else _own_key()
    with session.connect() as hive:
        made = hive.vpn.rotate(config_id, public)
    _write(session, made, output, private)


@vpn.command("revoke")
@click.argument("config_id")
@click.pass_obj
def revoke_config(session: Session, config_id: str) -> None:
    """End a config for good. Its address is not given to anybody else."""
    with session.connect() as hive:
        hive.vpn.revoke(config_id)
    session.say(_("Revoked."))


def _refuse_overwriting(output: Path) -> None:
    # Before anything is made on the master: a config whose file cannot be written would be of no use.
    if output.exists():
        raise Conflict(f"{output} is there already.", code="FILE_EXISTS", fix="Choose another name.")


def _own_key() -> tuple[str, str]:
    """Return a key pair made by `wg` on this computer, or two empty texts where it is not installed."""
    program = shutil.which("wg")
    if program is None:
        return "", ""
    try:
        private = _printed(program, "genkey", "")
        return private, _printed(program, "pubkey", private)
    except (OSError, subprocess.SubprocessError) as error:
        raise HiveMindError(f"wg could not make a key: {error}", code="VPN_KEY_FAILED") from error


def _printed(program: str, verb: str, line_in: str) -> str:
    done = subprocess.run([program, verb], input=line_in, capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()


def _write(session: Session, made: Mapping[str, Any], output: Path, private: str) -> None:
    text = str(made["file"])
    with open(output, "x", encoding="utf-8", opener=private_opener) as file:
        file.write(text.replace(_KEY_PLACE, private) if private else text)
    shown = {key: value for key, value in made.items() if key not in ("file", "qr_svg")}
    session.data(shown, f"{made['config_id']}  {made['name']}  {made['address']}  {output}")
    if not private and not made["has_private_key"]:
        session.say(_("Put the private key into the file at {place}.").format(place=_KEY_PLACE))
    elif not private:
        session.say(_("The master made the key, because wg is not installed here. It does not keep it."))


COMMANDS = (vpn,)
