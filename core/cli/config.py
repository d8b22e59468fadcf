"""Where the master is and who we are: config file < environment < flags. The file is its owner's alone."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import tomlkit

from core import paths
from core.domain.errors import Invalid

DEFAULT_URL: Final = "http://localhost:5000"
_MAX_FILE_BYTES: Final = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    url: str = DEFAULT_URL
    token: str = field(repr=False, default="")
    username: str = ""
    ca_file: Path | None = None


def config_path(environ: Mapping[str, str]) -> Path:
    """Return where the file is or would be."""
    named = environ.get("HIVEMIND_CLI_CONFIG", "")
    return Path(named) if named else paths.folders("client").config / "cli.toml"


def load_config(environ: Mapping[str, str], *, url: str = "", token: str = "", ca_file: str = "") -> Config:
    """Return what file, environment and flags say together. Raises Invalid for a file that cannot be read.

    A token of the file is used only for the master that gave it.
    """
    path = config_path(environ)
    stored = _read(path)
    stored_url = stored.get("url", "") or DEFAULT_URL
    wanted_url = (url or environ.get("HIVEMIND_URL", "") or stored_url).rstrip("/")
    own_token = stored.get("token", "") if wanted_url == stored_url.rstrip("/") else ""
    authority = ca_file or environ.get("HIVEMIND_CA_FILE", "") or stored.get("ca_file", "")
    return Config(
        url=wanted_url,
        token=token or environ.get("HIVEMIND_TOKEN", "") or own_token,
        username=stored.get("username", "") if own_token else "",
        ca_file=Path(authority) if authority else None,
    )


def save_config(environ: Mapping[str, str], config: Config) -> Path:
    """Keep a login for the next commands, readable for this user alone; return where."""
    path = config_path(environ)
    document = tomlkit.document()
    document.add("url", tomlkit.item(config.url))
    document.add("username", tomlkit.item(config.username))
    document.add("token", tomlkit.item(config.token))
    if config.ca_file is not None:
        document.add("ca_file", tomlkit.item(str(config.ca_file)))
    if not path.parent.exists():
        paths.private_folder(path.parent)
    paths.write_private(path, tomlkit.dumps(document).encode())
    return path


def forget_login(environ: Mapping[str, str]) -> None:
    """Remove the token that is kept; the address stays."""
    path = config_path(environ)
    stored = _read(path)
    if stored.get("token"):
        save_config(environ, Config(url=stored.get("url", DEFAULT_URL)))


def _read(path: Path) -> dict[str, str]:
    try:
        with open(path, "rb") as stream:
            content = stream.read(_MAX_FILE_BYTES)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.", code="CONFIG_UNREADABLE") from error
    try:
        values = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(
            f"{path} is not valid: {error}.", code="CONFIG_INVALID", fix="Mend it, or delete it and log in again."
        ) from error
    return {key: value for key, value in values.items() if isinstance(value, str)}
