"""Settings: declared, typed, layered. Defaults < TOML file < environment (`HIVEMIND_*`) < command-line flags.

A program declares its settings as a subclass of `Settings` and reads them once with `load`. A name that is
not declared is refused, with the nearest one that is; so is a value of the wrong kind, with where it stands.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import tomlkit
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from tomlkit.exceptions import TOMLKitError

from core import paths
from core.domain.errors import Invalid, Problem, StorageUnavailable

S = TypeVar("S", bound="Settings")

ENV_PREFIX: Final = "HIVEMIND_"
_MAX_FILE_BYTES: Final = 1 << 20

_Layer = tuple[str, Mapping[str, Any]]


class Settings(BaseSettings):
    """Base of a program's settings. Values are fixed once loaded; secrets are declared as `SecretStr`."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        validate_default=True,
        allow_inf_nan=False,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # `load` lays the layers on each other itself: it is told which file and which environment to read.
        return (init_settings,)


def load(
    kind: type[S],
    *,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> S:
    """Return the settings of `kind`, or raise Invalid with every problem found, its place and its fix.

    A missing file is an empty one. Flags that are None were not given. A variable that resembles none of ours
    is left alone, because master, agent and command line share the prefix.
    """
    text = "" if file is None else _read(file)
    layers = (
        ("file", _parse(text, file)),
        ("environment", _environment(kind, environ or {})),
        ("flags", {name: value for name, value in (flags or {}).items() if value is not None}),
    )
    merged: dict[str, Any] = {}
    for _, layer in layers:
        _lay(merged, layer)
    try:
        return kind(**merged)
    except ValidationError as error:
        problems = _problems(kind, error, layers, text)
        raise Invalid("The settings are not valid.", problems, code="SETTINGS_INVALID") from None


def write_back(kind: type[S], file: Path, changes: Mapping[str, Any]) -> S:
    """Change single settings in the file, keep its comments and order, and return what the file now says.

    Keys of tables are dotted (`web.port`); None takes a setting out, so that its default holds again. Nothing
    is written unless the whole file is valid afterwards.
    """
    try:
        document = tomlkit.parse(_read(file))
    except TOMLKitError as error:
        raise Invalid(f"{file} is no valid TOML: {error}", code="SETTINGS_INVALID") from error
    for key, value in changes.items():
        *tables, name = key.split(".")
        target: Any = document
        for table in tables:
            if table not in target:
                target[table] = tomlkit.table()
            target = target[table]
        if value is None:
            target.pop(name, None)
        else:
            target[name] = value
    text = tomlkit.dumps(document)
    try:
        settings = kind(**tomllib.loads(text))
    except ValidationError as error:
        problems = _problems(kind, error, (("file", tomllib.loads(text)),), text)
        raise Invalid("The settings were not changed.", problems, code="SETTINGS_INVALID") from None
    paths.private_folder(file.parent)
    paths.write_private(file, text.encode())
    return settings


def _read(file: Path) -> str:
    try:
        with open(file, "rb") as stream:
            content = stream.read(_MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StorageUnavailable(
            f"{file} cannot be read: {error.strerror}.", code="SETTINGS_UNREADABLE"
        ) from error
    if len(content) > _MAX_FILE_BYTES:
        raise Invalid(f"{file} is larger than 1 MiB.", code="SETTINGS_INVALID")
    try:
        return content.decode("utf-8-sig")  # Notepad puts a mark in front
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is not UTF-8 text.", code="SETTINGS_INVALID", fix="Save it as UTF-8.") from error


def _parse(text: str, file: Path | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        problem = Problem(
            code="toml",
            reason=str(error),
            fix="Mend this line; values that are text stand in quotes.",
            line=int(found.group(1)) if found else None,
        )
        raise Invalid(f"{file} is no valid TOML: {error}", [problem], code="SETTINGS_INVALID") from error


class _GivenEnvironment(EnvSettingsSource):
    """Reads the variables that it is given, not those of the process."""

    def __init__(self, kind: type[BaseSettings], environ: Mapping[str, str]) -> None:
        self._given = {name.lower(): value for name, value in environ.items()}
        super().__init__(kind)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return self._given


def _environment(kind: type[Settings], environ: Mapping[str, str]) -> dict[str, Any]:
    ours = {name: value for name, value in environ.items() if name.upper().startswith(ENV_PREFIX)}
    known = [f"{ENV_PREFIX}{name.upper().replace('.', '__')}" for name in _names(kind)]
    problems = []
    for name in sorted(ours):
        nearest = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.9)
        if nearest and name.upper() not in known:
            problems.append(
                Problem(
                    code="extra_forbidden",
                    key=name,
                    reason=f"There is no setting {name} in the environment.",
                    fix=f"Did you mean {nearest[0]}?",
                )
            )
    if problems:
        raise Invalid("The settings are not valid.", problems, code="SETTINGS_INVALID")
    try:
        return _GivenEnvironment(kind, ours)()
    except ValueError as error:  # a list or table that is not JSON
        raise Invalid(f"A setting in the environment is not valid: {error}.", code="SETTINGS_INVALID") from error


def _lay(under: dict[str, Any], over: Mapping[str, Any]) -> None:
    for name, value in over.items():
        if isinstance(value, Mapping) and isinstance(under.get(name), dict):
            _lay(under[name], value)
        else:
            under[name] = dict(value) if isinstance(value, Mapping) else value


def _names(kind: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in kind.model_fields.items():
        yield f"{prefix}{name}"
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _names(inner, f"{prefix}{name}.")


def _problems(
    kind: type[BaseModel], error: ValidationError, layers: tuple[_Layer, ...], text: str
) -> list[Problem]:
    details = error.errors(include_input=False, include_url=False, include_context=False)
    return [_problem(kind, detail, layers, text) for detail in details]


def _problem(kind: type[BaseModel], detail: ErrorDetails, layers: tuple[_Layer, ...], text: str) -> Problem:
    code, location, message = detail["type"], detail["loc"], detail["msg"]
    key = ".".join(str(part) for part in location)
    source = next((name for name, layer in reversed(layers) if _holds(layer, location)), "")
    where = {
        "file": " in the settings file",
        "environment": f" in the environment ({ENV_PREFIX}{key.upper().replace('.', '__')})",
        "flags": " on the command line",
    }.get(source, "")
    line = _line_of(text, location) if source == "file" else None
    if code == "extra_forbidden":
        nearest = difflib.get_close_matches(key, list(_names(kind)), n=1, cutoff=0.6)
        fix = f'Did you mean "{nearest[0]}"?' if nearest else "Take it out."
        return Problem(code=code, key=key, reason=f'There is no setting "{key}"{where}.', fix=fix, line=line)
    reason = f"{key}{where}: {message}."
    return Problem(code=code, key=key, reason=reason, fix="Give a value as it says.", line=line)


def _holds(layer: Any, location: tuple[int | str, ...]) -> bool:
    """Tell whether `layer` gives the setting at `location`; what is inside a list belongs to the list."""
    for part in location:
        if not isinstance(layer, Mapping):
            return True
        if part not in layer:
            return False
        layer = layer[part]
    return True


def _line_of(text: str, location: tuple[int | str, ...]) -> int | None:
    """Find the line that sets `location`, in the plain forms that people write; None for the others."""
    names = [str(part) for part in location]
    table: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line)
        if header:
            table = [part.strip().strip("\"'") for part in header.group(1).split(".")]
            if table == names:
                return number
            continue
        assignment = re.match(r"\s*([\w.\"'-]+)\s*=", line)
        if assignment:
            path = [*table, *(part.strip("\"'") for part in assignment.group(1).split("."))]
            if path == names[: len(path)]:
                return number
    return None
