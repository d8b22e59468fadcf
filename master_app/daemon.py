"""The running master: its loops and threads, its timers, its start and its clean end.

rpc     asyncio loop of both gRPC doors            web     uvicorn's own loop, Flask on threads
timers  one thread: ticks of the reaper, retention, tokens
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from core import paths
from core.allocator import keep_what_is_there
from core.clock import Clock, SystemClock
from core.domain.errors import HiveMindError, Invalid, StorageFull, StorageUnavailable
from master_app.assembly import Master
from master_app.folder import DataFolder
from master_app.ports.unit_of_work import Lane
from master_app.settings import MasterSettings, is_loopback, split_address
from master_app.web.server import WebServer, start_web

logger = logging.getLogger(__name__)
T = TypeVar("T")
Lines = Iterable[bytes]
Build = Callable[[MasterSettings, Path, Clock], Master]

TICK_S = 1.0
VITALS_S = 5.0
LEDGER_S = 3600.0
RETENTION_S = 3600.0
TOKENS_S = 60.0
#: A user that was locked, or an interface that somebody took down, is noticed within this time.
VPN_S = 60.0
#: Notices leave within this time; low balances and results about to expire are looked for less often.
SENDER_S = 3.0
WATCH_S = 60.0
FIRST_LOGIN_FILE = "first-login.txt"


class RpcLoop:
    """An asyncio loop on a thread of its own."""

    def __init__(self) -> None:
        # Windows: the default loop there closes its listening socket on some network errors.
        self._loop = asyncio.SelectorEventLoop() if sys.platform == "win32" else asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="rpc", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def call(self, work: Coroutine[Any, Any, T], timeout_s: float = 30.0) -> T:
        """Run a coroutine on the loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        if not self._thread.is_alive():
            self._loop.close()


@dataclass(slots=True)
class _Job:
    interval_s: float
    run: Callable[[], object]
    last_ms: int


class Timer:
    """Calls jobs at their intervals on one thread, one after another. One that fails is logged and comes again."""

    def __init__(self, clock: Clock, jobs: list[tuple[float, Callable[[], object]]]) -> None:
        self._clock = clock
        self._jobs = [_Job(interval_s, run, clock.steady_ms()) for interval_s, run in jobs]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="timers", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(TICK_S):
            for job in self._jobs:
                now_ms = self._clock.steady_ms()
                if now_ms - job.last_ms < job.interval_s * 1000 - 50 or self._stop.is_set():
                    continue
                job.last_ms = now_ms
                try:
                    job.run()
                except HiveMindError as error:
                    logger.warning("a timer was put off", extra={"code": error.code, "reason": error.message})
                except Exception:
                    logger.exception("a timer failed and will be tried again")

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)


