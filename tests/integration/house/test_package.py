"""What `pip install .` brings: the three packages with their resources, and the command."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.arch.house import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=100)
    (built,) = Path(folder).glob("hivemind-*.whl")
    return zipfile.ZipFile(built)


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
