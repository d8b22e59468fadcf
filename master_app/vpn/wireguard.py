"""The system's WireGuard through `wg` and `wg-quick`: argument lists, no shell, bounded in time."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from core.paths import private_opener

_CALL_S: Final = 20.0
_WORDS: Final = 400


class SystemWireGuard:
    """See the port. The kernel's WireGuard where there is one, else wireguard-go, which wg-quick finds itself."""

    def apply(self, interface: str, quick_file: str, sync_text: str) -> None:
        for program in ("wg", "wg-quick"):
            if shutil.which(program) is None:
                raise FileNotFoundError(f"{program} is not installed: apt install wireguard-tools")
        if not _exists(interface):
            _call("wg-quick", "up", quick_file)
            return
        with tempfile.TemporaryDirectory(prefix="hivemind-vpn-") as folder:
            file = Path(folder) / "sync.conf"
            with open(file, "xb", opener=private_opener) as stream:
                stream.write(sync_text.encode())
            _call("wg", "syncconf", interface, str(file))


def _exists(interface: str) -> bool:
    done = subprocess.run(["wg", "show", interface], capture_output=True, check=False, timeout=_CALL_S)
    return done.returncode == 0


def _call(*command: str) -> None:
    environment = {**os.environ, "WG_QUICK_USERSPACE_IMPLEMENTATION": "wireguard-go"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_CALL_S, env=environment
        )
    except subprocess.TimeoutExpired as error:
        raise OSError(f"{command[0]} did not answer within {_CALL_S:.0f} s") from error
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise OSError(f"{' '.join(command[:2])}: {last[0][:_WORDS]}")
