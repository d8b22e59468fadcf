"""A library of two NVIDIA GPUs, compiled for a test: what NVML would answer, with readings that may fail alone."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.engine import absent

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


@pytest.fixture(scope="module")
def two_gpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the library, for LD_LIBRARY_PATH."""
    if shutil.which("gcc") is None:
        absent("gcc is not installed")
    folder = tmp_path_factory.mktemp("nvml")
    (folder / "nvml.c").write_text(SOURCE.replace("@ONE@", ONE).replace("@TWO@", TWO))
    command = ["gcc", "-shared", "-fPIC", "-o", "libnvidia-ml.so.1", "nvml.c"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder
