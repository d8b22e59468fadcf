"""The listening server: TLS, doors that only this computer reaches, taken ports, and peers that say nothing."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.domain.errors import Conflict, Invalid
from core.rpc.pki.authority import CertificateAuthority
from master_app.web.server import WebServer, serve_app, start_web
from tests.support.silence import BOUND_S, loses_at_most
from tests.support.web_pool import WebPool


@pytest.fixture
def tls_files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Certificate with its chain, key, and the authority to trust. TLS looks at the real calendar."""
    from core.clock import SystemClock

    authority = CertificateAuthority.open(tmp_path / "ca", SystemClock().wall_ms())
    identity = authority.server_identity(tmp_path / "server", {"localhost"}, SystemClock().wall_ms())
    (tmp_path / "chain.pem").write_bytes(identity.chain_pem)
    (tmp_path / "key.pem").write_bytes(identity.key_pem)
    (tmp_path / "ca.pem").write_bytes(authority.ca_pem)
    return tmp_path / "chain.pem", tmp_path / "key.pem", tmp_path / "ca.pem"


@pytest.fixture
def plain(web: WebPool) -> Iterator[WebServer]:
    server = serve_app(web.app, "127.0.0.1", 0)
    yield server
    server.stop()


@pytest.fixture
def secure(web: WebPool, tls_files: tuple[Path, Path, Path]) -> Iterator[WebServer]:
    server = serve_app(web.app, "127.0.0.1", 0, certificate=tls_files[0], key=tls_files[1])
    yield server
    server.stop()


def _get(server: WebServer, path: str = "/healthz", ca_file: Path | None = None) -> http.client.HTTPResponse:
    if ca_file is None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    else:
        context = ssl.create_default_context(cafile=str(ca_file))
        connection = http.client.HTTPSConnection("localhost", server.port, timeout=10, context=context)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer
    finally:
        connection.close()


def test_both_addresses_of_this_computer_are_served_on_one_port(plain: WebServer) -> None:
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as peer:
            peer.settimeout(10)
            peer.connect((host, plain.port))
            peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert peer.recv(4096).startswith(b"HTTP/1.1 200")
    assert "Strict-Transport-Security" not in _get(plain).headers


def test_over_tls_browsers_are_told_to_stay_with_it(secure: WebServer, tls_files: tuple[Path, Path, Path]) -> None:
    answer = _get(secure, ca_file=tls_files[2])
    assert (answer.status, secure.url.split(":")[0]) == (200, "https")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert (
        answer.headers["X-Frame-Options"] == "DENY"
        and "default-src 'none'" in answer.headers["Content-Security-Policy"]
    )


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_refused(secure: WebServer, version: ssl.TLSVersion) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    with (
        socket.create_connection(("127.0.0.1", secure.port), timeout=10) as raw,
        pytest.raises((ssl.SSLError, OSError)),
    ):
        context.wrap_socket(raw)


def test_no_cipher_without_forward_secrecy_is_taken(secure: WebServer) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-GCM-SHA256:AES256-SHA:ECDHE-ECDSA-AES128-SHA")
    with (
        socket.create_connection(("127.0.0.1", secure.port), timeout=10) as raw,
        pytest.raises((ssl.SSLError, OSError)),
    ):
        context.wrap_socket(raw)


def test_plain_http_is_not_offered_to_the_network(web: WebPool) -> None:
    with pytest.raises(Invalid) as error:
        serve_app(web.app, "0.0.0.0", 0)
    assert error.value.code == "TLS_NEEDED" and "--behind-proxy" in error.value.fix
    serve_app(web.app, "0.0.0.0", 0, behind_proxy=True).stop()


def test_a_certificate_that_cannot_be_used_says_so(web: WebPool, tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("not a certificate")
    with pytest.raises(Invalid) as error:
        serve_app(web.app, "127.0.0.1", 0, certificate=tmp_path / "bad.pem", key=tmp_path / "bad.pem")
    assert error.value.code == "CERTIFICATE_INVALID" and error.value.fix


def test_a_taken_port_names_its_holder_and_another_one(web: WebPool, plain: WebServer) -> None:
    with pytest.raises(Conflict) as error:
        serve_app(web.app, "127.0.0.1", plain.port)
    assert error.value.code == "PORT_TAKEN" and str(plain.port) in error.value.message
    assert any(word.isdigit() for word in error.value.fix.replace(":", " ").split())


def test_a_door_on_this_computer_has_no_other_names(web: WebPool, tmp_path: Path) -> None:
    """A page of somebody else's site cannot reach it under a name of its own (DNS rebinding)."""
    server = start_web(web.pool.master.web_services(), "127.0.0.1", 0, data_dir=tmp_path / "web")
    try:
        for host, status in (("localhost", 200), ("evil.example", 400)):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
            connection.request("GET", "/healthz", headers={"Host": host})
            assert connection.getresponse().status == status
            connection.close()
    finally:
        server.stop()


@pytest.mark.timeout(180)
def test_silent_peers_do_not_slow_an_honest_client(plain: WebServer) -> None:
    assert loses_at_most(lambda: _get(plain), plain.port, tls=False) <= BOUND_S


@pytest.mark.timeout(180)
def test_silent_tls_peers_do_not_slow_an_honest_client(
    secure: WebServer, tls_files: tuple[Path, Path, Path]
) -> None:
    assert loses_at_most(lambda: _get(secure, ca_file=tls_files[2]), secure.port, tls=True) <= BOUND_S


def test_the_key_of_forms_outlives_a_restart(web: WebPool, tmp_path: Path) -> None:
    def key_after_a_start() -> bytes:
        services = web.pool.master.web_services()
        start_web(services, port=0, data_dir=tmp_path / "data").stop()
        return (tmp_path / "data" / "web.key").read_bytes()

    first = key_after_a_start()
    assert len(first) >= 32
    assert key_after_a_start() == first
