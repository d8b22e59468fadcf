"""The ordinary night: the system shuts down under a running agent, with a real bus and real containers."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from core.client.client import HiveMind
from tests.faults import checks
from tests.support.counter import counter_zip
from tests.support.logind import Logind
from tests.support.pool import Pool, wait_for

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(300)]


def test_work_goes_back_before_the_system_ends_and_comes_again_when_it_does_not(
    pool: Pool, ann: HiveMind, tmp_path: Path
) -> None:
    with Logind(tmp_path, delay_max_s=20.0) as logind:
        pool.environ.update(logind.environ)
        agent = pool.start_agent("node-1", "bob", 1)
        agent.ready()
        wait_for("the system's promise to wait", lambda: logind.waits == 1)
        task_id = ann.submit(counter_zip(tmp_path / "c.zip", steps=60)).task_id

        def attempts() -> list[dict[str, object]]:
            found = checks.rows(pool, "SELECT * FROM attempts WHERE task_id = ? ORDER BY attempt_id", task_id)
            return [row for row in found if row["state"] != "REJECTED"]

        wait_for("a start", lambda: bool(attempts()) and attempts()[-1]["state"] == "RUNNING", 90)
        until = time.monotonic() + 3
        wait_for("some steps", lambda: time.monotonic() > until)
        logind.say(shuts_down=True)
        wait_for("the end of the wait", lambda: logind.waits == 0, 20)
        # Before the system may go on, the master knows.
        [first] = attempts()
        assert (first["state"], first["reason"]) == ("RETURNED", "quit")
        (node,) = ann.nodes()
        assert not node.schedulable and node.raw["owner_reason"] == "shutdown"
        assert agent.process.poll() is None
        # It was called off: the same program works on, from the checkpoint.
        logind.say(shuts_down=False)
        assert ann.wait(task_id, timeout_s=120).state == "SUCCEEDED"
        begun = int(ann.log(task_id, subtask=0).text.split("from ")[1].split()[0])
        assert begun >= 5, f"the second attempt began at step {begun}"
        # The next one is real: SIGTERM follows, and nothing has to be waited for.
        wait_for("the next promise", lambda: logind.waits == 1)
        logind.say(shuts_down=True)
        wait_for("the end of the wait", lambda: logind.waits == 0, 20)
        assert agent.stop() == 0
    assert "fit" in pool.admin("ledger", "verify")
