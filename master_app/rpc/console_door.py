"""The control door for the console: decode, one call of the desk, encode. Watch is the one that lasts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from core.domain.console import Changed, NodeTile, NodeTiles, TaskQuery
from core.domain.console_pages import ListQuery, TransferQuery, UserChange
from core.domain.errors import Invalid
from core.domain.operations import OperatorIdentity
from core.domain.user import Scope
from core.pb import console_pb2 as pb
from core.pb import console_pb2_grpc, operator_pb2
from core.rpc.codec.console import console_from_pb, console_to_pb, task_rows_to_pb
from core.rpc.codec.operator import task_to_pb
from core.rpc.interceptors import Context, caller
from master_app.feed import Audience, Feed, Kind
from master_app.rpc.console_services import ConsoleService, UploadService

_TILES_A_MESSAGE = 200
_LEAST_INTERVAL_S = 0.25
_MOST_INTERVAL_S = 10.0


class SignInDoor(console_pb2_grpc.SignInServicer):
    """Spends console links. Open to all: what it takes is the secret."""

    def __init__(self, service: ConsoleService) -> None:
        self._service = service

    async def Redeem(self, request: Any, context: Context) -> pb.RedeemReply:
        made = await asyncio.wrap_future(
            self._service.redeem(request.login, request.new_password, context.peer() or "")
        )
        return pb.RedeemReply(token=made.token, expires_ms=made.expires_ms, operator=made.operator)


class ConsoleDoor(console_pb2_grpc.ConsoleServicer):
    """`Console` of the control door."""

    def __init__(self, service: ConsoleService, uploads: UploadService, feed: Feed) -> None:
        self._service = service
        self._uploads = uploads
        self._feed = feed

    async def Watch(self, request: Any, context: Context) -> None:  # type: ignore[override]
        operator = _operator()
        interval_s = min(max(request.interval_ms / 1000 or 1.0, _LEAST_INTERVAL_S), _MOST_INTERVAL_S)
        watching = _Watching(self._feed, operator, nodes=request.nodes)
        loop = asyncio.get_running_loop()

        def wake(_lanes: frozenset[str]) -> None:
            # The writer calls this; at the end of the program the loop may already be closed.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(watching.news.set)

        subscription = self._feed.subscribe(wake)
        try:
            # Asked first: whoever may not look is told nothing.
            history = await asyncio.wrap_future(self._service.history(operator))
            await context.write(pb.WatchReply(changed=pb.Changed(reset=True, commit=watching.commit)))
            await context.write(pb.WatchReply(history=console_to_pb(history)))
            while True:
                look = await asyncio.wrap_future(self._service.look(operator))
                await context.write(pb.WatchReply(overview=console_to_pb(look.overview)))
                for part in watching.tiles(look.tiles):
                    await context.write(pb.WatchReply(tiles=part))
                until = loop.time() + interval_s
                while (left_s := until - loop.time()) > 0:
                    # Facts go out at once, four times a second at most; figures wait for their turn.
                    changed = watching.changes()
                    if changed is not None:
                        await context.write(pb.WatchReply(changed=changed))
                        await watching.pause(min(left_s, _LEAST_INTERVAL_S))
                        continue
                    await watching.wait(left_s)
        finally:
            subscription.close()

    async def Pool(self, request: Any, context: Context) -> Any:
        return await _answer(self._service.pool(_operator()))

    async def Tasks(self, request: Any, context: Context) -> pb.TaskRows:
        query = console_from_pb(TaskQuery, request)
        return task_rows_to_pb(await asyncio.wrap_future(self._service.tasks(_operator(), query)))

    async def Subtasks(self, request: Any, context: Context) -> Any:
        return await _answer(self._service.subtasks(_operator(), request.task_id))

    async def Attempts(self, request: Any, context: Context) -> Any:
        return await _answer(self._service.attempts(_operator(), request.task_id))

    async def WhyWaiting(self, request: Any, context: Context) -> Any:
        return await _answer(self._service.why_waiting(_operator(), request.task_id))

    async def Manifest(self, request: Any, context: Context) -> pb.ManifestReply:
        text = await asyncio.wrap_future(self._service.manifest(_operator(), request.task_id))
        return pb.ManifestReply(text=text)

    async def Artifacts(self, request: Any, context: Context) -> Any:
        return await _answer(self._service.artifacts(_operator(), request.task_id))

    async def Log(self, request: Any, context: Context) -> Any:
        asked = self._service.log(
            _operator(), request.attempt_id, request.stream, offset=request.offset, limit=request.limit
        )
        return await _answer(asked)

    async def SetPriority(self, request: Any, context: Context) -> operator_pb2.TaskActionReply:
        view = await asyncio.wrap_future(
            self._service.set_priority(_operator(), request.task_id, request.priority)
        )
        return operator_pb2.TaskActionReply(task=task_to_pb(view))

    async def Submit(self, request_iterator: Any, context: Context) -> Any:
        operator = _operator()
        head: Any = None
        upload = await asyncio.wrap_future(self._uploads.begin(operator))
        try:
            async for part in request_iterator:
                if part.WhichOneof("content") == "head":
                    head = part.head
                else:
                    await asyncio.wrap_future(self._uploads.write(upload, part.chunk))
            if head is None:
                raise Invalid("The submission has no head.", code="SUBMIT_INVALID")
            return await _answer(
                self._uploads.submit(operator, upload, dict(head.fields), key=head.key, check_only=head.check_only)
            )
        finally:
            await asyncio.wrap_future(self._uploads.end(upload))

    async def Accounts(self, request: Any, context: Context) -> Any:
        return await _answer(self._service.accounts(_operator(), console_from_pb(ListQuery, request)))

    async def Transfers(self, request: Any, context: Context) -> Any:
        return await _answer(self._service.transfers(_operator(), console_from_pb(TransferQuery, request)))

    async def Days(self, request: Any, context: Context) -> Any:
        return await _answer(
            self._service.days(_operator(), request.account_id, request.since_ms, request.offset_ms)
        )

    async def Explain(self, request: Any, context: Context) -> Any:
        return await _answer(self._service.explain(_operator(), request.transfer_id))

    async def Grant(self, request: Any, context: Context) -> pb.GrantReply:
        made = await asyncio.wrap_future(
            self._service.grant(_operator(), request.username, request.amount_ucpt, request.key, request.reason)
        )
        return pb.GrantReply(transfer_id=made)

    async def Users(self, request: Any, context: Context) -> Any:
        return await _answer(self._service.users(_operator(), console_from_pb(ListQuery, request)))

    async def ChangeUser(self, request: Any, context: Context) -> pb.ChangeReply:
        change = console_from_pb(UserChange, request)
        await asyncio.wrap_future(self._service.change_user(_operator(), change))
        return pb.ChangeReply()

    async def Audit(self, request: Any, context: Context) -> Any:
        query = ListQuery(text=request.text, offset=request.offset, limit=request.limit)
        return await _answer(self._service.audit(_operator(), query))

    async def JoinLinks(self, request: Any, context: Context) -> Any:
        return await _answer(self._service.join_links(_operator()))

    async def RevokeLink(self, request: Any, context: Context) -> pb.ChangeReply:
        await asyncio.wrap_future(self._service.revoke_link(_operator(), request.link_id))
        return pb.ChangeReply()

    async def Doctor(self, request: Any, context: Context) -> Any:
        return await _answer(self._service.doctor(_operator()))

    async def Settings(self, request: Any, context: Context) -> Any:
        return await _answer(self._service.settings(_operator()))

    async def ChangeSettings(self, request: Any, context: Context) -> Any:
        return await _answer(self._service.change_settings(_operator(), dict(request.values)))

    async def Browse(self, request: Any, context: Context) -> Any:
        return await _answer(self._service.browse(_operator(), request.path))

    async def ConsoleLink(self, request: Any, context: Context) -> pb.ConsoleLinkReply:
        link = await asyncio.wrap_future(self._service.console_link(_operator(), request.username))
        return pb.ConsoleLinkReply(link=link)


class _Watching:
    """What one watcher has been told."""

    def __init__(self, feed: Feed, operator: OperatorIdentity, *, nodes: bool) -> None:
        self._feed = feed
        self._audience = Audience(operator.user_id, is_operator=Scope.TASKS_READ in operator.scopes)
        self._nodes = nodes
        self._told: Mapping[str, NodeTile] | None = None
        self.news = asyncio.Event()
        self.commit = feed.commit_number

    async def wait(self, seconds: float) -> None:
        """Return when something changed, or after so long."""
        self.news.clear()
        try:
            await asyncio.wait_for(self.news.wait(), seconds)
        except TimeoutError:
            return

    async def pause(self, seconds: float) -> None:
        """Return after so long, whatever happens meanwhile."""
        try:
            await asyncio.wait_for(asyncio.Event().wait(), seconds)
        except TimeoutError:
            return

    def changes(self) -> pb.Changed | None:
        """Return what changed since the last word; None when nothing did."""
        delta = self._feed.changes(self._audience, self.commit)
        self.commit = delta.commit
        if not delta.reset and not delta.changes:
            return None
        changed = Changed(
            task_ids=tuple(change.thing_id for change in delta.changes if change.kind is Kind.TASK),
            reset=delta.reset,
            audit=any(change.kind is Kind.AUDIT for change in delta.changes),
            commit=delta.commit,
        )
        message: pb.Changed = console_to_pb(changed)
        return message

    def tiles(self, now: Mapping[str, NodeTile]) -> list[pb.NodeTiles]:
        """Return the nodes that differ from what was told, in parts of a bounded size."""
        if not self._nodes:
            return []
        before = self._told
        self._told = now
        differing = [tile for node_id, tile in now.items() if before is None or before.get(node_id) != tile]
        gone = tuple(node_id for node_id in before if node_id not in now) if before is not None else ()
        if not differing and not gone and before is not None:
            return []
        starts = range(0, max(1, len(differing)), _TILES_A_MESSAGE)
        parts: list[pb.NodeTiles] = []
        for start in starts:
            part = NodeTiles(
                tiles=tuple(differing[start : start + _TILES_A_MESSAGE]),
                gone=gone if start == 0 else (),
                first=before is None and start == 0,
                whole=start + _TILES_A_MESSAGE >= len(differing),
            )
            parts.append(console_to_pb(part))
        return parts


async def _answer(future: Future[Any]) -> Any:
    return console_to_pb(await asyncio.wrap_future(future))


def _operator() -> OperatorIdentity:
    operator = caller()
    assert isinstance(operator, OperatorIdentity)
    return operator
