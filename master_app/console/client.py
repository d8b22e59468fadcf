"""The wire: calls of the control door as futures, and Watch, which finds its master again by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final, TypeVar

import grpc

from core.desktop.bridge import LoopThread
from core.desktop.translations import mark, tr
from core.domain import console as shapes
from core.domain import console_pages as pages
from core.domain.errors import HiveMindError, StorageUnavailable, Unauthenticated
from core.domain.operations import JoinLinkMade, LedgerCheck, NewJoinLink, NewUser, NodeAction, TaskAction
from core.domain.views import NodeView, TaskView
from core.pb import console_pb2 as pb
from core.pb import console_pb2_grpc, operator_pb2, operator_pb2_grpc
from core.rpc.channel import fetch_authority, open_channel
from core.rpc.codec import operator as operator_codec
from core.rpc.codec.console import console_from_pb, console_to_pb, task_rows_from_pb
from core.rpc.console_link import ConsoleLink
from core.rpc.status import error_from_rpc
from master_app.console.near_calls import NearCalls
from master_app.console.port import Endpoint, FindEndpoint, Link, LinkState, Sink

T = TypeVar("T")
TIMEOUT_S: Final = 30.0
LONG_S: Final = 3600.0
PIECE_BYTES: Final = 1 << 20
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 15.0
#: Watch tells something at least each second; after so much silence the link is taken for lost.
SILENCE_S: Final = 12.0
PING_S: Final = 10.0
NOT_THE_PINNED_ONE: Final = mark(
    "This is not the master that was pinned: its fingerprint differs. Nothing was sent."
)
ASK_ANEW: Final = mark("If the master was installed anew, ask its operator for a new console link.")


class RemoteMaster(NearCalls):
    """See `port.MasterPort`. Belongs to no thread: any may call, answers come from the loop."""

    def __init__(
        self, loop: LoopThread, find: FindEndpoint, *, interval_ms: int = 1000, silence_s: float = SILENCE_S
    ) -> None:
        self._loop = loop
        self._find = find
        self._interval_ms = interval_ms
        self._silence_s = silence_s
        self._channel: grpc.aio.Channel | None = None
        self._endpoint: Endpoint | None = None
        self._wake: asyncio.Event | None = None
        self._watching: Future[None] | None = None

    # ---- watching

    def watch(self, sink: Sink) -> None:
        self._watching = self._loop.call(self._watch(sink))

    def retry_now(self) -> None:
        self._loop.call(self._set_wake())

    def close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
        self._loop.call(self._let_go())

    async def _set_wake(self) -> None:
        if self._wake is not None:
            self._wake.set()

    async def _watch(self, sink: Sink) -> None:
        self._wake = asyncio.Event()
        wait_s, since_ms = FIRST_WAIT_S, _now_ms()
        sink(("link",), Link(state=LinkState.CONNECTING, since_ms=since_ms))
        while True:
            heard = False
            try:
                async for _ in self._listen(sink):
                    heard, wait_s = True, FIRST_WAIT_S
                words, code = "", ""
            except HiveMindError as error:
                words, code = error.message, error.code
                if isinstance(error, Unauthenticated) or code in ("CA_MISMATCH", "FORBIDDEN"):
                    sink(("link",), Link(state=LinkState.REFUSED, since_ms=_now_ms(), words=words, code=code))
                    await self._let_go()
                    await self._pause(None)
                    continue
            if heard:
                since_ms = _now_ms()
            await self._let_go()
            sink(
                ("link",),
                Link(
                    state=LinkState.LOST,
                    since_ms=since_ms,
                    next_try_ms=_now_ms() + round(wait_s * 1000),
                    words=words,
                    code=code,
                ),
            )
            await self._pause(wait_s)
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)

    async def _listen(self, sink: Sink) -> AsyncIterator[bool]:
        """Hear what the master says, until it stops. Yields True once it is live."""
        try:
            channel = self._open()
            stub = console_pb2_grpc.ConsoleStub(channel)
            call = stub.Watch(
                pb.WatchRequest(nodes=True, interval_ms=self._interval_ms), metadata=self._metadata()
            )
            stream = call.__aiter__()
            pinged = 0.0
            while True:
                try:
                    reply = await asyncio.wait_for(stream.__anext__(), self._silence_s)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    call.cancel()
                    return
                _tell(sink, reply)
                if time.monotonic() - pinged > PING_S:
                    delay_ms = await self._ping(stub)
                    link = Link(state=LinkState.LIVE, since_ms=_now_ms(), delay_ms=delay_ms)
                    sink(("link",), link)
                    pinged = time.monotonic()
                yield True
        except grpc.aio.AioRpcError as error:
            raise _ours(error, self._endpoint) from error

    async def _ping(self, stub: Any) -> float:
        began = time.perf_counter()
        await stub.Pool(pb.PoolRequest(), metadata=self._metadata(), timeout=TIMEOUT_S)
        return (time.perf_counter() - began) * 1000

    async def _pause(self, seconds: float | None) -> None:
        assert self._wake is not None
        self._wake.clear()
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return

    # ---- calls

    def pool(self) -> Future[shapes.PoolInfo]:
        return self._ask("Pool", pb.PoolRequest(), _value(shapes.PoolInfo))

    def tasks(self, query: shapes.TaskQuery) -> Future[shapes.TaskRows]:
        return self._ask("Tasks", console_to_pb(query), task_rows_from_pb)

    def subtasks(self, task_id: str) -> Future[shapes.SubtaskMap]:
        return self._ask("Subtasks", pb.TaskKey(task_id=task_id), _value(shapes.SubtaskMap))

    def attempts(self, task_id: str) -> Future[shapes.AttemptRows]:
        return self._ask("Attempts", pb.TaskKey(task_id=task_id), _value(shapes.AttemptRows))

    def why_waiting(self, task_id: str) -> Future[shapes.WhyRows]:
        return self._ask("WhyWaiting", pb.TaskKey(task_id=task_id), _value(shapes.WhyRows))

    def manifest(self, task_id: str) -> Future[str]:
        return self._ask("Manifest", pb.TaskKey(task_id=task_id), lambda reply: str(reply.text))

    def artifacts(self, task_id: str) -> Future[shapes.ArtifactRows]:
        return self._ask("Artifacts", pb.TaskKey(task_id=task_id), _value(shapes.ArtifactRows))

    def log(self, attempt_id: str, stream: str, offset: int, limit: int) -> Future[shapes.LogPiece]:
        query = pb.LogQuery(attempt_id=attempt_id, stream=stream, offset=offset, limit=limit)
        return self._ask("Log", query, _value(shapes.LogPiece))

    def set_priority(self, task_id: str, priority: int) -> Future[TaskView]:
        request = pb.SetPriorityRequest(task_id=task_id, priority=priority)
        return self._ask("SetPriority", request, lambda reply: operator_codec.task_from_pb(reply.task))

    def act_on_task(self, task_id: str, action: TaskAction, reason: str) -> Future[TaskView]:
        number = operator_codec.TASK_ACTIONS.numbers[action]
        request = operator_pb2.TaskActionRequest(task_id=task_id, action=number, reason=reason)
        return self._operate("ActOnTask", request, lambda reply: operator_codec.task_from_pb(reply.task))

    def act_on_node(self, node_id: str, action: NodeAction, reason: str) -> Future[NodeView]:
        number = operator_codec.NODE_ACTIONS.numbers[action]
        request = operator_pb2.NodeActionRequest(node_id=node_id, action=number, reason=reason)
        return self._operate("ActOnNode", request, lambda reply: operator_codec.node_from_pb(reply.node))

    def submit(
        self,
        zip_path: Path,
        fields: Mapping[str, str],
        *,
        key: str,
        check_only: bool,
        progress: Callable[[int, int], None],
    ) -> Future[shapes.SubmitReply]:
        head = pb.SubmitHead(fields=dict(fields), key=key, check_only=check_only)
        return self._loop.call(self._submit(zip_path, head, progress))

    def accounts(self, query: pages.ListQuery) -> Future[pages.AccountRows]:
        return self._ask("Accounts", console_to_pb(query, pb.AccountQuery), _value(pages.AccountRows))

    def transfers(self, query: pages.TransferQuery) -> Future[pages.TransferRows]:
        return self._ask("Transfers", console_to_pb(query), _value(pages.TransferRows))

    def days(self, account_id: str, since_ms: int, offset_ms: int) -> Future[pages.DayRows]:
        query = pb.DayQuery(account_id=account_id, since_ms=since_ms, offset_ms=offset_ms)
        return self._ask("Days", query, _value(pages.DayRows))

    def explain(self, transfer_id: str) -> Future[pages.Explained]:
        return self._ask("Explain", pb.ExplainRequest(transfer_id=transfer_id), _value(pages.Explained))

    def grant(self, username: str, amount_ucpt: int, key: str, reason: str) -> Future[str]:
        request = pb.GrantRequest(username=username, amount_ucpt=amount_ucpt, key=key, reason=reason)
        return self._ask("Grant", request, lambda reply: str(reply.transfer_id))

    def verify_ledger(self) -> Future[LedgerCheck]:
        request = operator_pb2.VerifyLedgerRequest()
        return self._operate("VerifyLedger", request, operator_codec.ledger_check_from_pb, LONG_S)

    def back_up(self, path: str) -> Future[int]:
        request = operator_pb2.BackupRequest(path=path)
        return self._operate("Backup", request, lambda reply: int(reply.size), LONG_S)

    def users(self, query: pages.ListQuery) -> Future[pages.UserRows]:
        return self._ask("Users", console_to_pb(query, pb.UserQuery), _value(pages.UserRows))

    def add_user(self, user: NewUser) -> Future[str]:
        request = operator_codec.new_user_to_pb(user)
        return self._operate("AddUser", request, lambda reply: str(reply.user_id))

    def reset_password(self, username: str) -> Future[str]:
        request = operator_pb2.ResetPasswordRequest(name=username)
        return self._operate("ResetPassword", request, lambda reply: str(reply.one_use_login))

    def change_user(self, change: pages.UserChange) -> Future[None]:
        return self._ask("ChangeUser", console_to_pb(change), _nothing)

    def audit(self, query: pages.ListQuery) -> Future[pages.AuditRows]:
        request = pb.AuditQuery(text=query.text, offset=query.offset, limit=query.limit)
        return self._ask("Audit", request, _value(pages.AuditRows))

    def create_join_link(self, wish: NewJoinLink) -> Future[JoinLinkMade]:
        request = operator_codec.new_join_link_to_pb(wish)
        return self._operate(
            "CreateJoinLink", request, lambda reply: JoinLinkMade(link=reply.link, expires_ms=reply.expires_ms)
        )

    def join_links(self) -> Future[pages.LinkRows]:
        return self._ask("JoinLinks", pb.JoinLinksRequest(), _value(pages.LinkRows))

    def revoke_link(self, link_id: str) -> Future[None]:
        return self._ask("RevokeLink", pb.LinkKey(link_id=link_id), _nothing)

    def doctor(self) -> Future[pages.DoctorRows]:
        return self._ask("Doctor", pb.DoctorRequest(), _value(pages.DoctorRows))

    def settings(self) -> Future[pages.SettingRows]:
        return self._ask("Settings", pb.SettingsRequest(), _value(pages.SettingRows))

    def change_settings(self, values: Mapping[str, str]) -> Future[pages.SettingRows]:
        return self._ask("ChangeSettings", pb.SettingsChange(values=dict(values)), _value(pages.SettingRows))

    def browse(self, path: str) -> Future[pages.FolderRows]:
        return self._ask("Browse", pb.BrowseRequest(path=path), _value(pages.FolderRows))

    def console_link(self, username: str) -> Future[str]:
        request = pb.ConsoleLinkRequest(username=username)
        return self._ask("ConsoleLink", request, lambda reply: str(reply.link))

    # ---- inner

    def _ask(
        self, method: str, request: Any, decode: Callable[[Any], T], timeout_s: float = TIMEOUT_S
    ) -> Future[T]:
        return self._loop.call(self._call(console_pb2_grpc.ConsoleStub, method, request, decode, timeout_s))

    def _operate(
        self, method: str, request: Any, decode: Callable[[Any], T], timeout_s: float = TIMEOUT_S
    ) -> Future[T]:
        return self._loop.call(self._call(operator_pb2_grpc.OperatorStub, method, request, decode, timeout_s))

    def _say(self, error: grpc.aio.AioRpcError) -> HiveMindError:
        return _ours(error, self._endpoint)

    async def _submit(
        self, zip_path: Path, head: pb.SubmitHead, progress: Callable[[int, int], None]
    ) -> shapes.SubmitReply:
        total = (await asyncio.to_thread(zip_path.stat)).st_size

        async def parts() -> AsyncIterator[pb.SubmitPart]:
            yield pb.SubmitPart(head=head)
            sent = 0
            with open(zip_path, "rb") as stream:
                while piece := await asyncio.to_thread(stream.read, PIECE_BYTES):
                    yield pb.SubmitPart(chunk=piece)
                    sent += len(piece)
                    progress(sent, total)

        try:
            stub = console_pb2_grpc.ConsoleStub(self._open())
            reply = await stub.Submit(parts(), metadata=self._metadata(), timeout=LONG_S)
        except grpc.aio.AioRpcError as error:
            raise _ours(error, self._endpoint) from error
        return console_from_pb(shapes.SubmitReply, reply)

    def _open(self) -> grpc.aio.Channel:
        """On the loop: return the channel, looking the endpoint up when there is none."""
        if self._channel is None:
            self._endpoint = self._find()
            self._channel = open_channel(self._endpoint.address, self._endpoint.ca_pem)
        return self._channel

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        assert self._endpoint is not None
        return (("authorization", f"Bearer {self._endpoint.token}"),)

    async def _let_go(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close(0)


async def sign_in(link: ConsoleLink, new_password: str = "") -> tuple[Endpoint, pages.SignedIn]:
    """Spend a console link: first the master proves to be the one of the link, then the secret is sent."""
    ca_pem = await fetch_authority(link.host, link.control_port, link.ca_sha256)
    async with open_channel(link.address, ca_pem) as channel:
        stub = console_pb2_grpc.SignInStub(channel)
        request = pb.RedeemRequest(login=link.login, new_password=new_password)
        try:
            reply = await stub.Redeem(request, timeout=TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            raise _ours(error, None) from error
    signed = console_from_pb(pages.SignedIn, reply)
    endpoint = Endpoint(address=link.address, ca_pem=ca_pem, token=signed.token, ca_sha256=link.ca_sha256)
    return endpoint, signed


def _tell(sink: Sink, reply: Any) -> None:
    match reply.WhichOneof("content"):
        case "overview":
            sink(("overview",), console_from_pb(shapes.Overview, reply.overview))
        case "history":
            sink(("history",), console_from_pb(shapes.History, reply.history))
        case "changed":
            changed = console_from_pb(shapes.Changed, reply.changed)
            for task_id in changed.task_ids:
                sink(("task", task_id), changed.commit)
            if changed.reset:
                sink(("reset",), changed.commit)
            if changed.audit:
                sink(("audit",), changed.commit)
        case "tiles":
            tiles = console_from_pb(shapes.NodeTiles, reply.tiles)
            if tiles.first:
                sink(("nodes", "first"), True)
            for tile in tiles.tiles:
                sink(("node", tile.node_id), tile)
            for node_id in tiles.gone:
                sink(("node", node_id), None)
            if tiles.whole:
                sink(("nodes", "whole"), True)


def _value(kind: Callable[..., T]) -> Callable[[Any], T]:
    return lambda reply: console_from_pb(kind, reply)


def _nothing(_reply: Any) -> None:
    return None


def _ours(error: grpc.aio.AioRpcError, endpoint: Endpoint | None) -> HiveMindError:
    found = error_from_rpc(error)
    if found is not None:
        return found
    if "CERTIFICATE_VERIFY_FAILED" in (error.details() or ""):
        return Unauthenticated(NOT_THE_PINNED_ONE, code="CA_MISMATCH", fix=tr(ASK_ANEW))
    where = endpoint.address if endpoint is not None else tr("the link's address")
    return StorageUnavailable(tr("The master at {where} does not answer.", where=where), code="MASTER_UNREACHABLE")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
