"""The handbook's files for Caddy and nginx, as they stand there, in real proxies in front of a master."""

from __future__ import annotations

import re
import secrets
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from core.client.client import HiveMind
from core.clock import SystemClock
from core.rpc.pki.authority import CertificateAuthority
from tests.arch.house import tool
from tests.support.bare_debian import BareDebian
from tests.support.composed import free_ports
from tests.support.pool import ROOT, Pool, wait_for
from tests.support.stage import blocks

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not BareDebian.can_be_made(), reason="the proxies are unpacked by root, with mmdebstrap"),
]
PACKAGES = ("nginx", "libnginx-mod-stream", "caddy")
#: An address that a stranger claims to come from.
CLAIMED = "198.51.100.99"
UPLOAD_BYTES = 40_000_000


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Debian's nginx and Caddy, unpacked and nothing more: nothing of them starts by itself."""
    images, folder = tool("images"), tmp_path_factory.mktemp("proxies") / "root"
    command = ["unshare", "--mount", "mmdebstrap", "--quiet", "--mode=root", "--variant=extract"]
    command += [f"--include={','.join(PACKAGES)}", *images._apt_options()]
    done = subprocess.run(
        [*command, images.SUITE, str(folder), *images._mirrors()],
        capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    for name in ("etc/passwd", "etc/group"):
        (folder / name).write_text("root:x:0:0::/:/bin/sh\n" if name.endswith("passwd") else "root:x:0:\n")
    return folder


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    """A master as the handbook wants it behind a proxy: pages on loopback, and nodes come through as well."""
    with Pool(tmp_path, "process") as started:
        started.master_flags = ["--public-name", "localhost", "--behind-proxy"]
        for door in ("node", "control"):
            started.doors[door] = "127.0.0.2:0"
        started.start_master()
        started.add_user("ann", "submitter", "provider", "operator")
        yield started


@contextmanager
def running(root: Path, log: Path, *command: str) -> Iterator[None]:
    """Run a proxy inside its folder until the block ends."""
    home = {"HOME": "/home", "PATH": "/usr/sbin:/usr/bin"}
    with open(log, "wb") as said:
        process = subprocess.Popen(["chroot", str(root), *command], stdout=said, stderr=said, env=home)
    try:
        yield
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        process.wait(30)


def examples() -> dict[str, str]:
    """Return the files of the handbook by what they begin with."""
    found = blocks((ROOT / "docs" / "operating.md").read_text(encoding="utf-8"), "text")
    assert found == blocks((ROOT / "docs" / "operating.zh-TW.md").read_text(encoding="utf-8"), "text")
    return {block.split()[0]: block for block in found}


def test_caddy_with_the_file_of_the_handbook(root: Path, pool: Pool, tmp_path: Path) -> None:
    plain, port = free_ports(2)
    # Instead of a certificate from the internet and the ports that everybody has one Caddy for.
    options = f"{{\nadmin off\nlocal_certs\nskip_install_trust\nhttp_port {plain}\nhttps_port {port}\n}}\n"
    site = examples()["pool.example"].replace("pool.example", "localhost")
    (root / "Caddyfile").write_text(options + site.replace("127.0.0.1:5000", pool.url.removeprefix("http://")))
    command = ("caddy", "run", "--config", "/Caddyfile", "--adapter", "caddyfile")
    with running(root, tmp_path / "caddy.log", *command):
        authority = root / "home/.local/share/caddy/pki/authorities/local/root.crt"
        wait_for("Caddy's authority", authority.is_file)
        plainly = f"http://localhost:{plain}/login"
        wait_for("Caddy", lambda: answers(plainly))
        sent_on = requests.get(plainly, timeout=30, allow_redirects=False)
        assert (sent_on.status_code, sent_on.headers["Location"].startswith("https://")) == (308, True)
        use(pool, f"https://localhost:{port}", authority, tmp_path)


def test_nginx_with_the_files_of_the_handbook(root: Path, pool: Pool, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    authority = CertificateAuthority.open(tmp_path / "authority", SystemClock().wall_ms())
    signed = authority.server_identity(tmp_path / "site", ["localhost"], SystemClock().wall_ms())
    (root / "site.pem").write_bytes(signed.chain_pem)
    (root / "site.key").write_bytes(signed.key_pem)
    found = examples()
    node, control = (pool.doors[name].rsplit(":", 1)[1] for name in ("node", "control"))
    # The master of the handbook is another computer; here it is another address of this one.
    stream = found["stream"].replace("50051", node).replace("50052", control).replace("10.0.0.5", "127.0.0.2")
    stream = re.sub(r"listen (\d+)", r"listen 127.0.0.1:\1", stream)
    location = found["location"].replace("127.0.0.1:5000", pool.url.removeprefix("http://"))
    server = f"listen 127.0.0.1:{port} ssl;\nssl_certificate /site.pem;\nssl_certificate_key /site.key;\n"
    paths = "".join(
        f"{name}_temp_path /tmp/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (root / "nginx.conf").write_text(
        "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n"
        "daemon off;\nuser root;\npid /tmp/nginx.pid;\nerror_log stderr;\nevents { }\n"
        f"http {{\naccess_log off;\n{paths}server {{\n{server}{location}}}\n}}\n{stream}"
    )
    with running(root, tmp_path / "nginx.log", "nginx", "-e", "stderr", "-c", "/nginx.conf"):
        ca = tmp_path / "site-ca.pem"
        ca.write_bytes(authority.ca_pem)
        url = f"https://localhost:{port}"
        wait_for("nginx", lambda: answers(f"{url}/healthz", ca))
        use(pool, url, ca, tmp_path)
        # A node joins and works through the forwarded doors.
        pool.start_agent("node-1", "ann").ready()
        with HiveMind(url, ca_file=ca) as ann:
            ann.login("ann", pool.password)
            (node_seen,) = ann.nodes()
            assert node_seen.schedulable, node_seen.why_not


def answers(url: str, ca: Path | None = None) -> bool:
    try:
        return requests.get(url, timeout=10, verify=str(ca or True), allow_redirects=False).status_code < 500
    except requests.RequestException:
        return False


def use(pool: Pool, url: str, ca: Path, folder: Path) -> None:
    """Do what passes badly through proxies: sign in on a page, send much, watch a live stream, be told apart."""
    sign_in_on_the_page(pool, url, ca)
    content = secrets.token_bytes(UPLOAD_BYTES)
    with zipfile.ZipFile(folder / "task.zip", "w") as bundle:
        bundle.writestr("main.py", "print(1)\n")
        bundle.writestr("data.bin", content)
    with HiveMind(url, ca_file=ca) as ann:
        token = ann.login("ann", pool.password).token
        headers = {"Authorization": f"Bearer {token}"}
        with open(folder / "task.zip", "rb") as file:
            sent = requests.post(
                f"{url}/api/v1/tasks", files={"task_file": file}, headers=headers, verify=str(ca), timeout=120
            )
        assert sent.status_code in (200, 201, 202), sent.text
        task_id = sent.json()["task_id"]
        assert ann.submit(folder / "task.zip").task_id != task_id, "in pieces, by the client"
        with requests.get(
            f"{url}/api/v1/events", headers=headers, verify=str(ca), timeout=60, stream=True
        ) as stream:
            lines = stream.iter_lines(chunk_size=1)
            assert next(lines) == b"event: hello"
            ann.cancel(task_id)
            began = time.monotonic()
            assert any(task_id.encode() in line for line in lines)
            # A proxy that keeps what comes until it has enough would make it wait for many pulses.
            assert time.monotonic() - began < 20


def sign_in_on_the_page(pool: Pool, url: str, ca: Path) -> None:
    with requests.Session() as browser:
        # Variables of this computer name other authorities.
        browser.verify, browser.trust_env = str(ca), False
        page = browser.get(f"{url}/login", timeout=30).text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token is not None
        form = {"csrf_token": token[1], "username": "ann", "password": pool.password}
        more = {"Referer": f"{url}/login", "X-Forwarded-For": CLAIMED}
        answer = browser.post(f"{url}/login", data=form, headers=more, timeout=30)
        assert (answer.status_code, answer.url) == (200, f"{url}/dashboard"), answer.text[:500]
        assert [cookie.secure for cookie in browser.cookies if cookie.name == "hm_session"] == [True]
        audit = browser.get(f"{url}/admin/audit", timeout=30).text
    assert CLAIMED not in audit and "127.0.0.1" in audit
