"""uvicorn on its own loop in its own thread. Plain HTTP only on this computer; TLS everywhere else."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import secrets
import socket
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog
import uvicorn

from core import paths
from core.domain.errors import Conflict, Invalid, StorageUnavailable
from core.listening import taken
from master_app.web.app import WebSettings, create_app
from master_app.web.deadline import DeadlineProtocol
from master_app.web.front import Front
from master_app.web.live import LiveStreams
from master_app.web.services import WebServices
from master_app.web.uploads import Uploads

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = structlog.get_logger(__name__)
_START_S: Final = 10.0
_STOP_S: Final = 2
_CONNECTIONS: Final = 2048
_KEEP_ALIVE_S: Final = 15
_PORT_TRIES: Final = 20
_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"


def is_loopback(host: str) -> bool:
    """Tell whether only this computer can reach an address."""
    if host in _LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class WebServer:
    """A server that listens. `stop` may be called from any thread, more than once."""

    def __init__(self, server: uvicorn.Server, front: Front, sockets: list[socket.socket], url: str) -> None:
        self._server = server
        self._front = front
        self._sockets = sockets
        self.port: int = sockets[0].getsockname()[1]
        self.url = url
        #: Sweep it every hour: `uploads.sweep(now_s)`.
        self.uploads: Uploads | None = None
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._failure: BaseException | None = None
        self._over = threading.Event()

    def start(self) -> None:
        """Serve from now on. Raises StorageUnavailable when the loop does not come up."""
        self._thread.start()
        # uvicorn tells nobody when it is up; the sockets listen already, so nobody is turned away meanwhile.
        for _ in range(int(_START_S / 0.01)):
            if self._server.started:
                return
            if self._over.wait(0.01):
                break
        self.stop()
        raise StorageUnavailable(f"The web server did not start: {self._failure or 'no answer'}.")

    def stop(self) -> None:
        """End within about 2 s: no new connections, running answers may finish that long, then they are cut."""
        self._server.should_exit = True
        self._front.end_streams()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(_STOP_S + 1.5)
            if self._thread.is_alive():
                self._server.force_exit = True
                self._thread.join(1.0)
        self._front.close()
        for each in self._sockets:
            each.close()

    def _run(self) -> None:
        loop = asyncio.SelectorEventLoop()
        try:
            loop.run_until_complete(self._server.serve(sockets=self._sockets))
        except BaseException as error:
            self._failure = error
            log.error("web server ended", exc_info=error)
        finally:
            self._over.set()
            loop.close()


def serve_app(
    app: WSGIApplication,
    host: str = "127.0.0.1",
    port: int = 5000,
    *,
    certificate: Path | None = None,
    key: Path | None = None,
    behind_proxy: bool = False,
    live: LiveStreams | None = None,
) -> WebServer:
    """Listen and serve. Port 0 takes a free one; see `.port`.

    Raises Invalid for plain HTTP on an address that others can reach, Conflict (PORT_TAKEN) naming who has the
    port.
    """
    context = _tls(certificate, key)
    if context is None and not behind_proxy and not is_loopback(host):
        raise Invalid(
            f"Plain HTTP on {host} would show passwords to the network.",
            code="TLS_NEEDED",
            fix="Give a certificate and key, put a proxy in front (--behind-proxy), or listen on 127.0.0.1.",
        )
    sockets = _listen(host, port)
    front = Front(app, live=live)
    config = uvicorn.Config(
        front,
        http=DeadlineProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_STOP_S,
        ssl_context_factory=None if context is None else lambda _config, _default: context,
    )
    shown = "127.0.0.1" if host in _LOOPBACK_NAMES else host
    shown = f"[{shown}]" if ":" in shown else shown
    url = f"{'https' if context else 'http'}://{shown}:{sockets[0].getsockname()[1]}"
    server = WebServer(uvicorn.Server(config), front, sockets, url)
    server.start()
    return server


def start_web(
    services: WebServices,
    host: str = "127.0.0.1",
    port: int = 5000,
    *,
    data_dir: Path,
    certificate: Path | None = None,
    key: Path | None = None,
    behind_proxy: bool = False,
    pool_name: str = "HiveMind",
) -> WebServer:
    """Make the app and serve it; see `serve_app`. Uploads wait in `data_dir/uploads`.

    A door on this computer answers to this computer's own names only, so that no page from elsewhere can reach it
    under a name of its own (DNS rebinding).
    """
    hosts = ("localhost", "127.0.0.1", "[::1]") if is_loopback(host) and not behind_proxy else ()
    settings = WebSettings(
        upload_folder=data_dir / "uploads",
        installer_folder=data_dir / "installers",
        hosts=hosts,
        behind_proxy=behind_proxy,
        pool_name=pool_name,
        secret_key=_kept_key(data_dir),
    )
    app = create_app(services, settings)
    live = LiveStreams(services.feed, services.authenticator.authenticate)
    server = serve_app(app, host, port, certificate=certificate, key=key, behind_proxy=behind_proxy, live=live)
    server.uploads = app.extensions["hivemind.uploads"]
    return server


def _kept_key(data_dir: Path) -> str:
    """Return the key that signs form tokens; made at the first start, readable by its owner alone."""
    path = data_dir / "web.key"
    if not path.is_file():
        paths.private_folder(data_dir)
        paths.write_private(path, secrets.token_urlsafe(32).encode())
    return path.read_text(encoding="utf-8").strip()


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise Invalid(
            f"The certificate {certificate} or its key cannot be used: {error}.",
            code="CERTIFICATE_INVALID",
            fix="Give a PEM certificate with its chain, and its key without a password.",
        ) from error
    return context


def _listen(host: str, port: int) -> list[socket.socket]:
    """Return sockets that listen; on this computer both 127.0.0.1 and ::1, on one port."""
    if host not in _LOOPBACK_NAMES:
        return [_bind(host, port)]
    for _ in range(_PORT_TRIES):
        first = _bind("127.0.0.1", port)
        chosen = first.getsockname()[1]
        try:
            return [first, _bind("::1", chosen)]
        except Conflict:
            first.close()
            if port:
                raise
        except OSError:
            return [first]  # no IPv6 on this computer
    raise Conflict("No port is free on both 127.0.0.1 and ::1.", code="PORT_TAKEN", fix="Name one.")


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named: asyncio sets TCP_NODELAY on nothing else, and each answer, whose head and body are
    # two writes, would wait 40 ms for the reader's delayed acknowledgement.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            made.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((host, port))
        made.listen(1024)
        made.setblocking(False)
    except OSError as error:
        made.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES) and port:
            raise taken(host, port, error.errno) from error
        if host == "::1":
            raise
        raise Conflict(
            f"The address {host}:{port} cannot be listened on: {error.strerror}.",
            code="ADDRESS_INVALID",
            fix="Use an address of this computer.",
        ) from error
    return made
