"""A real name server that takes questions and never answers holds no thread that waits for a webhook's address."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ASK = """
import socket, threading, time
from concurrent.futures import ThreadPoolExecutor
from master_app.notices.lookups import Lookups
from master_app.notices.webhook import Webhooks

silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
silent.bind(("127.0.0.1", 53))
hooks = Webhooks(resolve=Lookups(at_once=4, wait_s=0.5))
start = threading.Barrier(12)

def ask(number):
    start.wait(30)
    return hooks.check(f"https://host{number}.example.org/")

with ThreadPoolExecutor(12) as threads:
    answers = list(threads.map(ask, range(12)))
assert silent.recv(512), "nobody asked the name server"
print(sum("did not answer in time" in each for each in answers), sum("too many" in each for each in answers))
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.geteuid() != 0,
    reason="a name server of its own needs root on Linux",
)
def test_a_name_server_that_never_answers_holds_nobody(tmp_path: Path) -> None:
    resolver = tmp_path / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\n")
    inside = 'ip link set lo up && mount --bind "$1" /etc/resolv.conf && exec "$2" -c "$3"'
    command = ["unshare", "--mount", "--net", "sh", "-c", inside, "sh", str(resolver), sys.executable, _ASK]
    # The system's own lookup would wait for 10 s and more; it goes on in threads that end with the program.
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["4", "8"]), done.stdout + done.stderr
