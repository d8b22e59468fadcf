"""Keeps the computer awake while work runs. Implements `ports.host.KeepAwake` by wakepy.

On Linux that is a wish to the desktop's session; without a session bus (a server, a service) there is nobody to
ask, and the problem says so. Windows and macOS are asked directly.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import Final

from wakepy import keep

logger = logging.getLogger(__name__)

NO_SESSION: Final = (
    "This program has no desktop session to ask (no session bus), so this computer sleeps as its system settings "
    "say."
)
_ANSWER_S: Final = 10.0


class WakepyAwake:
    """The wish stands as long as the thread that made it, which Windows demands."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_held = False
        self._problem = ""

    @property
    def is_held(self) -> bool:
        return self._is_held

    @property
    def problem(self) -> str:
        return self._problem

    def hold(self) -> None:
        """See the port."""
        if self._wanted.is_set():
            return
        self._wanted.set()
        self._thread = threading.Thread(target=self._keep, args=(threading.Event(),), name="awake", daemon=True)
        self._thread.start()

    def release(self) -> None:
        """See the port."""
        if not self._wanted.is_set():
            return
        self._wanted.clear()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(_ANSWER_S)
        self._problem = ""

    def _keep(self, tick: threading.Event) -> None:
        if sys.platform.startswith("linux") and not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
            self._tell(NO_SESSION)
            return
        try:
            with keep.running(on_fail="pass") as mode:
                if not mode.active:
                    self._tell("The system did not agree to stay awake; it sleeps as its settings say.")
                    logger.info("not kept awake", extra={"tried": mode.result.get_failure_text()})
                    return
                self._is_held, self._problem = True, ""
                logger.info("kept awake while work runs", extra={"by": str(mode.method)})
                while self._wanted.is_set():
                    tick.wait(0.5)
        except Exception:
            # It asks libraries and buses of every kind; none of them may end the agent.
            logger.exception("keeping awake failed")
            self._tell("Asking the system to stay awake failed; see the log.")
        finally:
            self._is_held = False

    def _tell(self, problem: str) -> None:
        self._problem = problem
