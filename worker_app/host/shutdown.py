"""Hears that the system is about to end, and holds it back until running work is given back.

    Linux     logind: a delay lock, and the signal PrepareForShutdown (also for the reboot after an update)
    Windows   the console's events: the session ends, the computer shuts down
    else      nobody tells; SIGTERM comes, and then what can be given back in its time is

Where nothing can be asked, nothing is lost but that time: the agent ends as by any SIGTERM.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

from worker_app.agent.ports.host import ShutdownWatch

logger = logging.getLogger(__name__)

_NAME: Final = "org.freedesktop.login1"
_PATH: Final = "/org/freedesktop/login1"
_MANAGER: Final = "org.freedesktop.login1.Manager"
#: Logind's own default, where it does not say.
LIMIT_S: Final = 5.0
#: What is left of that time for the rest of the way.
MARGIN_S: Final = 0.5
RETRY_S: Final = 60.0
_TURN_S: Final = 5.0
_ANSWER_S: Final = 5.0
#: Of the console, in the order of Windows: close, log off, shut down.
_CONSOLE_ENDS: Final = frozenset({2, 5, 6})
#: Windows ends a program this long after the event.
CONSOLE_S: Final = 4.5


def shutdown_watch() -> ShutdownWatch:
    """Return what this system offers."""
    if sys.platform == "win32":
        return ConsoleWatch()
    if sys.platform.startswith("linux"):
        return LogindWatch()
    return DeafWatch()


class DeafWatch:
    """Implements `ShutdownWatch` where nobody tells."""

    async def changed(self) -> float:
        never: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        return await never

    def let_go(self) -> None:
        return None

    def close(self) -> None:
        return None


class _Told:
    """What a thread hears, for a loop that waits."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._words: asyncio.Queue[float] = asyncio.Queue()

    async def next(self, begin: Callable[[], None]) -> float:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            begin()
        return await self._words.get()

    def say(self, limit_s: float) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it has just ended
                loop.call_soon_threadsafe(self._words.put_nowait, limit_s)


class LogindWatch:
    """Implements `ShutdownWatch` on a thread of its own. Without a bus, logind or jeepney it is deaf, and says so
    once in the log.
    """

    def __init__(self, retry_s: float = RETRY_S) -> None:
        self._retry_s = retry_s
        self._told = _Told()
        self._over = threading.Event()
        self._guard = threading.Lock()
        self._lock_fd = -1
        self._said = False

    async def changed(self) -> float:
        """See the port."""
        return await self._told.next(self._begin)

    def let_go(self) -> None:
        """See the port."""
        with self._guard:
            if self._lock_fd >= 0:
                os.close(self._lock_fd)
                self._lock_fd = -1

    def close(self) -> None:
        """See the port."""
        self._over.set()
        self.let_go()

    @property
    def holds(self) -> bool:
        """Tell whether the system has promised to wait."""
        return self._lock_fd >= 0

    # ------------------------------------------------------------ on the thread

    def _begin(self) -> None:
        threading.Thread(target=self._run, name="shutdown", daemon=True).start()

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._follow()
            except ImportError:
                logger.info("nobody tells of a shutdown: jeepney is not installed")
                return
            except Exception as error:
                # A library and a bus of every kind; neither may end the agent.
                level = logging.DEBUG if self._said else logging.INFO
                logger.log(level, "nobody tells of a shutdown", extra={"reason": str(error) or repr(error)})
                self._said = True
            self.let_go()
            self._over.wait(self._retry_s)

    def _follow(self) -> None:
        from jeepney import HeaderFields, MatchRule
        from jeepney.bus_messages import message_bus
        from jeepney.io.blocking import open_dbus_connection

        with _closing(open_dbus_connection("SYSTEM", enable_fds=True)) as connection:
            heard: deque[Any] = deque()
            rules = (
                MatchRule(type="signal", interface=_MANAGER, member="PrepareForShutdown", path=_PATH),
                MatchRule(type="signal", interface=message_bus.interface, member="NameOwnerChanged"),
            )
            rules[1].add_arg_condition(0, _NAME)
            with contextlib.ExitStack() as filters:
                for rule in rules:
                    filters.enter_context(connection.filter(rule, queue=heard))
                    connection.send_and_get_reply(message_bus.AddMatch(rule), timeout=_ANSWER_S)
                self._take(connection)
                self._said = False
                while not self._over.is_set():
                    try:
                        message = connection.recv_until_filtered(heard, timeout=_TURN_S)
                    except TimeoutError:
                        continue
                    if message.header.fields[HeaderFields.member] == "NameOwnerChanged":
                        raise ConnectionError("logind was started again")
                    self._signalled(connection, bool(message.body[0]))

    def _signalled(self, connection: Any, begins: bool) -> None:
        if begins:
            self._told.say(max(1.0, self._limit_s(connection) - MARGIN_S))
        else:
            self._take(connection)
            self._told.say(0.0)

    def _take(self, connection: Any) -> None:
        """Ask the system to wait for us, whenever it ends."""
        words = ("shutdown", "HiveMind", "Running work is given back to the pool", "delay")
        answer = _ask(connection, _MANAGER, "Inhibit", "ssss", words)
        with self._guard:
            if self._lock_fd < 0 and not self._over.is_set():
                self._lock_fd = answer[0].to_raw_fd()
                logger.info("a shutdown waits until running work is given back")

    @staticmethod
    def _limit_s(connection: Any) -> float:
        try:
            answer = _ask(
                connection, "org.freedesktop.DBus.Properties", "Get", "ss", (_MANAGER, "InhibitDelayMaxUSec")
            )
            return float(answer[0][1]) / 1e6
        except (OSError, TimeoutError, ValueError, TypeError):
            return LIMIT_S