class Daemon:
    """A master that serves. `start`, then `wait`, then `stop`."""

    def __init__(
        self, settings: MasterSettings, folder: DataFolder, build: Build, clock: Clock | None = None
    ) -> None:
        self._build = build
        self._settings = settings
        self._folder = folder
        self._clock = clock or SystemClock()
        self._ended = threading.Event()
        self._master: Master | None = None
        self._rpc: RpcLoop | None = None
        self._web: WebServer | None = None
        self._timers: list[Timer] = []
        self._fatal: HiveMindError | None = None
        self._doors: Any = None

    @property
    def master(self) -> Master:
        """The services of a daemon that was started."""
        assert self._master is not None, "the daemon was not started"
        return self._master

    def start(self) -> str:
        """Open all doors and return the line that says so. What was started is ended again when one fails."""
        _check_transport(self._settings)
        try:
            return self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> str:
        settings = self._settings
        self._master = master = self._build(settings, self._folder.root, self._clock)
        self._first_login(master)
        self._rpc = RpcLoop()
        self._doors = master.rpc_doors()
        self._rpc.call(self._doors.start(node_address=settings.node, control_address=settings.control))
        master.doors.node_port = self._doors.node_port
        master.doors.control_port = self._doors.control_port
        host, port = split_address(settings.web)
        certificate, key = _certificate(settings, self._folder.root)
        self._web = start_web(
            master.web_services(),
            host,
            port,
            data_dir=self._folder.root,
            certificate=certificate,
            key=key,
            behind_proxy=settings.behind_proxy,
            pool_name=settings.pool_name,
        )
        self._timers = [
            Timer(self._clock, [(TICK_S, master.reaper.tick), (TOKENS_S, lambda: _keep_tokens(master))]),
            Timer(self._clock, [(VITALS_S, lambda: self._look(master))]),
            Timer(self._clock, [(SENDER_S, master.notices.sender.tick), (WATCH_S, master.notices.watch.tick)]),
            # What reads the whole database or disk must not hold up what happens each second.
            Timer(
                self._clock,
                [
                    (RETENTION_S, lambda: master.retention.sweep(self._ended.is_set)),
                    (LEDGER_S, master.vitals.check_ledger),
                    (VPN_S, master.vpn_hub.request),
                ],
            ),
        ]
        master.slow_threads.submit(master.vitals.check_ledger)
        with contextlib.suppress(StorageFull, StorageUnavailable):  # the reaper goes on with it each second
            master.storage.writer.execute(master.reaper.resume, lane=Lane.INNER).result(60)
        master.vpn_hub.request()
        scheme = "https" if certificate is not None else "http"
        web = f"{scheme}://{_door(settings.web, self._web.port)}"
        node = _door(settings.node, self._doors.node_port)
        control = _door(settings.control, self._doors.control_port)
        master.doors.web = web
        self._folder.announce(web=web, node=node, control=control, token=master.local_token)
        return f"ready web={web} node={node} control={control}"

    def wait(self) -> None:
        """Return when somebody asked the daemon to end. Raises what made it end by itself."""
        while not self._ended.wait(0.5):
            continue
        if self._fatal is not None:
            raise self._fatal

    def end(self) -> None:
        """Ask the daemon to end. Safe in a signal handler."""
        self._ended.set()

    def stop(self) -> None:
        """Close the doors, finish what was accepted, close the storage."""
        self._ended.set()
        for timer in self._timers:
            timer.stop()
        if self._web is not None:
            self._web.stop()
        if self._rpc is not None:
            if self._doors is not None:
                self._rpc.call(self._doors.stop())
            self._rpc.stop()
        if self._master is not None:
            self._master.close()
        self._timers = []
        self._web = self._rpc = self._doors = self._master = None

    def _look(self, master: Master) -> None:
        """Look at the vitals. Without its storage disk the master would write below the mount point: it ends."""
        master.vitals.tick()
        if not master.vitals.storage_is_there() and not self._ended.is_set():
            self._fatal = StorageUnavailable(
                "The disk with the storage folder is not there any more; the master has stopped.",
                code="STORAGE_NOT_MOUNTED",
                fix="Mount it and start the master again. Nothing that was confirmed is lost.",
            )
            logger.error(self._fatal.message)
            self.end()

    def _first_login(self, master: Master) -> None:
        """Without any operator: leave a one-use login where only the owner of the folder can read it."""
        issued = master.accounts.first_operator().result(60)
        file = self._folder.root / FIRST_LOGIN_FILE
        if issued is None:
            file.unlink(missing_ok=True)
            return
        text = (
            f"First sign-in of this HiveMind master, for once:\n  user name: {issued.user.username}\n"
            f"  one-use login: {issued.secret}\nIt sets the operator's password.\n"
        )
        paths.write_private(file, text.encode())
        logger.info("no operator yet: a one-use login is in %s", file)


def _keep_tokens(master: Master) -> None:
    used = master.authenticator.take_used()
    horizon_ms = 30 * 86_400_000

    def command(uow: Any) -> None:
        if used:
            uow.users.touch_tokens(used)
        uow.users.forget_tokens(uow.now_ms - horizon_ms, 500)

    master.storage.writer.execute(command, lane=Lane.INNER).result(60)


def _check_transport(settings: MasterSettings) -> None:
    host, _ = split_address(settings.web)
    has_tls = settings.tls == "own" or (settings.tls_certificate is not None and settings.tls_key is not None)
    if is_loopback(host) or has_tls or settings.behind_proxy:
        return
    raise Invalid(
        f"The web door would be open to others at {host} without encryption.",
        code="TLS_NEEDED",
        fix='Say tls = "own", give tls_certificate and tls_key, or put a proxy in front and say --behind-proxy.',
    )


def _certificate(settings: MasterSettings, root: Path) -> tuple[Path | None, Path | None]:
    """Return the web door's certificate and key: those that were given, else, if wanted, those of the other
    doors.
    """
    if settings.tls_certificate is None and settings.tls == "own":
        return root / "ca" / "server.pem", root / "ca" / "server.key"
    return settings.tls_certificate, settings.tls_key


def _door(address: str, port: int) -> str:
    host, _ = split_address(address)
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    return f"[{shown}]:{port}" if ":" in shown else f"{shown}:{port}"


STOP_WORD = b"stop"


def serve(settings: MasterSettings, folder: DataFolder, build: Build, *, stop_by: Lines | None = None) -> None:
    """Run a master until SIGTERM or SIGINT; a second one ends it at once.

    So does the line `stop` on `stop_by`: no system lets another program's end be asked for in the same way. Its
    end, without that word, means that whoever started the master has gone, and it serves on.
    """
    daemon = Daemon(settings, folder, build)

    def on_signal(number: int, frame: object) -> None:
        if daemon._ended.is_set():
            raise SystemExit(128 + number)
        daemon.end()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    if stop_by is not None:
        threading.Thread(target=_wait_for_word, args=(stop_by, daemon.end), name="stop-word", daemon=True).start()
    try:
        line = daemon.start()
        print(line, flush=True)
        keep_what_is_there()
        logger.info(line)
        daemon.wait()
        logger.info("stopping")
    finally:
        daemon.stop()


def _wait_for_word(stream: Lines, end: Callable[[], None]) -> None:
    try:
        for line in stream:
            if line.strip() == STOP_WORD:
                end()
                return
    except OSError:
        logger.info("nobody can ask for the end by this pipe any more")
