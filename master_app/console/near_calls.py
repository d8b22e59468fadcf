"""Calls about one thing from near: a node, a task's use, a log's hits, a file that is saved here."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final, TypeVar

import grpc

from core.desktop.bridge import LoopThread
from core.domain import console_near as near
from core.pb import console_pb2 as pb
from core.pb import console_pb2_grpc
from core.rpc.codec.console import console_from_pb, console_to_pb

T = TypeVar("T")
SHORT_S: Final = 30.0
LONG_S: Final = 3600.0
PART_ENDING: Final = ".part"


class NearCalls:
    """The part of `client.RemoteMaster` that asks `Near`. The other part gives it channels and errors."""

    _loop: LoopThread

    def near_node(self, node_id: str) -> Future[near.NodeNear]:
        return self._near("Node", pb.NodeKey(node_id=node_id), lambda reply: console_from_pb(near.NodeNear, reply))

    def label_nodes(self, change: near.LabelChange) -> Future[None]:
        return self._near("Label", console_to_pb(change), lambda _reply: None)

    def task_use(self, task_id: str) -> Future[near.TaskUse]:
        return self._near("Use", pb.TaskKey(task_id=task_id), lambda reply: console_from_pb(near.TaskUse, reply))

    def find_in_log(self, attempt_id: str, stream: str, text: str, offset: int) -> Future[near.LogHits]:
        asked = pb.LogSearch(attempt_id=attempt_id, stream=stream, text=text, offset=offset)
        return self._near("FindInLog", asked, lambda reply: console_from_pb(near.LogHits, reply))

    def save_file(
        self, task_id: str, name: str, target: Path, progress: Callable[[int, int], None]
    ) -> Future[int]:
        return self._loop.call(self._save(pb.FileKey(task_id=task_id, name=name), target, progress))

    async def _save(self, key: pb.FileKey, target: Path, progress: Callable[[int, int], None]) -> int:
        part = target.with_name(target.name + PART_ENDING)
        await asyncio.to_thread(lambda: target.parent.mkdir(parents=True, exist_ok=True))
        written = 0
        try:
            with open(part, "wb") as file:
                call = console_pb2_grpc.NearStub(self._open()).File(key, metadata=self._metadata(), timeout=LONG_S)
                async for piece in call:
                    await asyncio.to_thread(file.write, piece.content)
                    written += len(piece.content)
                    progress(written, piece.size)
            await asyncio.to_thread(os.replace, part, target)
        except grpc.aio.AioRpcError as error:
            raise self._say(error) from error
        finally:
            part.unlink(missing_ok=True)
        return written

    def _near(self, method: str, request: Any, decode: Callable[[Any], T]) -> Future[T]:
        return self._loop.call(self._call(console_pb2_grpc.NearStub, method, request, decode, SHORT_S))

    async def _call(
        self, kind: Callable[..., Any], method: str, request: Any, decode: Callable[[Any], T], timeout_s: float
    ) -> T:
        try:
            stub = kind(self._open())
            reply = await getattr(stub, method)(request, metadata=self._metadata(), timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            raise self._say(error) from error
        return decode(reply)

    def _open(self) -> grpc.aio.Channel:
        raise NotImplementedError

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def _say(self, error: grpc.aio.AioRpcError) -> Exception:
        raise NotImplementedError
