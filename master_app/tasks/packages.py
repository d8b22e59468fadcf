"""Packages of a task, resolved once at submit for the image's Python: wheels only, hashes pinned, kept as blobs.

Wheels in the bundle come first, then an operator's wheel folder, then the index that the operator allows (the
one that pip is set up for). Nodes install them later without any index or network.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from core.blobs.store import BlobStore
from core.blobs.writing import CHUNK_BYTES
from core.domain.errors import Invalid, Problem
from core.domain.session import Wheel
from core.domain.spec import TaskSpec
from core.manifest.files import StoredFiles

MAX_REQUIREMENTS_BYTES = 256 << 10
MAX_WHEELS = 500
MAX_WHEELS_BYTES = 4 << 30
RESOLVE_TIMEOUT_S = 600
PLATFORMS = ("manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
#: What a requirements file may not say: it would read files or reach places of the master.
_FORBIDDEN = re.compile(r"^\s*(-|[a-z+]+://|\.|/|~|[A-Za-z]:\\)|@\s*[a-z+]+:", re.IGNORECASE)


class PackageResolver:
    """Turns a requirements file into wheels. Slow: runs pip; call it on a thread that may wait."""

    def __init__(
        self, *, store: BlobStore, scratch: Path, wheel_folder: Path | None = None, index_allowed: bool = True
    ) -> None:
        self._store = store
        self._scratch = scratch
        self._wheel_folder = wheel_folder
        self._index_allowed = index_allowed

    def resolve(
        self, spec: TaskSpec, files: StoredFiles, python: str
    ) -> tuple[tuple[Wheel, ...], tuple[str, ...]]:
        """Return the wheels of a task and their blobs; none when it asks for none. Raises Invalid."""
        if not spec.image.pip:
            return (), ()
        lines = _lines(spec.image.pip, files)
        if not lines:
            return (), ()
        self._scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._scratch, prefix="wheels-") as folder:
            target = Path(folder) / "target"
            bundled = Path(folder) / "bundled"
            target.mkdir()
            bundled.mkdir()
            _copy_bundled(files, bundled)
            (Path(folder) / "requirements.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
            self._download(Path(folder), target, bundled, python, spec.image.pip, lines)
            wheels = tuple(self._keep(path) for path in sorted(target.iterdir()))
        return wheels, tuple(wheel.sha256 for wheel in wheels)

    def _download(
        self, folder: Path, target: Path, bundled: Path, python: str, key: str, lines: Sequence[str]
    ) -> None:
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input",
            "--only-binary=:all:", "--dest", str(target), "--python-version", python,
            "--implementation", "cp", "--abi", f"cp{python.replace('.', '')}", "--abi", "abi3", "--abi", "none",
            "--find-links", str(bundled), "-r", str(folder / "requirements.txt"),
        ]  # fmt: skip
        for platform in PLATFORMS:
            command += ["--platform", platform]
        if self._wheel_folder is not None:
            command += ["--find-links", str(self._wheel_folder)]
        if not self._index_allowed:
            command.append("--no-index")
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=RESOLVE_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise Invalid(
                "The packages could not be resolved in 10 minutes.",
                code="PACKAGES_TIMEOUT",
                fix="Pin exact versions, or put the wheels into the zip.",
            ) from error
        if done.returncode:
            raise Invalid("The packages were refused.", [_problem(key, done.stderr, lines)], code="PACKAGES")
        sizes = [path.stat().st_size for path in target.iterdir()]
        if len(sizes) > MAX_WHEELS or sum(sizes) > MAX_WHEELS_BYTES:
            raise Invalid("The packages are more than 500 files or 4 GiB.", code="PACKAGES_TOO_LARGE")

    def _keep(self, path: Path) -> Wheel:
        with self._store.writer() as writer, open(path, "rb") as source:
            while piece := source.read(CHUNK_BYTES):
                writer.write(piece)
            sha256, size = writer.finish()
        return Wheel(filename=path.name, sha256=sha256, size=size)


def _lines(path: str, files: StoredFiles) -> list[str]:
    content = files.read(path, MAX_REQUIREMENTS_BYTES + 1)
    if len(content) > MAX_REQUIREMENTS_BYTES:
        raise Invalid(f"{path} is larger than 256 KiB.", code="PACKAGES_TOO_LARGE")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        problem = Problem(
            code="PACKAGES_UTF16",
            key=path,
            reason=f"{path} is UTF-16, as Windows PowerShell writes it.",
            fix="Write it anew: pip freeze | Out-File -Encoding utf8 requirements.txt",
        )
        raise Invalid("The packages were refused.", [problem], code="PACKAGES")
    lines, problems = [], []
    for number, line in enumerate(content.decode("utf-8-sig", "replace").splitlines(), start=1):
        text = line.split(" #")[0].strip()
        if not text or text.startswith("#"):
            continue
        if _FORBIDDEN.search(text):
            problems.append(
                Problem(
                    code="PACKAGES_LINE",
                    key=path,
                    line=number,
                    reason=f'"{text[:80]}" is no plain requirement; options, paths and addresses are not taken.',
                    fix="Name the package and its version, or put its wheel into the zip.",
                )
            )
        lines.append(text)
    if problems:
        raise Invalid("The packages were refused.", problems, code="PACKAGES")
    return lines


def _copy_bundled(files: StoredFiles, folder: Path) -> None:
    for fact in files.facts():
        name = fact.path.rpartition("/")[2]
        if name.endswith(".whl") and re.fullmatch(r"[A-Za-z0-9_.+-]+", name):
            with open(folder / name, "wb") as target:
                for piece in files.pieces(fact.path):
                    target.write(piece)
    if shutil.disk_usage(folder).free == 0:
        raise Invalid("The disk is full.", code="STORAGE_FULL")


def _problem(key: str, said: str, lines: Sequence[str]) -> Problem:
    """Say what pip found, in one sentence with the line that it is about where that can be told."""
    errors = [line.removeprefix("ERROR: ").strip() for line in said.splitlines() if line.startswith("ERROR: ")]
    reason = errors[0][:400] if errors else "pip could not resolve the packages."
    number = next(
        (place for place, line in enumerate(lines, 1) if re.split(r"[^\w.-]", line)[0].lower() in reason.lower()),
        None,
    )
    return Problem(
        code="PACKAGES_UNRESOLVED",
        key=key,
        line=number,
        reason=reason,
        fix="Check name and version; a package without a wheel for Linux x86-64 must be put into the zip as one.",
    )
