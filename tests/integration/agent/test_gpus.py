"""Real calls of the NVML binding against a library of two GPUs, each reading of which may fail alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.domain.resources import GIB
from tests.support.fake_nvml import ONE, TWO, two_gpus
from worker_app.agent.gpus import Gpus

__all__ = ["two_gpus"]
ROOT = Path(__file__).resolve().parents[3]
ASK = """
import json, sys
from worker_app.agent.gpus import Gpus
gpus = Gpus()
present = [[gpu.uuid, gpu.name, gpu.memory_bytes] for gpu in gpus.present()]
print(json.dumps([present, gpus.use(sys.argv[1:])]))
"""


def ask(library: Path, fails: str, *uuids: str) -> Any:
    """Return what is present, and the use of these GPUs, as a process with that driver sees it."""
    environment = os.environ | {"LD_LIBRARY_PATH": str(library), "NVML_FAILS": fails, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", ASK, *uuids],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return json.loads(done.stdout)


CARDS = [[ONE, "Card 0", 24 * GIB], [TWO, "Card 1", 24 * GIB]]


@pytest.mark.parametrize(
    ("fails", "present", "use"),
    [
        ("", CARDS, [[50.0, 40.0], 3 * GIB]),
        ("util0", CARDS, [[50.0, 0.0], 3 * GIB]),
        ("memory1", [CARDS[0], [TWO, "Card 1", 0]], [[50.0, 40.0], GIB]),
        ("name0", [[ONE, "NVIDIA GPU", 24 * GIB], CARDS[1]], [[50.0, 40.0], 3 * GIB]),
        ("uuid0 byuuid0", [CARDS[1]], [[50.0, 0.0], 2 * GIB]),
        ("index1 byuuid1", [CARDS[0]], [[0.0, 40.0], GIB]),
        ("count0", [], [[50.0, 40.0], 3 * GIB]),
        ("init0", [], [[], 0]),
    ],
)
def test_each_reading_may_fail_alone(two_gpus: Path, fails: str, present: list[Any], use: list[Any]) -> None:
    assert ask(two_gpus, fails, TWO, ONE) == [present, use]


def test_a_gpu_that_is_gone_uses_nothing(two_gpus: Path) -> None:
    assert ask(two_gpus, "", "GPU-gone", ONE)[1] == [[0.0, 40.0], GIB]


def test_an_owner_who_lends_none_has_none() -> None:
    assert Gpus.none().present() == ()
    assert Gpus.none().use([ONE]) == ((), 0)
