"""Which program opens links of a scheme: ours only if the person asks, for this user, without an administrator.

On Linux that is a desktop entry of the user's and a line in their `mimeapps.list` (freedesktop.org). Windows gets
it from the installer, and a macOS application from its bundle.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_SECTION: Final = "[Default Applications]"


class LinkHandler:
    """`name` is that of the entry, such as `hivemind-worker-links`."""

    def __init__(self, name: str, title: str, scheme: str, environ: Mapping[str, str]) -> None:
        home = Path(environ.get("HOME", str(Path.home())))
        data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
        config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
        self.file = data / "applications" / f"{name}.desktop"
        self.defaults = config / "mimeapps.list"
        self._title, self._type = title, f"x-scheme-handler/{scheme}"

    def enabled(self) -> bool:
        return self.file.is_file() and f"{self._type}={self.file.name}" in self._lines()

    def enable(self, command: Sequence[str]) -> None:
        """From now on this command opens such links; the link comes as its last argument."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        line = " ".join(shlex.quote(part.replace("%", "%%")) for part in command)
        lines = ["[Desktop Entry]", "Type=Application", f"Name={self._title}", f"Exec={line} %u"]
        lines += ["NoDisplay=true", f"MimeType={self._type};", ""]
        self.file.write_text("\n".join(lines), encoding="utf-8")
        kept = self._others()
        if _SECTION not in kept:
            kept += [*([""] if kept else []), _SECTION]
        kept.insert(kept.index(_SECTION) + 1, f"{self._type}={self.file.name}")
        self._keep(kept)

    def disable(self) -> None:
        if self.defaults.is_file():
            # What another program has registered since is its own.
            ours = f"{self._type}={self.file.name}"
            self._keep([one for one in self._lines() if one != ours])
        self.file.unlink(missing_ok=True)

    def _others(self) -> list[str]:
        """Return the lines without any default for the scheme, whoever's it was."""
        section, kept = "", []
        for one in self._lines():
            section = one if one.startswith("[") else section
            if not (section == _SECTION and one.startswith(f"{self._type}=")):
                kept.append(one)
        return kept

    def _lines(self) -> list[str]:
        try:
            return self.defaults.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _keep(self, lines: Sequence[str]) -> None:
        self.defaults.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.defaults.with_name(f"{self.defaults.name}.hivemind-new")
        fresh.write_text("\n".join([*lines, ""]), encoding="utf-8")
        os.replace(fresh, self.defaults)


def link_handler(
    name: str, title: str, scheme: str, *, platform: str = sys.platform, environ: Mapping[str, str] | None = None
) -> LinkHandler | None:
    """Return what registers a scheme on this system; None where that is done at installation."""
    if platform in ("win32", "darwin"):
        return None
    return LinkHandler(name, title, scheme, environ if environ is not None else os.environ)
