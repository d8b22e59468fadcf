"""What `pip install .` brings: the three packages with their resources, and the command."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.arch.house import ROOT

#: What only some of the programs need.
OTHERS = {"pyside6-essentials", "pyqtgraph", "flask", "sqlalchemy", "docker", "grpcio"}


@pytest.fixture(scope="module")
def wheel_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=100)
    (built,) = Path(folder).glob("hivemind-*.whl")
    return built


@pytest.fixture
def wheel(wheel_file: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(wheel_file)


def test_the_package_holds_the_programs_and_their_resources_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    tops = {name.split("/", maxsplit=1)[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"core", "master_app", "worker_app"}
    assert "core/resources/images/catalogue.toml" in names
    assert "core/resources/images/python/Dockerfile" in names


def test_the_package_brings_the_command_and_its_licence(wheel: zipfile.ZipFile) -> None:
    (points,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    assert "hivemind = core.cli:main" in wheel.read(points).decode()
    (licence,) = [name for name in wheel.namelist() if name.endswith("LICENSE.txt")]
    assert "GNU GENERAL PUBLIC LICENSE" in wheel.read(licence).decode()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_fresh_environment_gets_the_command_and_the_client_and_no_windows_or_servers(
    wheel_file: Path, tmp_path: Path
) -> None:
    place = tmp_path / "venv"
    lock = (ROOT / ".ci" / "lock.txt").read_text(encoding="utf-8")
    versions = tmp_path / "versions.txt"
    versions.write_text("\n".join(re.findall(r"^[a-z0-9][a-z0-9._-]*==[^ ;\\]+", lock, re.M)), encoding="utf-8")
    python = place / "bin" / "python"
    pip = (python, "-m", "pip", "--disable-pip-version-check")
    for command in (
        (sys.executable, "-m", "venv", place),
        (*pip, "install", "--quiet", "--constraint", versions, wheel_file),
        (place / "bin" / "hivemind", "--help"),
        (python, "-c", "from core.client import HiveMind"),
    ):
        done = subprocess.run(
            list(map(str, command)), cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
    listed = subprocess.run(
        [*map(str, pip), "list", "--format=freeze"], check=True, capture_output=True, text=True
    )
    installed = {line.split("==")[0].lower() for line in listed.stdout.splitlines()}
    assert {"hivemind", "click", "httpx2"} <= installed
    assert installed & OTHERS == set()


@pytest.mark.parametrize(
    ("extra", "wanted"),
    [
        ("master", {"grpcio", "flask", "sqlalchemy"}),
        ("worker", {"grpcio", "docker"}),
        ("desktop", {"grpcio", "pyside6-essentials", "pyqtgraph"}),
        ("wire", {"grpcio"}),
    ],
)
def test_each_extra_brings_its_own_alone(wheel: zipfile.ZipFile, extra: str, wanted: set[str]) -> None:
    (metadata,) = [name for name in wheel.namelist() if name.endswith("METADATA")]
    needs = re.findall(
        r"^Requires-Dist: ([a-z0-9-]+).*; extra == '(\w+)'$", wheel.read(metadata).decode(), re.M | re.I
    )
    assert {name.lower() for name, of in needs if of == extra} & OTHERS == wanted
