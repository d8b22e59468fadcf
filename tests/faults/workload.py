"""A task whose results can be told right from wrong: each piece computes a chain of digests that nobody can
guess.
"""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

ROUNDS = 2_000
#: Enough to travel in several packets, so that a cut can hit in the middle.
FILE_BYTES = 200_000

PROGRAM = f"""
import hashlib, os, sys, time
index, seconds = int(os.environ["HIVEMIND_SUBTASK_INDEX"]), float(sys.argv[1])
began = time.monotonic()
digest = str(index).encode()
for step in range({ROUNDS}):
    digest = hashlib.sha256(digest).digest()
while time.monotonic() - began < seconds:
    print("step", index, flush=True)
    time.sleep(0.5)
with open(f"out/{{index}}.txt", "w") as file:
    file.write(digest.hex())
with open(f"out/{{index}}.bin", "wb") as file:
    file.write((digest * ({FILE_BYTES} // 32 + 1))[:{FILE_BYTES}])
"""

MANIFEST = """schema = 1
[task]
name = "{name}"
[image]
ref = "hivemind/minimal"
[run]
command = ["python", "main.py", "{seconds}"]
[resources]
cpu_cores = 0.2
memory_gb = 0.1
disk_gb = 0.1
[split]
mode = "count"
count = {count}
[outputs]
required = ["out/{{{{index}}}}.txt", "out/{{{{index}}}}.bin"]
"""


def write_zip(path: Path, *, name: str, count: int, seconds: float, inputs: bool = False) -> Path:
    """Write a bundle of `count` pieces that take `seconds` each, and hardly any processor; with a file each."""
    manifest = MANIFEST.format(name=name, count=count, seconds=seconds)
    if inputs:
        manifest = manifest.replace(f'mode = "count"\ncount = {count}', 'mode = "files"\nfiles = ["data/*.bin"]')
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hivemind.toml", manifest)
        archive.writestr("main.py", PROGRAM)
        for index in range(count if inputs else 0):
            archive.writestr(f"data/{index}.bin", input_of(index))
    return path


def input_of(index: int) -> bytes:
    """The file of a piece: large enough to be stored as itself, not packed with others."""
    return (b"%d" % index) * (1 << 20)


def wrong_results(result: Path, count: int) -> list[str]:
    """Return what is missing or wrong in a result zip."""
    found = []
    with zipfile.ZipFile(result) as archive:
        names = set(archive.namelist())
        wanted = {f"{index}/out/{index}.{suffix}" for index in range(count) for suffix in ("txt", "bin")}
        found += [f"missing {name}" for name in sorted(wanted - names)]
        found += [f"not asked for {name}" for name in sorted(names - wanted)]
        for index in range(count):
            digest = str(index).encode()
            for _ in range(ROUNDS):
                digest = hashlib.sha256(digest).digest()
            for suffix, right in (
                ("txt", digest.hex().encode()),
                ("bin", (digest * (FILE_BYTES // 32 + 1))[:FILE_BYTES]),
            ):
                name = f"{index}/out/{index}.{suffix}"
                if name in names and archive.read(name) != right:
                    found.append(f"wrong {name}")
    return found
