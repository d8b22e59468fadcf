"""Real calls of the NVML binding against a library of two GPUs, each reading of which may fail alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.domain.resources import GIB
from tests.support.engine import absent
from worker_app.agent.gpus import Gpus

ROOT = Path(__file__).resolve().parents[3]
ONE, TWO = "GPU-11111111-1111-1111-1111-111111111111", "GPU-22222222-2222-2222-2222-222222222222"
SOURCE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static const char *uuids[] = {"@ONE@", "@TWO@"};
static int cards[] = {0, 1};
/* NVML_FAILS holds words like util1: reading and card. 15 is "GPU is lost", 3 "not supported". */
static int fails(const char *reading, int card) {
    char word[32];
    const char *set = getenv("NVML_FAILS");
    snprintf(word, sizeof word, "%s%d", reading, card);
    return set && strstr(set, word) ? (strcmp(reading, "util") ? 15 : 3) : 0;
}
int nvmlInitWithFlags(unsigned flags) { return fails("init", 0) ? 9 : 0; }
int nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(int code) { return "no"; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 2; return fails("count", 0); }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    *device = &cards[index];
    return fails("index", index);
}
int nvmlDeviceGetHandleByUUID(const char *uuid, void **device) {
    for (int card = 0; card < 2; card++)
        if (!strcmp(uuid, uuids[card])) { *device = &cards[card]; return fails("byuuid", card); }
    return 6;
}
int nvmlDeviceGetUUID(int *card, char *to, unsigned size) {
    strncpy(to, uuids[*card], size);
    return fails("uuid", *card);
}
int nvmlDeviceGetName(int *card, char *to, unsigned size) {
    snprintf(to, size, "Card %d", *card);
    return fails("name", *card);
}
struct memory { unsigned long long total, free, used; };
int nvmlDeviceGetMemoryInfo(int *card, struct memory *to) {
    to->total = 24ULL << 30; to->used = (unsigned long long)(*card + 1) << 30; to->free = to->total - to->used;
    return fails("memory", *card);
}
struct rates { unsigned gpu, memory; };
int nvmlDeviceGetUtilizationRates(int *card, struct rates *to) {
    to->gpu = 40 + 10 * *card; to->memory = 1;
    return fails("util", *card);
}
"""
ASK = """
import json, sys
from worker_app.agent.gpus import Gpus
gpus = Gpus()
present = [[gpu.uuid, gpu.name, gpu.memory_bytes] for gpu in gpus.present()]
print(json.dumps([present, gpus.use(sys.argv[1:])]))
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        absent("gcc is not installed")
    folder = tmp_path_factory.mktemp("nvml")
    (folder / "nvml.c").write_text(SOURCE.replace("@ONE@", ONE).replace("@TWO@", TWO))
    command = ["gcc", "-shared", "-fPIC", "-o", "libnvidia-ml.so.1", "nvml.c"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


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
def test_each_reading_may_fail_alone(library: Path, fails: str, present: list[Any], use: list[Any]) -> None:
    assert ask(library, fails, TWO, ONE) == [present, use]


def test_a_gpu_that_is_gone_uses_nothing(library: Path) -> None:
    assert ask(library, "", "GPU-gone", ONE)[1] == [[0.0, 40.0], GIB]


def test_an_owner_who_lends_none_has_none() -> None:
    assert Gpus.none().present() == ()
    assert Gpus.none().use([ONE]) == ((), 0)
