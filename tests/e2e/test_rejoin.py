"""A computer that was copied, or restored from a snapshot: turned away in words, a node again by one step."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from core.client.client import HiveMind
from tests.support.pool import ROOT, WORKER_PROGRAM, Pool, Program, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
WORDS = "Another computer has this identity: the data folder was copied, or restored from an older state."


def run(folder: Path, *command: str) -> tuple[int, str]:
    arguments = [*WORKER_PROGRAM, *command, "--data-dir", str(folder)]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def state(folder: Path) -> str:
    try:
        return str(json.loads((folder / "agent.json").read_text())["state"])
    except (OSError, ValueError):
        return ""


def start(pool: Pool, name: str) -> Program:
    program = pool.start_agent(name, "bob")
    program.ready()
    return program


def test_a_copy_is_turned_away_in_words_and_joins_anew_in_one_step(tmp_path: Path) -> None:
    with Pool(tmp_path, "process") as pool:
        pool.start_master()
        pool.add_user("bob", "provider")
        original, copy = tmp_path / "desk", tmp_path / "copy"
        start(pool, "desk")
        wait_for("it is live", lambda: state(original) == "live")
        pool.agents["desk"].stop()
        shutil.copytree(original, copy)
        # The original lives on; the copy stands where it was.
        for _ in range(2):
            pool.agents["desk"].stop()
            start(pool, "desk")
            wait_for("it is live", lambda: state(original) == "live")
        start(pool, "copy")
        wait_for("it says why", lambda: "MASTER_REFUSES" in run(copy, "status")[1])
        code, told = run(copy, "status")
        assert code == 1, "somebody must act"
        for part in (
            WORDS,
            "error,",
            "not connected since",
            "MASTER_REFUSES",
            "Join this computer with a link of its own.",
        ):
            assert part in told
        assert "worker_app join LINK" in told and "Next: It is tried again about once a minute." in told
        with HiveMind(pool.url) as bob:
            bob.login("bob", pool.password)
            (node,) = bob.nodes()
            # Its owner reads it too, and the original works on.
            assert node.schedulable and "Two computers use this node's identity" in node.why_not
            assert "revoke this node" in node.why_not
            # Another link for the original is refused: it has its place.
            link = pool.admin("join-link", "--owner", "bob", "--name", "laptop")
            code, told = run(original, "join", link)
            assert (code, "ALREADY_JOINED" in told) == (1, True)
            code, told = run(copy, "join", link)
            assert (code, told.strip().endswith("name=laptop")) == (0, True), told
            wait_for(
                "both are nodes",
                lambda: {node.name for node in bob.nodes() if node.schedulable} == {"desk", "laptop"},
            )
        code, told = run(copy, "status")
        assert "laptop in pool" in told and "connected since" in told
        assert pool.agents["copy"].process.poll() is None, "the same process, without a restart"
        # Ended, it stays who it is now; and an agent that is not running joins anew by a flag.
        pool.agents["copy"].stop()
        again = pool.admin("join-link", "--owner", "bob", "--name", "third")
        assert "ALREADY_JOINED" in run(copy, "join", again)[1]
        code, told = run(copy, "join", "--again", again)
        assert (code, "joined pool=" in told) == (0, True), told
