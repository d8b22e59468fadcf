"""Battery, metered network and temperatures. What cannot be read is None."""

from __future__ import annotations

import sys
from typing import Any

import psutil

from worker_app.agent.senses.bus import Bus

_NETWORK_MANAGER = "org.freedesktop.NetworkManager"
#: NM_METERED_YES and NM_METERED_GUESS_YES; their opposites.
_METERED = {1: True, 3: True, 2: False, 4: False}


def on_battery() -> bool | None:
    """Tell whether the computer runs on its battery. One without a battery is on mains."""
    read = getattr(psutil, "sensors_battery", None)
    if read is None:
        return None
    try:
        battery = read()
    except (OSError, ValueError):
        return None
    if battery is None:
        return False
    return None if battery.power_plugged is None else not battery.power_plugged


def metered(system: Bus) -> bool | None:
    """Tell whether the network is paid by volume, as far as NetworkManager knows."""
    if sys.platform != "linux":
        return None
    path = "/" + _NETWORK_MANAGER.replace(".", "/")
    return _METERED.get(system.property(_NETWORK_MANAGER, path, _NETWORK_MANAGER, "Metered"))


def hottest() -> tuple[float | None, str]:
    """Return the highest temperature of a processor and the name of its sensor."""
    read: Any = getattr(psutil, "sensors_temperatures", None)
    if read is None:
        return None, ""
    try:
        groups = read()
    except (OSError, ValueError):
        return None, ""
    wanted = [name for name in groups if name in ("coretemp", "k10temp", "zenpower", "cpu_thermal")]
    found = [
        (entry.current, name)
        for name in wanted or groups
        for entry in groups[name]
        if 0 < (entry.current or 0) < 150
    ]
    return max(found) if found else (None, "")
