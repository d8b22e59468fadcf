"""The built programs, not the sources, do the main job: they are frozen here, started, and given a real task."""

from __future__ import annotations

import configparser
import re
import socket
import ssl
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core.client.client import HiveMind
from tests.arch.house import tool
from tests.support.bare_debian import BareDebian
from tests.support.built import folder, program
from tests.support.engine import base_image, remove_everything_of
from tests.support.pool import ROOT, Pool, Program
from tests.support.role_rows import ROWS
from tests.support.silence import BOUND_S, loses_at_most

__all__ = ["base_image"]
pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with both programs: the one that HIVEMIND_BUILT names, else frozen from these sources."""
    release = folder()
    if release:
        return release
    made = tmp_path_factory.mktemp("built")
    for name in ("master", "worker"):
        command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR"]
        command += ["--distpath", str(made), "--workpath", str(made / "work"), f"build_{name}.spec"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    return made


@pytest.fixture
def pool(built: Path, tmp_path: Path, base_image: str) -> Iterator[Pool]:
    master, worker = program("master_app", built), program("worker_app", built)
    with Pool(tmp_path, "docker", master=master, worker=worker) as started:
        started.start_master()
        started.add_user("ann", "submitter")
        started.add_user("bob", "provider")
        yield started
    for file in tmp_path.glob("*/identity.json"):
        remove_everything_of(file.read_text().split('"node_id": "')[1].split('"')[0])


def test_built_programs_do_the_main_job_and_the_ledger_adds_up(pool: Pool, tmp_path: Path) -> None:
    for name in ("node-1", "node-2"):
        pool.start_agent(name, "bob").ready()
    bundle = tmp_path / "task.zip"
    with zipfile.ZipFile(bundle, "w") as archive:
        folder = ROOT / "resources" / "examples" / "word-count"
        for path in folder.iterdir():
            archive.write(path, path.name)
    with HiveMind(pool.url) as ann:
        ann.login("ann", pool.password)
        task = ann.wait(ann.submit(bundle).task_id, timeout_s=240)
        assert task.state == "SUCCEEDED", task.state_reason
        ann.download_result(task.task_id, tmp_path / "result.zip")
    with zipfile.ZipFile(tmp_path / "result.zip") as archive:
        assert any(name.startswith("merged/") for name in archive.namelist())
    assert "fit" in pool.admin("ledger", "verify")


def test_the_built_master_is_closed_to_strangers_and_to_silent_peers(pool: Pool) -> None:
    """Of the proofs of the threat model, what an outsider can do; the rest runs by tests/support/built.py."""
    wrong = {}
    for endpoint, row in ROWS.items():
        method, rule = endpoint.split(" ", maxsplit=1)
        path = re.sub(r"<int:\w+>", "1", rule)
        path = re.sub(r"<[^>]+>", "unknown", path)
        status = requests.request(method, pool.url + path, timeout=30).status_code
        # This computer itself may read the figures of operation.
        if status != 401 and not ((row.is_public or rule == "/metrics") and status < 500):
            wrong[endpoint] = status
    assert wrong == {}
    door = int(pool.url.rsplit(":", 1)[1])
    assert loses_at_most(lambda: requests.get(f"{pool.url}/healthz", timeout=10), door, tls=False) <= BOUND_S
    for name in ("node", "control"):
        door = int(pool.doors[name].rsplit(":", 1)[1])

        def honest(door: int = door) -> None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols(["h2"])
            with socket.create_connection(("127.0.0.1", door), timeout=10) as plain:
                context.wrap_socket(plain, server_hostname="localhost").close()

        assert loses_at_most(honest, door, tls=True) <= BOUND_S, name


def test_nothing_is_shipped_that_tells_of_its_builder_or_whose_licence_is_not_listed(built: Path) -> None:
    for name in ("HiveMind-Master", "HiveMind-Worker"):
        assert tool("shipped").faults(built / name) == []
        assert (built / name / "_internal" / "LICENSE.txt").is_file()
        assert (built / name / "_internal" / "licences.md").is_file()


def test_what_must_not_be_shipped_is_found(tmp_path: Path) -> None:
    inside = tmp_path / "_internal"
    inside.mkdir()
    key = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (inside / "resources").write_bytes(b"here: " + key)
    (inside / "LICENSE.txt").write_text(f"built in {ROOT}/dist")
    (inside / "libunheard.so.1").write_bytes(b"")
    (inside / "unheard-1.0.dist-info").write_bytes(b"")
    assert [fault.split(":")[0] for fault in tool("shipped").faults(tmp_path)] == [
        "_internal/LICENSE.txt holds a path of its builder",
        "_internal/resources holds a private key",
        "_internal/libunheard.so.1",
        "_internal/unheard-1.0.dist-info",
    ]


@pytest.fixture(scope="module")
def debs(built: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return both Debian packages of what was built."""
    names = ("master", "worker")
    target = tmp_path_factory.mktemp("debs")
    return dict(zip(names, tool("debian").build(names, built, target, "none"), strict=True))


