"""Every method of both gRPC doors against everybody who may call: no cell untested, no method without a row."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

import grpc
import pytest
import pytest_asyncio
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor

from core.clock import SystemClock
from core.domain.node import NodeFacts
from core.domain.operations import NodeAction
from core.domain.session import JoinLink
from core.domain.user import ALL_SCOPES, PERMISSIONS, Action, Principal, Role, Scope, TokenKind
from core.pb import blobs_pb2, console_pb2, enrolment_pb2, logs_pb2, node_pb2, operator_pb2, secrets_pb2
from core.rpc.channel import open_channel
from core.rpc.codec.values import facts_to_pb
from core.rpc.pki.authority import CertificateAuthority
from core.rpc.pki.node_key import make_request
from master_app.node_pool.membership import LinkWish
from master_app.ports.unit_of_work import UnitOfWork
from master_app.ports.users import TokenRecord, UserRecord
from master_app.rpc.doors import RpcDoors
from master_app.users.authenticate import PREFIX, token_hash
from tests.fakes.clock import ManualClock
from tests.support.pool_master import PoolMaster
from worker_app.agent.ports.link import Identity
from worker_app.wire.enrolment import EnrolmentGateway

pytestmark = pytest.mark.asyncio(loop_scope="module")
_CODE = grpc.StatusCode
_ULID: Final = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def _methods(*files: Any) -> dict[str, MethodDescriptor]:
    return {
        f"{name}.{method.name}": method
        for file in files
        for name, service in file.DESCRIPTOR.services_by_name.items()
        for method in service.methods
    }


CONTROL: Final = _methods(operator_pb2, console_pb2, enrolment_pb2)
NODE: Final = _methods(node_pb2, blobs_pb2, logs_pb2, secrets_pb2)
#: What a token must allow, and a request that gets as far as the service.
OPERATOR: Final[Mapping[str, tuple[Sequence[Action], Mapping[str, Any]]]] = {
    "AddUser": ([Action.USER_CHANGE_ANY], {"name": "a b", "password": "x", "roles": ["submitter"]}),
    "ResetPassword": ([Action.USER_CHANGE_ANY], {"name": "nobody"}),
    "CreateJoinLink": ([Action.NODE_JOIN], {"owner": "operator", "uses": 1, "expires_s": 60}),
    "VerifyLedger": ([Action.MONEY_READ_ANY], {}),
    "VerifyAudit": ([Action.AUDIT_READ], {}),
    "Backup": ([Action.SETTINGS_CHANGE], {"path": "/dev/null/backup.zip"}),
    "ListConditions": ([Action.AUDIT_READ], {}),
    "ListNodes": ([Action.NODE_READ], {}),
    "ListTasks": ([Action.TASK_READ_ANY], {}),
    "ActOnNode": ([Action.NODE_READ, Action.NODE_CONTROL], {"node_id": _ULID, "action": 3, "reason": "x"}),
    "ActOnTask": ([Action.TASK_CONTROL], {"task_id": _ULID, "action": 1, "reason": "x"}),
}
#: The same for what the console asks.
CONSOLE: Final[Mapping[str, tuple[Sequence[Action], Mapping[str, Any]]]] = {
    "Watch": ([Action.METRICS_READ], {}),
    "Pool": ([Action.METRICS_READ], {}),
    "Tasks": ([Action.TASK_READ_ANY], {"limit": 1}),
    "Subtasks": ([Action.TASK_READ_ANY], {"task_id": _ULID}),
    "Attempts": ([Action.TASK_READ_ANY], {"task_id": _ULID}),
    "WhyWaiting": ([Action.TASK_READ_ANY], {"task_id": _ULID}),
    "Manifest": ([Action.TASK_READ_ANY], {"task_id": _ULID}),
    "Artifacts": ([Action.TASK_READ_ANY], {"task_id": _ULID}),
    "Log": ([Action.TASK_READ_ANY], {"attempt_id": _ULID, "stream": "out"}),
    "SetPriority": ([Action.TASK_CONTROL_ANY], {"task_id": _ULID, "priority": 1}),
    "Submit": ([Action.TASK_SUBMIT], {"chunk": b"no zip"}),
    "Accounts": ([Action.MONEY_READ_ANY], {"limit": 1}),
    "Transfers": ([Action.MONEY_READ_ANY], {"limit": 1}),
    "Days": ([Action.MONEY_READ_ANY], {"account_id": "user:operator"}),
    "Explain": ([Action.MONEY_READ_ANY], {"transfer_id": _ULID}),
    "Grant": ([Action.MONEY_GRANT], {"username": "nobody", "amount_ucpt": 1, "key": "k", "reason": "x"}),
    "Users": ([Action.USER_READ_ANY], {"limit": 1}),
    "ChangeUser": ([Action.USER_CHANGE_ANY], {"username": "nobody", "act": "unlock"}),
    "Audit": ([Action.AUDIT_READ], {"limit": 1}),
    "JoinLinks": ([Action.NODE_CONTROL_ANY], {}),
    "RevokeLink": ([Action.NODE_CONTROL_ANY], {"link_id": _ULID}),
    "Doctor": ([Action.SETTINGS_CHANGE], {}),
    "Settings": ([Action.SETTINGS_CHANGE], {}),
    "ChangeSettings": ([Action.SETTINGS_CHANGE], {}),
    "Browse": ([Action.SETTINGS_CHANGE], {"path": "/"}),
    "ConsoleLink": ([Action.USER_CHANGE_ANY], {"username": "operator"}),
}
NEAR: Final[Mapping[str, tuple[Sequence[Action], Mapping[str, Any]]]] = {
    "Node": ([Action.NODE_READ, Action.NODE_CONTROL_ANY], {"node_id": _ULID}),
    "Label": ([Action.NODE_CONTROL_ANY], {"node_ids": [_ULID], "put": {"a": "b"}}),
    "Use": ([Action.TASK_READ_ANY], {"task_id": _ULID}),
    "FindInLog": ([Action.TASK_READ_ANY], {"attempt_id": _ULID, "stream": "out", "text": "x"}),
    "File": ([Action.TASK_READ_ANY], {"task_id": _ULID, "name": "x"}),
}
OPERATORS: Final = {
    f"{service}.{name}": row
    for service, rows in (("Operator", OPERATOR), ("Console", CONSOLE), ("Near", NEAR))
    for name, row in rows.items()
}
#: Spends a console link, which is its own proof: tests/integration/wire/test_console_door.py.
OPEN: Final = frozenset({"SignIn.Redeem"})
#: Without any token; what the door answers then.
ENROLMENT: Final[Mapping[str, tuple[grpc.StatusCode, Mapping[str, Any]]]] = {
    "Authority": (_CODE.OK, {}),
    "RenewalNonce": (_CODE.OK, {}),
    "Enrol": (_CODE.UNAUTHENTICATED, {"token": "no-link", "csr_pem": b"x", "facts": facts_to_pb(NodeFacts())}),
    "Renew": (_CODE.UNAUTHENTICATED, {"certificate_pem": b"x", "csr_pem": b"x"}),
}


@dataclass(frozen=True, kw_only=True)
class Doors:
    pool: PoolMaster
    doors: RpcDoors
    tokens: Mapping[str, str]
    member: Identity
    #: A member until it leaves.
    leaver: Identity
    revoked: Identity
    stranger: Identity

    @property
    def ca_pem(self) -> bytes:
        return self.pool.master.authority.ca_pem


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def doors(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Doors]:
    # TLS looks at the real calendar.
    folder = Path(tmp_path_factory.mktemp("rpc-roles"))
    pool = PoolMaster(folder, cast("ManualClock", SystemClock()))
    started = pool.master.rpc_doors()
    await started.start(node_address="127.0.0.1:0", control_address="127.0.0.1:0")
    pool.master.doors.node_port, pool.master.doors.control_port = started.node_port, started.control_port
    member, leaver, revoked = [await _enrol(pool, started) for _ in range(3)]
    pool.master.membership.act(_root(), revoked.node_id, NodeAction.REVOKE).result(30)
    other = CertificateAuthority.open(folder / "other", SystemClock().wall_ms())
    key = EnrolmentGateway().new_key()
    signed = other.sign_node(make_request(key, "box"), member.node_id, SystemClock().wall_ms())
    stranger = replace(member, key_pem=key, certificate_pem=signed.pem)
    yield Doors(
        pool=pool,
        doors=started,
        tokens=_tokens(pool),
        member=member,
        leaver=leaver,
        revoked=revoked,
        stranger=stranger,
    )
    await started.stop(grace_s=0)
    pool.stop()


def _root() -> Principal:
    return Principal(user_id="root", username="root", roles=frozenset(Role))


async def _enrol(pool: PoolMaster, doors: RpcDoors) -> Identity:
    made = pool.master.membership.create_link(_root(), LinkWish(owner_id="root")).result(30)
    link = JoinLink(
        host="127.0.0.1",
        control_port=doors.control_port,
        ca_sha256=pool.master.authority.sha256,
        token=made.token,
    )
    gateway = EnrolmentGateway()
    return await gateway.enrol(link, key_pem=gateway.new_key(), facts=NodeFacts(), agent_version="1")


def _tokens(pool: PoolMaster) -> dict[str, str]:
    """Return a token for each caller: two roles that may not, and an operator with each scope alone."""
    wanted: dict[str, tuple[str, frozenset[Role], frozenset[Scope]]] = {
        "submitter": ("submitter", frozenset({Role.SUBMITTER}), ALL_SCOPES),
        "provider": ("provider", frozenset({Role.PROVIDER}), ALL_SCOPES),
        "operator": ("operator", frozenset({Role.OPERATOR}), ALL_SCOPES),
    }
    wanted |= {scope.value: ("operator", frozenset({Role.OPERATOR}), frozenset({scope})) for scope in Scope}
    made = {name: PREFIX + secrets.token_urlsafe(24) for name in wanted}

    def command(uow: UnitOfWork) -> None:
        for name, (user, roles, scopes) in wanted.items():
            if uow.users.find(user) is None:
                uow.users.add(UserRecord(user_id=user, username=user, roles=roles))
            uow.users.add_token(
                TokenRecord(
                    token_id=name,
                    user_id=user,
                    kind=TokenKind.API,
                    secret_sha256=token_hash(made[name]),
                    scopes=scopes,
                    expires_ms=uow.now_ms + 3_600_000,
                )
            )

    pool.run(command)
    return made


async def _call(
    doors: Doors,
    method: MethodDescriptor,
    *,
    token: str = "",
    who: Identity | None = None,
    fields: Mapping[str, Any] | None = None,
    control: bool = True,
) -> grpc.StatusCode:
    """Call a method with one request and return what became of it."""
    port = doors.doors.control_port if control else doors.doors.node_port
    key, certificate = (who.key_pem, who.certificate_pem) if who else (None, None)
    request = message_factory.GetMessageClass(method.input_type)(**(fields or {}))
    answer_type = message_factory.GetMessageClass(method.output_type)
    path = f"/{method.containing_service.full_name}/{method.name}"
    metadata = (("authorization", f"Bearer {token}"),) if token else ()
    client, server = bool(method.client_streaming), bool(method.server_streaming)
    kind = f"{'stream' if client else 'unary'}_{'stream' if server else 'unary'}"
    async with open_channel(
        f"127.0.0.1:{port}", doors.ca_pem, key_pem=key, certificate_pem=certificate
    ) as channel:
        make = getattr(channel, kind)
        call = make(
            path,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer_type.FromString,
        )(iter([request]) if client else request, metadata=metadata, timeout=20)
        try:
            if server:
                async for _ in call:
                    break
                else:
                    return cast("grpc.StatusCode", await call.code())
                return _CODE.OK
            await call
        except grpc.aio.AioRpcError as error:
            return error.code()
        return _CODE.OK


@pytest.mark.parametrize("name", OPERATORS)
async def test_an_operators_method_opens_to_operators_with_the_scope_alone(doors: Doors, name: str) -> None:
    needs, fields = OPERATORS[name]
    method = CONTROL[name]
    got = {"nobody": await _call(doors, method, fields=fields)}
    got["nonsense"] = await _call(doors, method, token="hm_" + "x" * 40, fields=fields)
    got["the local console"] = await _call(doors, method, token=doors.pool.master.local_token, fields=fields)
    for caller, token in doors.tokens.items():
        got[caller] = await _call(doors, method, token=token, fields=fields)
    for caller in ("nobody", "nonsense"):
        assert got.pop(caller) is _CODE.UNAUTHENTICATED, caller
    for caller in ("submitter", "provider"):
        assert got.pop(caller) is _CODE.PERMISSION_DENIED, caller
    scopes = {PERMISSIONS[action].scope.value for action in needs}
    for caller, code in got.items():
        may = caller in ("operator", "the local console") or scopes == {caller}
        assert (code is not _CODE.PERMISSION_DENIED) is may, f"{name} by {caller}: {code}"
        assert code not in (_CODE.UNAUTHENTICATED, _CODE.INTERNAL, _CODE.UNKNOWN, _CODE.UNIMPLEMENTED), code


@pytest.mark.parametrize("name", ENROLMENT)
async def test_joining_needs_a_link_and_renewing_a_key(doors: Doors, name: str) -> None:
    method = CONTROL[f"Enrolment.{name}"]
    code, fields = ENROLMENT[name]
    for token in ("", doors.tokens["operator"]):
        # An operator's token is no join link.
        assert await _call(doors, method, token=token, fields=fields) is code


@pytest.mark.parametrize("name", NODE)
async def test_a_node_door_opens_to_members_alone(doors: Doors, name: str) -> None:
    method = NODE[name]
    for who in (None, doors.stranger):
        # No certificate of this pool: the handshake itself fails, token or not.
        for token in ("", doors.tokens["operator"], doors.pool.master.local_token):
            assert await _call(doors, method, who=who, token=token, control=False) is _CODE.UNAVAILABLE
    assert await _call(doors, method, who=doors.revoked, control=False) is _CODE.UNAUTHENTICATED
    member = doors.leaver if method.name == "Leave" else doors.member
    code = await _call(doors, method, who=member, control=False)
    assert code not in (_CODE.UNAUTHENTICATED, _CODE.UNAVAILABLE, _CODE.INTERNAL, _CODE.UNIMPLEMENTED), code


@pytest.mark.parametrize("name", [*CONTROL, *NODE])
async def test_no_method_is_served_at_the_other_door(doors: Doors, name: str) -> None:
    if name in CONTROL:
        code = await _call(doors, CONTROL[name], who=doors.member, control=False)
    else:
        code = await _call(doors, NODE[name], token=doors.pool.master.local_token)
    assert code is _CODE.UNIMPLEMENTED
