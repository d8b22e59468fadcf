"""A system bus of a test's own with a stand-in for logind, that counts who makes a shutdown wait."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import IO

from tests.support.engine import absent
from tests.support.pool import wait_for

#: Answers Inhibit with a pipe and watches its end, as logind does; says PrepareForShutdown when told.
SERVICE = """
import os, select, sys
from jeepney import DBusAddress, HeaderFields, MessageType, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection
bus = open_dbus_connection("SYSTEM", enable_fds=True)
bus.send_and_get_reply(message_bus.RequestName("org.freedesktop.login1"))
manager = DBusAddress("/org/freedesktop/login1", interface="org.freedesktop.login1.Manager")
held = []
print("ready", flush=True)
while True:
    ready, _, _ = select.select([bus.sock, 0, *held], [], [])
    for end in [one for one in ready if one in held]:
        held.remove(end)
        os.close(end)
        print("released", flush=True)
    if 0 in ready:
        word = os.read(0, 1).decode()
        if not word:
            sys.exit(0)
        bus.send(new_signal(manager, "PrepareForShutdown", "b", (word == "1",)))
    if bus.sock in ready:
        try:
            while True:
                message = bus.receive(timeout=0)
                if message.header.message_type is not MessageType.method_call:
                    continue
                member = message.header.fields[HeaderFields.member]
                if member == "Inhibit":
                    mine, theirs = os.pipe()
                    held.append(mine)
                    print("inhibit", *message.body, flush=True)
                    bus.send(new_method_return(message, "h", (theirs,)))
                    os.close(theirs)
                elif member == "Get":
                    bus.send(new_method_return(message, "v", (("t", int(sys.argv[1])),)))
        except TimeoutError:
            pass
"""


class Logind:
    """Use with `with`; `environ` leads programs to it."""

    def __init__(self, folder: Path, *, delay_max_s: float = 5.0) -> None:
        if not sys.platform.startswith("linux") or shutil.which("dbus-daemon") is None:
            absent("dbus-daemon is not installed")
        self._folder = folder
        self._delay_max_s = delay_max_s
        self._heard = folder / "logind.txt"
        self._processes: list[subprocess.Popen[bytes]] = []
        address = f"unix:path={folder / 'system-bus'}"
        self.environ = {"DBUS_SYSTEM_BUS_ADDRESS": address}

    def __enter__(self) -> Logind:
        address = self.environ["DBUS_SYSTEM_BUS_ADDRESS"]
        command = ["dbus-daemon", "--session", "--nofork", "--print-address", f"--address={address}"]
        bus = subprocess.Popen(command, stdout=subprocess.PIPE)
        self._processes.append(bus)
        assert bus.stdout is not None and bus.stdout.readline()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        while self._processes:
            self._end_newest()

    def _end_newest(self) -> None:
        process = self._processes.pop()
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def start(self) -> None:
        """Start the service; again: as after an update of the system."""
        if len(self._processes) > 1:
            self._end_newest()
        before = self.count("ready")
        with open(self._heard, "ab") as file:
            command = [sys.executable, "-c", SERVICE, str(int(self._delay_max_s * 1e6))]
            environment = {**os.environ, **self.environ}
            service = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=file, env=environment)
        self._processes.append(service)
        wait_for("the stand-in of logind", lambda: self.count("ready") > before)

    def count(self, word: str) -> int:
        """Return how often it wrote a line that begins so."""
        lines = self._heard.read_text().splitlines() if self._heard.exists() else []
        return sum(line.split(" ", 1)[0] == word for line in lines)

    @property
    def waits(self) -> int:
        """Return how many make a shutdown wait now."""
        return self.count("inhibit") - self.count("released")

    def say(self, *, shuts_down: bool) -> None:
        pipe: IO[bytes] | None = self._processes[-1].stdin
        assert pipe is not None
        pipe.write(b"1" if shuts_down else b"0")
        pipe.flush()
