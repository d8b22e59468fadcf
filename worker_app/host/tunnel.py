"""The agent's own WireGuard tunnel (`run --vpn FILE`): up before the master is dialled, down at the end."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from core.domain.errors import HiveMindError, Invalid

logger = logging.getLogger(__name__)

_CALL_S: Final = 60.0
_WORDS: Final = 400
#: What wg-quick takes as the name of an interface.
_NAME: Final = re.compile(r"[A-Za-z0-9_=+.-]{1,15}")
#: Lines of a wg-quick file that run commands as root, or write elsewhere than to the tunnel.
_NOT_TAKEN: Final = ("preup", "postup", "predown", "postdown", "saveconfig")


@contextlib.contextmanager
def tunnel(file: Path | None) -> Iterator[None]:
    """Hold the tunnel of a WireGuard file open; no file: nothing. One that was up already stays up afterwards.

    Raises Invalid for a file that is not taken, HiveMindError when the system refuses.
    """
    if file is None:
        yield
        return
    file = file.absolute()
    check(file)
    for program in ("wg", "wg-quick"):
        if shutil.which(program) is None:
            raise HiveMindError(
                f"--vpn needs {program}, which is not installed.",
                code="VPN_NOT_INSTALLED",
                fix="Install it (apt install wireguard-tools), or import the file into the WireGuard app "
                "and start without --vpn.",
            )
    if _is_up(file.stem):
        logger.info("the tunnel is up already", extra={"interface": file.stem})
        yield
        return
    _quick("up", file)
    logger.info("the tunnel is up", extra={"interface": file.stem})
    try:
        yield
    finally:
        try:
            _quick("down", file)
            logger.info("the tunnel is down", extra={"interface": file.stem})
        except HiveMindError as error:
            logger.warning("the tunnel stayed up", extra={"interface": file.stem, "reason": error.message})


def check(file: Path) -> None:
    """Raise Invalid unless the file is one that may be handed to wg-quick, which runs as root."""
    try:
        content = file.read_text(encoding="utf-8")
        mode = file.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise _invalid(f"{file} cannot be read: {error}", "Name the file that hivemind vpn add wrote.") from error
    if file.suffix != ".conf" or not _NAME.fullmatch(file.stem):
        raise _invalid(
            f"{file.name} does not name an interface.",
            "Call it, say, hivemind.conf: at most 15 letters, digits and dashes before .conf.",
        )
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise _invalid(f"{file} holds a private key, and others can read it.", f"chmod 600 {file}")
    for number, line in enumerate(content.splitlines(), 1):
        key = line.partition("=")[0].strip().casefold()
        if key in _NOT_TAKEN:
            raise _invalid(
                f"Line {number} of {file.name} would run a command as root ({key}).",
                "Files of a pool have no such line. Remove it, or bring the tunnel up yourself.",
            )


def _is_up(interface: str) -> bool:
    done = subprocess.run(["wg", "show", interface], capture_output=True, check=False, timeout=_CALL_S)
    return done.returncode == 0


def _quick(verb: str, file: Path) -> None:
    environment = {"WG_QUICK_USERSPACE_IMPLEMENTATION": "wireguard-go", **os.environ}
    try:
        done = subprocess.run(
            ["wg-quick", verb, str(file)],
            capture_output=True,
            text=True,
            check=False,
            timeout=_CALL_S,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(verb, str(error)) from error
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise _failed(verb, last[0][:_WORDS])


def _failed(verb: str, reason: str) -> HiveMindError:
    return HiveMindError(
        f"wg-quick {verb} failed: {reason}",
        code="VPN_FAILED",
        fix="It needs root (or CAP_NET_ADMIN), and the kernel's WireGuard or wireguard-go.",
    )


def _invalid(reason: str, fix: str) -> Invalid:
    return Invalid(reason, code="VPN_FILE_INVALID", fix=fix)