def _ask(connection: Any, interface: str, method: str, signature: str, body: tuple[str, ...]) -> Any:
    from jeepney import DBusAddress, MessageType, new_method_call

    address = DBusAddress(_PATH, bus_name=_NAME, interface=interface)
    answer = connection.send_and_get_reply(new_method_call(address, method, signature, body), timeout=_ANSWER_S)
    if answer.header.message_type is not MessageType.method_return:
        raise ConnectionError(f"logind refused {method}: {answer.body}")
    return answer.body


@contextlib.contextmanager
def _closing(connection: Any) -> Iterator[Any]:
    try:
        yield connection
    finally:
        connection.close()


class ConsoleWatch:
    """Implements `ShutdownWatch` for Windows: the event's own thread waits until work is given back, because the
    program is ended as soon as it returns. `set_handler` is kernel32's.
    """

    def __init__(self, set_handler: Callable[[Any, bool], Any] | None = None) -> None:
        self._set_handler = set_handler
        self._told = _Told()
        self._done = threading.Event()
        #: Windows keeps only its address.
        self._handler: Any = None

    async def changed(self) -> float:
        """See the port."""
        return await self._told.next(self._begin)

    def let_go(self) -> None:
        """See the port."""
        self._done.set()

    def close(self) -> None:
        """See the port."""
        self._done.set()
        if self._handler is not None and self._set_handler is not None:
            self._set_handler(self._handler, False)
            self._handler = None

    def _begin(self) -> None:
        if self._set_handler is None:
            import ctypes

            kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
            self._set_handler = kernel.SetConsoleCtrlHandler
            self._handler = ctypes.WINFUNCTYPE(ctypes.c_int, ctypes.c_uint)(self.heard)  # type: ignore[attr-defined,unused-ignore]
        else:
            self._handler = self.heard
        self._set_handler(self._handler, True)

    def heard(self, event: int) -> int:
        """Called by Windows on a thread of its own."""
        if event not in _CONSOLE_ENDS:
            return 0  # Ctrl-C and Ctrl-Break have handlers of their own
        self._done.clear()
        self._told.say(CONSOLE_S - MARGIN_S)
        self._done.wait(CONSOLE_S)
        return 1
