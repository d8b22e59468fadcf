"""Start at login: off unless the person asks, for this user only, without rights of an administrator."""

from __future__ import annotations

import os
import plistlib
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

_WINDOWS_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"


class Autostart(Protocol):
    def enabled(self) -> bool: ...

    def enable(self, command: Sequence[str]) -> None: ...

    def disable(self) -> None: ...


class DesktopEntry:
    """Linux desktops: a file in the folder `autostart` of the user's configuration (XDG)."""

    def __init__(self, name: str, title: str, environ: Mapping[str, str]) -> None:
        home = Path(environ.get("HOME", str(Path.home())))
        config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
        self.file = config / "autostart" / f"{name}.desktop"
        self._title = title

    def enabled(self) -> bool:
        return self.file.is_file()

    def enable(self, command: Sequence[str]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        # A desktop entry's Exec has rules of its own: "%" is doubled, the rest is quoted as in a shell.
        line = " ".join(shlex.quote(part.replace("%", "%%")) for part in command)
        lines = ["[Desktop Entry]", "Type=Application", f"Name={self._title}", f"Exec={line}"]
        text = "\n".join([*lines, "X-GNOME-Autostart-enabled=true", ""])
        self.file.write_text(text, encoding="utf-8")

    def disable(self) -> None:
        self.file.unlink(missing_ok=True)


class LaunchAgent:
    """macOS: a property list in the user's LaunchAgents."""

    def __init__(self, name: str, environ: Mapping[str, str]) -> None:
        home = Path(environ.get("HOME", str(Path.home())))
        self.label = f"app.{name}"
        self.file = home / "Library" / "LaunchAgents" / f"{self.label}.plist"

    def enabled(self) -> bool:
        return self.file.is_file()

    def enable(self, command: Sequence[str]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        content = {"Label": self.label, "ProgramArguments": list(command), "RunAtLoad": True}
        self.file.write_bytes(plistlib.dumps(content))

    def disable(self) -> None:
        self.file.unlink(missing_ok=True)


class RunKey:
    """Windows: a value of the user's Run key, which Settings > Startup apps shows."""

    def __init__(self, name: str) -> None:
        self._name = name

    def enabled(self) -> bool:
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _WINDOWS_KEY) as key:  # type: ignore[attr-defined,unused-ignore]
                winreg.QueryValueEx(key, self._name)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True

    def enable(self, command: Sequence[str]) -> None:
        import winreg

        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _WINDOWS_KEY) as key:  # type: ignore[attr-defined,unused-ignore]
            line = subprocess.list2cmdline(command)
            winreg.SetValueEx(key, self._name, 0, winreg.REG_SZ, line)  # type: ignore[attr-defined,unused-ignore]

    def disable(self) -> None:
        import winreg

        try:
            with winreg.OpenKey(  # type: ignore[attr-defined,unused-ignore]
                winreg.HKEY_CURRENT_USER,  # type: ignore[attr-defined,unused-ignore]
                _WINDOWS_KEY,
                0,
                winreg.KEY_SET_VALUE,  # type: ignore[attr-defined,unused-ignore]
            ) as key:
                winreg.DeleteValue(key, self._name)  # type: ignore[attr-defined,unused-ignore]
        except FileNotFoundError:
            return


def autostart(
    name: str, title: str, *, platform: str = sys.platform, environ: Mapping[str, str] | None = None
) -> Autostart:
    """Return how this system starts programs at login. `name` is the entry's, such as `hivemind-worker`."""
    if platform == "win32":
        return RunKey(title)
    if platform == "darwin":
        return LaunchAgent(name, environ if environ is not None else os.environ)
    return DesktopEntry(name, title, environ if environ is not None else os.environ)
