"""A program that counts, saves where it stands at each step, and goes on from there."""

from __future__ import annotations

import zipfile
from pathlib import Path

#: A fifth of a second a step.
PROGRAM = """
import os, pathlib, sys, time
steps, every = int(sys.argv[1]), int(sys.argv[2])
place = pathlib.Path(os.environ["HIVEMIND_CHECKPOINT"]) / "step"
step = int(place.read_text()) if place.exists() else 0
print("from", step, flush=True)
while step < steps:
    time.sleep(0.2)
    step += 1
    place.with_suffix(".new").write_text(str(step))
    os.replace(place.with_suffix(".new"), place)
    if every and step % every == 0 and step < steps:
        sys.exit(85)
pathlib.Path("out/steps").write_text(str(step))
"""
MANIFEST = """schema = 1
[task]
name = "counter"
[image]
ref = "hivemind/minimal"
[run]
command = ["python", "main.py", "{steps}", "{every}"]
checkpoint_exit = 85
grace = "2s"
[resources]
cpu_cores = 0.2
memory_gb = 0.1
disk_gb = 0.1
[split]
mode = "count"
count = {count}
[outputs]
required = ["out/steps"]
"""


def counter_zip(path: Path, *, steps: int, count: int = 1, every: int = 0) -> Path:
    """Write a bundle of `count` counters to `steps`; `every` so many they ask for a checkpoint (0: never)."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hivemind.toml", MANIFEST.format(steps=steps, count=count, every=every))
        archive.writestr("main.py", PROGRAM)
    return path
