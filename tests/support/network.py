"""A small internet on one computer: the master and each agent in a network namespace of its own, with links that
can be cut, silenced one way, slowed and made lossy. Needs root, iproute2 and iptables.

    agents  10.201.0.2 ... ──user-space link──▶ 10.201.0.1  master  10.202.N.2 ──veth──▶ 10.202.N.1  the test
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent.parent
MASTER = "10.201.0.1"


def missing() -> str:
    """Return why no network can be made here; empty when one can."""
    if os.name != "posix" or os.geteuid() != 0:
        return "network namespaces need root"
    gone = [name for name in ("ip", "iptables", "nsenter") if shutil.which(name) is None]
    if gone:
        return f"not installed: {', '.join(gone)}"
    return "" if Path("/dev/net/tun").exists() else "this kernel has no /dev/net/tun"


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")


class Network:
    """Use with `with`. Names are this process's own; everything is gone at the end."""

    def __init__(self, agents: Sequence[str]) -> None:
        self.agents = tuple(agents)
        self._mark = f"hm{os.getpid() % 100_000}"
        self._subnet = f"10.202.{os.getpid() % 250}"
        self._links: dict[str, subprocess.Popen[str]] = {}

    @property
    def web_address(self) -> str:
        """Where the master's web door listens, reachable from the test whatever happens to the links."""
        return f"{self._subnet}.2"

    def prefix(self, member: str) -> list[str]:
        """Return the command that runs the one after it in a member's namespace."""
        return ["nsenter", f"--net=/run/netns/{self._name(member)}"]

    def __enter__(self) -> Network:
        try:
            self._make()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _make(self) -> None:
        for member in ("master", *self.agents):
            run("ip", "netns", "add", self._name(member))
            run("ip", "-n", self._name(member), "link", "set", "lo", "up")
        outside, inside = f"{self._mark}w", "web0"
        run("ip", "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", self._name("master"))
        run("ip", "addr", "add", f"{self._subnet}.1/30", "dev", outside)
        run("ip", "link", "set", outside, "up")
        run("ip", "-n", self._name("master"), "addr", "add", f"{self._subnet}.2/30", "dev", inside)
        run("ip", "-n", self._name("master"), "link", "set", inside, "up")
        for number, agent in enumerate(self.agents):
            link = subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.support.netem"),
                    *(self._name("master"), MASTER, f"em{number}"),
                    *(self._name(agent), f"10.201.0.{number + 2}", "em0"),
                ],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            self._links[agent] = link
            assert link.stdout is not None
            if link.stdout.readline().strip() != "ready":
                raise RuntimeError("a link did not come up")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for link in self._links.values():
            if link.stdin is not None:
                link.stdin.close()
            link.wait(10)
            if link.stdout is not None:
                link.stdout.close()
        for member in ("master", *self.agents):
            subprocess.run(["ip", "netns", "del", self._name(member)], capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", f"{self._mark}w"], capture_output=True, check=False)

    # ---- what can be done to an agent's link

    def cut(self, agent: str) -> None:
        """Pull the cable: the agent's computer sees its link go down."""
        run("ip", "-n", self._name(agent), "link", "set", "em0", "down")

    def mend(self, agent: str) -> None:
        """Put everything right: link up, nothing silenced."""
        run("ip", "-n", self._name(agent), "link", "set", "em0", "up")
        run(*self.prefix(agent), "iptables", "-F")

    def silence(self, agent: str, *, incoming: bool) -> None:
        """Let one direction vanish without a word; the link stays up and nobody is told."""
        chain, side = ("INPUT", "-i") if incoming else ("OUTPUT", "-o")
        run(*self.prefix(agent), "iptables", "-A", chain, side, "em0", "-j", "DROP")

    def shape(self, agent: str, *, delay_ms: float = 0, jitter_ms: float = 0, loss: float = 0) -> None:
        """Slow the link down and let it lose packets, both ways, until it is shaped anew."""
        link = self._links[agent].stdin
        assert link is not None
        link.write(f"delay {delay_ms}\njitter {jitter_ms}\nloss {loss}\n")
        link.flush()

    def _name(self, member: str) -> str:
        return f"{self._mark}{member}"
