"""Kept awake by the desktop's session where there is one; where there is none, it says so in words."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine import absent
from tests.support.pool import wait_for
from worker_app.host.awake import NO_SESSION, WakepyAwake

#: A session's power manager, as far as wakepy asks it: it writes down who inhibits sleep.
SERVICE = """
import sys
from jeepney import DBusAddress, HeaderFields, MessageType, new_method_call, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection
connection = open_dbus_connection("SESSION")
connection.send_and_get_reply(message_bus.RequestName("org.freedesktop.PowerManagement"))
print("ready", flush=True)
while True:
    message = connection.receive()
    if message.header.message_type is not MessageType.method_call:
        continue
    member = message.header.fields[HeaderFields.member]
    print(member, *message.body, flush=True)
    if member == "Inhibit":
        connection.send(new_method_return(message, "u", (7,)))
    else:
        connection.send(new_method_return(message))
"""


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A session bus of its own with a power manager; yields the file in which it writes what it was asked."""
    if shutil.which("dbus-daemon") is None:
        absent("dbus-daemon is not installed")
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address", f"--address=unix:path={tmp_path / 'bus'}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert bus.stdout is not None
    address = bus.stdout.readline().strip()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    asked = tmp_path / "asked"
    with open(asked, "w") as file:
        service = subprocess.Popen([sys.executable, "-c", SERVICE], stdout=file, env=dict(os.environ))
    try:
        wait_for("the power manager", lambda: "ready" in asked.read_text())
        yield asked
    finally:
        for process in (service, bus):
            process.kill()
            process.wait()
        bus.stdout.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the session bus is Linux's")
def test_the_session_is_asked_while_work_runs_and_let_go_after_it(session: Path) -> None:
    awake = WakepyAwake()
    awake.hold()
    awake.hold()
    wait_for("the session's consent", lambda: awake.is_held or awake.problem)
    assert awake.is_held and awake.problem == ""
    assert session.read_text().count("Inhibit") == 1
    awake.release()
    assert not awake.is_held
    wait_for("the end of the wish", lambda: "UnInhibit" in session.read_text())
    awake.release()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the session bus is Linux's")
def test_without_a_session_it_says_that_this_computer_may_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    awake = WakepyAwake()
    awake.hold()
    wait_for("an answer", lambda: awake.problem)
    assert awake.problem == NO_SESSION and not awake.is_held
    awake.release()
    assert awake.problem == ""