@pytest.mark.skipif(not BareDebian.can_be_made(), reason="a bare Debian is made by root, with mmdebstrap")
def test_debian_packages_bring_all_that_they_need(debs: dict[str, Path], tmp_path: Path) -> None:
    debian = tool("debian")
    needs = re.findall(r"[a-z0-9.+-]+(?= \(|,|$)", field(debs["master"], "Depends"))
    bare = BareDebian(tmp_path / "bare", [*needs, "systemd"])
    bare.install(*debs.values())
    # The unit of the agent names this group, with or without an engine; joining comes before its first start.
    assert bare.run("getent", "group", "docker").returncode == 0
    for package in debian.PACKAGES.values():
        owner = bare.run("stat", "--format", "%U %a", f"/var/lib/{package.user}").stdout.strip()
        assert owner == f"{package.user} 700"
        home = f"/opt/{package.name}"
        # Without a screen: everything but what the windows alone load, which is linked with X's own library.
        assert set(bare.missing_libraries(home, without="PySide6")) <= {"libxcb.so.1"}
        unit = f"/usr/lib/systemd/system/{package.service}.service"
        done = bare.run("systemd-analyze", "verify", unit)
        assert (done.returncode, done.stderr) == (0, "")
        done = bare.run("systemd-analyze", "security", "--offline=true", "--threshold=30", unit)
        assert done.returncode == 0, done.stdout[-1500:]
    serve_as_the_unit_does(bare, "hivemind-master")
    doctor = bare.run("hivemind-agent", "doctor", "--data-dir", "/tmp/agent", user="hivemind-agent")
    assert (doctor.returncode, "Docker" in doctor.stdout) == (1, True), doctor.stdout + doctor.stderr
    done = bare.run("dpkg", "--remove", "hivemind-master", "hivemind-worker")
    assert done.returncode == 0, done.stderr
    assert not list(bare.root.glob("opt/*"))
    assert any((bare.root / "var/lib/hivemind-master").iterdir())


@pytest.mark.skipif(not BareDebian.can_be_made(), reason="a bare Debian is made by root, with mmdebstrap")
def test_debian_packages_recommend_all_that_their_windows_need(debs: dict[str, Path], tmp_path: Path) -> None:
    debian = tool("debian")
    bare = BareDebian(tmp_path / "bare", ["adduser", *debian.WINDOW_LIBRARIES])
    bare.install(*debs.values())
    for package in debian.PACKAGES.values():
        assert bare.missing_libraries(f"/opt/{package.name}") == {}


def field(deb: Path, name: str) -> str:
    done = subprocess.run(["dpkg-deb", "--field", str(deb), name], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def serve_as_the_unit_does(bare: BareDebian, service: str) -> None:
    """Start what the unit starts, as its user, with its state folder; see it serve and end."""
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment]
    unit.read(bare.root / f"usr/lib/systemd/system/{service}.service")
    section = unit["Service"]
    assert section["StateDirectory"] == section["User"], "the folder that the package makes"
    doors = {f"HIVEMIND_{door}": "127.0.0.1:0" for door in ("WEB", "NODE", "CONTROL")}
    command = bare.command(*section["ExecStart"].split(), user=section["User"])
    master = Program(command, bare.root / "master.log", environ=doors)
    try:
        (web,) = [word[4:] for word in master.ready().split() if word.startswith("web=")]
        assert requests.get(f"{web}/healthz", timeout=30).status_code == 200
        assert "HiveMind" in requests.get(f"{web}/login", timeout=30).text
    finally:
        assert master.stop() == 0
