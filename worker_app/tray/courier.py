"""The agent's client on a thread of its own: watches, asks, and brings what comes to the Qt thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future
from typing import Any, Final, Protocol, TypeVar

from PySide6.QtCore import QObject, Signal

from core.desktop.background import Background, Failed, Op
from core.desktop.bridge import LoopThread, Mailbox
from core.domain.agent_views import (
    AgentAction,
    AgentShown,
    Check,
    Consent,
    Hop,
    LogLine,
    RulesShown,
    Sample,
    WhyView,
)
from core.domain.earning_views import Earnings, Explained
from core.domain.errors import HiveMindError
from core.domain.lending import LendingRules
from worker_app.tray.client import AgentAway

logger = logging.getLogger(__name__)
T = TypeVar("T")

#: Between two looks for an agent that is away.
LOOK_S: Final = 0.5


class Client(Protocol):
    """What the window asks of an agent; `tray.client.AgentClient` and the fake of the tests."""

    def watch(self, *, samples: bool) -> AsyncIterator[AgentShown]: ...

    def examine(self) -> AsyncIterator[Check]: ...

    async def act(
        self, action: AgentAction, *, seconds: int = 0, attempt_id: str = "", owner_id: str = ""
    ) -> None: ...

    async def rules(self) -> RulesShown: ...

    async def try_rules(self, rules: LendingRules) -> WhyView: ...

    async def set_rules(self, rules: LendingRules) -> RulesShown: ...

    async def join(self, link: str) -> Consent: ...

    async def consent(self) -> Consent: ...

    async def log(self, attempt_id: str = "", limit: int = 2000) -> tuple[tuple[LogLine, ...], int]: ...

    async def earnings(self, *, days: int, day: str = "", cursor: str = "", limit: int = 100) -> Earnings: ...

    async def explain(self, attempt_id: str) -> Explained: ...

    async def history(self, span_s: int) -> tuple[tuple[Sample, ...], int]: ...

    async def trace(self) -> tuple[tuple[Hop, ...], int]: ...

    async def close(self) -> None: ...


class Courier(QObject):
    """Belongs to the Qt thread. `shown` is the newest snapshot; after `left` it keeps the last one."""

    came = Signal(object)
    sampled = Signal(object)
    left = Signal()
    checked = Signal(object)

    def __init__(self, find: Callable[[], Client | None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.shown = AgentShown()
        self.is_here = False
        self._find = find
        self._loop = LoopThread()
        self._background = Background(self)
        self._mail = Mailbox(self)
        self._mail.batch.connect(self._deliver)
        self._client: Client | None = None
        self._samples = False
        self._stream: asyncio.Task[None] | None = None
        self._closing = False

    def start(self) -> None:
        """Look for an agent, watch it, and look again whenever it goes."""
        self._loop.call(self._live())

    def stop(self) -> None:
        self._closing = True
        self._loop.stop()
        self._background.close()

    def want_samples(self, wanted: bool) -> None:
        """Ask for readings of each second only while somebody sees them."""
        if wanted != self._samples:
            self._samples = wanted
            if not self._closing:
                self._loop.call(self._restart())

    # ------------------------------------------------------------ asking

    def ask(
        self,
        question: Callable[[Client], Awaitable[T]],
        done: Callable[[T], None],
        failed: Failed | None = None,
        *,
        owner: QObject | None = None,
    ) -> Op[T]:
        """Ask the agent; `done` or `failed` follows on the Qt thread, unless `owner` is gone by then."""

        async def work() -> T:
            client = self._client
            if client is None:
                raise AgentAway("The worker service is not running.")
            return await question(client)

        if self._closing:
            over: Future[T] = Future()
            over.cancel()
            return Op(over, owner)
        return self._background.follow(self._loop.call(work()), done, failed or _unheard, owner=owner)

    def act(
        self,
        action: AgentAction,
        failed: Failed | None = None,
        *,
        seconds: int = 0,
        attempt_id: str = "",
        owner_id: str = "",
    ) -> None:
        """Have the agent do something; what follows is seen in the next snapshot."""
        self.ask(
            lambda client: client.act(action, seconds=seconds, attempt_id=attempt_id, owner_id=owner_id),
            lambda _none: None,
            failed,
        )

    def examine(self, done: Callable[[None], None], failed: Failed | None = None) -> None:
        """Run the doctor; `checked` brings each fact as it is found."""

        async def work(client: Client) -> None:
            async for check in client.examine():
                self._mail.put(("check", check.name, check.result), check)

        self.ask(work, done, failed, owner=self)

    # ------------------------------------------------------------ on the loop's thread

    async def _live(self) -> None:
        while not self._closing:
            client = self._find()
            if client is None:
                self._mail.put("here", False)
                # The one waiting here: a file says when an agent is there, and files do not call.
                await asyncio.sleep(LOOK_S)
                continue
            self._client = client
            try:
                while True:
                    self._stream = asyncio.ensure_future(self._follow(client))
                    try:
                        await self._stream
                        break
                    except asyncio.CancelledError:
                        if self._closing:
                            raise
            except HiveMindError as error:
                logger.info("the agent is away", extra={"code": error.code})
            finally:
                self._client = None
                await client.close()
            self._mail.put("here", False)
            await asyncio.sleep(LOOK_S)

    async def _follow(self, client: Client) -> None:
        async for shown in client.watch(samples=self._samples):
            if shown.sample is not None:
                self._mail.put(("sample", shown.sample.at_ms), shown.sample)
            self._mail.put("shown", shown)

    async def _restart(self) -> None:
        if self._stream is not None:
            self._stream.cancel()

    # ------------------------------------------------------------ on the Qt thread

    def _deliver(self, batch: dict[Any, Any]) -> None:
        for key, value in batch.items():
            if key == "here":
                if self.is_here or self.shown == AgentShown():
                    self.is_here = False
                    self.left.emit()
            elif key == "shown":
                self.is_here, self.shown = True, value
                self.came.emit(value)
            elif key[0] == "sample":
                self.sampled.emit(value)
            else:
                self.checked.emit(value)


def _unheard(error: BaseException) -> None:
    logger.info("the agent did not do it", extra={"reason": str(error)})
