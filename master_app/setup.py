"""First set-up of a data folder: questions to a person at a terminal, or all by flags. Writes `master.toml`.

Nothing is asked where nobody can answer: what was not given then keeps its default, which is safe for one
computer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.domain.errors import Invalid
from core.listening import holder, is_free
from core.settings import load, write_back
from master_app.folder import DataFolder
from master_app.marker import check_storage
from master_app.settings import MasterSettings, encryption_of, is_loopback, split_address

#: What the encryption of the web door may be, with the words of the question.
TLS_KINDS: Final[Mapping[str, str]] = {
    "none": "none: only this computer reaches the pages",
    "own": "own: a certificate of the pool's own authority; browsers must be told to trust it",
    "files": "files: a certificate and key that you have",
    "proxy": "proxy: a proxy in front of the master does it",
}
_EVERYBODY: Final = "0.0.0.0"

#: ask(question, default, choices) -> answer
Ask = Callable[[str, str, tuple[str, ...]], str]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the flags say; None was not given."""

    public_name: str | None = None
    web: str | None = None
    tls: str | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    storage: Path | None = None
    database: str | None = None
    sign_up: str | None = None


def keep_flags(_question: str, default: str, _choices: tuple[str, ...]) -> str:
    """Answer with the default: nobody is there to ask."""
    return default


def set_up(folder: DataFolder, before: MasterSettings, wishes: Wishes, ask: Ask, say: Say) -> MasterSettings:
    """Ask for what was not given, write the settings file, and return what it says. The caller holds the lock.

    Raises Invalid, and changes nothing, for what does not fit together.
    """
    tls = wishes.tls or ask("Encryption of the web pages", encryption_of(before), tuple(TLS_KINDS))
    if tls not in TLS_KINDS:
        raise Invalid(f'"{tls}" is no way of encryption.', fix=f"Choose one of {', '.join(TLS_KINDS)}.")
    changes: dict[str, Any] = {"tls": "own" if tls == "own" else None, "behind_proxy": tls == "proxy" or None}
    changes |= _certificate(tls, wishes, ask)
    name = wishes.public_name
    if name is None:
        name = ask("Name or address of this computer for others (empty: its own address)", before.public_name, ())
    changes["public_name"] = name or None
    changes["web"] = wishes.web or _web(tls, before, ask)
    storage = _storage(folder, before, wishes, ask)
    changes["storage"] = str(storage) if storage is not None else None
    if wishes.database is not None:
        changes["database"] = wishes.database or None
    default = before.sign_up or ("open" if tls == "none" else "invite")
    changes["sign_up"] = wishes.sign_up or ask("Who may make an account", default, ("open", "invite", "closed"))
    _check(tls, changes)
    check_storage(folder.root, storage or folder.root / "blobs")
    settings = write_back(MasterSettings, folder.settings_file, changes)
    _say_ports(settings, say)
    return settings


def _check(tls: str, changes: Mapping[str, Any]) -> None:
    """Raise Invalid for what does not fit, before anything is written."""
    web = load(MasterSettings, flags=changes).web
    if tls == "none" and not is_loopback(split_address(web)[0]):
        raise Invalid(
            f"The pages at {web} would be open to others without encryption.",
            code="TLS_NEEDED",
            fix="Choose --tls own, files or proxy, or listen on 127.0.0.1.",
        )


def _certificate(tls: str, wishes: Wishes, ask: Ask) -> dict[str, str | None]:
    if tls != "files":
        return {"tls_certificate": None, "tls_key": None}
    found: dict[str, str | None] = {}
    for key, given, words in (
        ("tls_certificate", wishes.tls_certificate, "File with the certificate and its chain (PEM)"),
        ("tls_key", wishes.tls_key, "File with its key (PEM)"),
    ):
        path = Path(given or ask(words, "", ())).expanduser()
        if not str(given or path).strip(".") or not path.is_file():
            raise Invalid(
                f"There is no file {path}." if given else f"{key} is needed for --tls files.",
                code="CERTIFICATE_MISSING",
                fix="Give --tls-certificate and --tls-key.",
            )
        found[key] = str(path.absolute())
    return found


def _web(tls: str, before: MasterSettings, ask: Ask) -> str:
    port = split_address(before.web)[1]
    host = split_address(before.web)[0]
    if tls == "none":
        return before.web if is_loopback(host) else f"127.0.0.1:{port}"
    default = before.web if not is_loopback(host) or tls == "proxy" else f"{_EVERYBODY}:{port}"
    return ask("Where the web pages listen", default, ())


def _storage(folder: DataFolder, before: MasterSettings, wishes: Wishes, ask: Ask) -> Path | None:
    default = before.storage or folder.root / "blobs"
    chosen = wishes.storage or Path(ask("Folder of bundles and results (any disk)", str(default), ()))
    chosen = chosen.expanduser().absolute()
    return None if chosen == folder.root / "blobs" else chosen


def _say_ports(settings: MasterSettings, say: Say) -> None:
    for door in (settings.web, settings.node, settings.control):
        host, port = split_address(door)
        if port and not is_free(host, port):
            who = holder(port)
            say(f"Port {port} is taken at the moment{f' by {who}' if who else ''}; the master will need it.")
