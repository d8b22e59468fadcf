"""Users' WireGuard configs on a real database, and what the hub makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from core.domain.errors import Conflict, Forbidden, NotFound, RateLimited
from core.domain.events import AuditRecorded
from core.domain.user import ALL_SCOPES, Principal, Role, Scope, UserState
from master_app.ports.users import UserRecord
from master_app.vpn.configs import KEY_PLACE, MAX_LIVE, VpnConfigs
from master_app.vpn.hub import Hub, HubSettings, with_port
from master_app.vpn.keys import new_key_pair, public_of
from tests.fakes.clock import ManualClock
from tests.support.storage import Opened, new_id


class AtOnce(Executor):
    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class PretendWireGuard:
    """Takes what it is given; fails with `trouble` while that is set."""

    def __init__(self) -> None:
        self.trouble = ""
        self.peers = ""

    def apply(self, interface: str, quick_file: str, sync_text: str) -> None:
        if self.trouble:
            raise OSError(self.trouble)
        self.peers = sync_text


class Stage:
    def __init__(self, opened: Opened, folder: Path, clock: ManualClock) -> None:
        self.opened = opened
        self.wireguard = PretendWireGuard()
        self.hub = Hub(
            HubSettings(
                network="10.99.0.0/24",
                endpoint=lambda: with_port("pool.example", 51820),
                listen_port=51820,
                interface="hm0",
                folder=folder,
            ),
            private_key=new_key_pair()[0],
            reads=opened.storage.vpn_reads,
            wireguard=self.wireguard,
            threads=AtOnce(),
            now_ms=clock.wall_ms,
        )
        self.vpn = VpnConfigs(
            writer=opened.storage.writer,
            reads=opened.storage.vpn_reads,
            hub=self.hub,
            network="10.99.0.0/24",
            pool_name="Lab",
            new_id=new_id,
        )

    def user(self, name: str, *roles: Role) -> Principal:
        user_id = new_id(1)
        record = UserRecord(user_id=user_id, username=name, roles=frozenset(roles or {Role.SUBMITTER}))
        self.opened.run(lambda uow: uow.users.add(record))
        return Principal(user_id=user_id, username=name, roles=record.roles, scopes=ALL_SCOPES, origin="here")


@pytest.fixture
def stage(tmp_path: Path, clock: ManualClock) -> Iterator[Stage]:
    opened = Opened("", tmp_path / "data", clock)
    yield Stage(opened, tmp_path / "vpn", clock)
    opened.close()


def test_each_device_gets_an_address_of_its_own_that_nobody_gets_again(stage: Stage) -> None:
    mei, bo = stage.user("mei"), stage.user("bo")
    first = stage.vpn.make(mei, "laptop").result(10).config
    second = stage.vpn.make(bo, "desk").result(10).config
    assert [first.address, second.address] == ["10.99.0.2", "10.99.0.3"]
    stage.vpn.revoke(bo, second.config_id).result(10)
    assert stage.vpn.make(bo, "desk").result(10).config.address == "10.99.0.4"
    assert second.address not in stage.wireguard.peers


def test_the_devices_own_key_is_all_that_the_master_learns(stage: Stage) -> None:
    private, public = new_key_pair()
    made = stage.vpn.make(stage.user("mei"), "laptop", public).result(10)
    assert KEY_PLACE in made.file and not made.has_private_key
    assert private not in repr(made) and public in stage.wireguard.peers


def test_a_key_made_by_the_master_is_in_the_answer_and_nowhere_else(stage: Stage, tmp_path: Path) -> None:
    made = stage.vpn.make(stage.user("mei"), "laptop").result(10)
    line = next(line for line in made.file.splitlines() if line.startswith("PrivateKey"))
    private = line.partition(" = ")[2]
    assert public_of(private) == made.config.public_key
    assert private not in repr(made)
    stage.opened.close()
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or private.encode() not in path.read_bytes(), path


def test_the_address_pool_survives_a_restart(stage: Stage, clock: ManualClock, tmp_path: Path) -> None:
    mei = stage.user("mei")
    stage.vpn.make(mei, "a").result(10)
    stage.opened.close()
    again = Stage(stage.opened, tmp_path / "vpn", clock)
    assert again.vpn.make(mei, "b").result(10).config.address == "10.99.0.3"


def test_a_rotated_config_keeps_its_address_and_refuses_its_old_key(stage: Stage) -> None:
    mei = stage.user("mei")
    made = stage.vpn.make(mei, "laptop").result(10).config
    turned = stage.vpn.rotate(mei, made.config_id).result(10).config
    assert turned.address == made.address and turned.public_key != made.public_key
    assert made.public_key not in stage.wireguard.peers and turned.public_key in stage.wireguard.peers


def test_two_configs_never_share_a_key_not_even_with_a_revoked_one(stage: Stage) -> None:
    mei = stage.user("mei")
    _, public = new_key_pair()
    made = stage.vpn.make(mei, "laptop", public).result(10).config
    stage.vpn.revoke(mei, made.config_id).result(10)
    with pytest.raises(Conflict) as caught:
        stage.vpn.make(mei, "other", public).result(10)
    assert caught.value.code == "VPN_KEY_TAKEN"


def test_configs_of_others_are_as_if_they_were_not_there(stage: Stage) -> None:
    mei, bo, op = stage.user("mei"), stage.user("bo"), stage.user("op", Role.OPERATOR)
    made = stage.vpn.make(mei, "laptop").result(10).config
    for attempt in (stage.vpn.revoke, stage.vpn.rotate):
        with pytest.raises(NotFound):
            attempt(bo, made.config_id).result(10)
    with pytest.raises(NotFound):
        stage.vpn.rotate(op, made.config_id).result(10)
    with pytest.raises(Forbidden):
        stage.vpn.configs(bo, of_all=True)
    assert stage.vpn.configs(bo) == [] and len(stage.vpn.configs(op, of_all=True)) == 1
    stage.vpn.revoke(op, made.config_id).result(10)
    assert stage.vpn.configs(mei) == []


def test_a_token_without_the_scope_is_refused(stage: Stage) -> None:
    mei = stage.user("mei")
    narrow = Principal(
        user_id=mei.user_id, username="mei", roles=mei.roles, scopes=frozenset({Scope.TASKS_READ}), origin=""
    )
    with pytest.raises(Forbidden):
        stage.vpn.make(narrow, "laptop")


def test_a_user_has_a_bounded_number_of_devices(stage: Stage) -> None:
    mei = stage.user("mei")
    for number in range(MAX_LIVE):
        stage.vpn.make(mei, f"d{number}").result(10)
    with pytest.raises(RateLimited) as caught:
        stage.vpn.make(mei, "one more").result(10)
    assert caught.value.code == "VPN_TOO_MANY"


def test_a_locked_user_is_let_in_no_more(stage: Stage) -> None:
    mei = stage.user("mei")
    made = stage.vpn.make(mei, "laptop").result(10).config

    def lock(uow: Any) -> None:
        user = uow.users.get(mei.user_id)
        user.state = UserState.LOCKED
        uow.users.save(user)

    stage.opened.run(lock)
    stage.hub.request()
    assert made.public_key not in stage.wireguard.peers


def test_what_hinders_the_hub_is_said_and_is_gone_when_the_cause_is_gone(stage: Stage) -> None:
    op = stage.user("op", Role.OPERATOR)
    stage.wireguard.trouble = "wg is not installed: apt install wireguard-tools"
    stage.vpn.make(op, "laptop").result(10)
    state = stage.vpn.hub_state(op)
    assert state.applied_ms == 0 and "apt install" in state.problem and state.command.startswith("wg-quick up ")
    assert stage.hub.file.stat().st_mode & 0o077 == 0
    stage.wireguard.trouble = ""
    stage.hub.request()
    assert stage.vpn.hub_state(op).problem == "" and stage.vpn.hub_state(op).applied_ms > 0


def test_every_change_is_in_the_audit_log_without_a_key(stage: Stage) -> None:
    mei = stage.user("mei")
    made = stage.vpn.make(mei, "laptop").result(10)
    stage.vpn.rotate(mei, made.config.config_id).result(10)
    stage.vpn.revoke(mei, made.config.config_id).result(10)
    told = [fact for _, fact in stage.opened.facts if isinstance(fact, AuditRecorded)]
    assert [fact.action for fact in told] == ["vpn.make", "vpn.rotate", "vpn.revoke"]
    assert all(fact.actor_id == mei.user_id and "=" not in fact.details for fact in told)


@pytest.mark.parametrize(
    ("host", "endpoint"),
    [("pool.example", "pool.example:51820"), ("2001:db8::1", "[2001:db8::1]:51820"), ("h:9", "h:9")],
)
def test_an_endpoint_has_a_port(host: str, endpoint: str) -> None:
    assert with_port(host, 51820) == endpoint
