"""Secrets of users: sealed with a key outside the database, bound to their owner and name, never shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.errors import Forbidden, Invalid, NotFound, RateLimited, StorageUnavailable
from core.domain.user import Principal, Role
from master_app.users.vault import KEY_FILE, MAX_SECRETS, UserSecrets, Vault
from tests.fakes.ledger import MoneyUnitOfWork
from tests.fakes.users import DirectWriter

MEI = Principal(user_id="mei", username="mei", roles=frozenset({Role.SUBMITTER}))
BOB = Principal(user_id="bob", username="bob", roles=frozenset({Role.PROVIDER}))
VALUE = "hf_0123456789 \n 祕密"


class Stage:
    def __init__(self, folder: Path) -> None:
        self.uow = MoneyUnitOfWork()
        self.vault = Vault.open(folder)
        self.secrets = UserSecrets(vault=self.vault, writer=DirectWriter(self.uow), reads=self.uow.secrets)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_a_value_comes_back_only_for_whoever_it_belongs_to(stage: Stage) -> None:
    stage.secrets.keep(MEI, "HF_TOKEN", VALUE).result()
    assert stage.secrets.values("mei", ["HF_TOKEN"]) == {"HF_TOKEN": VALUE}
    assert stage.secrets.missing("mei", ["HF_TOKEN", "OTHER"]) == ["OTHER"]
    with pytest.raises(NotFound, match="HF_TOKEN"):
        stage.secrets.values("bob", ["HF_TOKEN"])
    (kept,) = stage.secrets.listed(MEI)
    assert (kept.name, VALUE.encode() in kept.sealed, VALUE in repr(kept)) == ("HF_TOKEN", False, False)
    for moved in (replace(kept, owner_id="bob"), replace(kept, name="OTHER")):
        with pytest.raises(Invalid, match="cannot be opened"):
            stage.vault.unseal(moved)


def test_the_same_value_is_sealed_differently_each_time(stage: Stage) -> None:
    assert stage.vault.seal("mei", "A", VALUE) != stage.vault.seal("mei", "A", VALUE)


def test_a_newer_value_replaces_and_a_removed_one_is_gone(stage: Stage) -> None:
    for value in ("first one", "second one"):
        stage.secrets.keep(MEI, "A", value).result()
    assert stage.secrets.values("mei", ["A"]) == {"A": "second one"}
    stage.secrets.forget(MEI, "A").result()
    assert stage.secrets.listed(MEI) == []
    with pytest.raises(NotFound):
        stage.secrets.forget(MEI, "A").result()
    actions = [(getattr(fact, "action", ""), getattr(fact, "subject", "")) for fact in stage.uow.facts]
    assert actions == [("secret.set", "A"), ("secret.set", "A"), ("secret.remove", "A")]


@pytest.mark.parametrize(
    ("name", "value"),
    [("1A", "long enough"), ("A B", "long enough"), ("HIVEMIND_X", "long enough"), ("A", "abc"), ("A", "x\0yzzz")],
)
def test_what_cannot_be_kept_is_refused(stage: Stage, name: str, value: str) -> None:
    with pytest.raises(Invalid):
        stage.secrets.keep(MEI, name, value)


def test_only_submitters_keep_secrets_and_not_without_bound(stage: Stage) -> None:
    with pytest.raises(Forbidden):
        stage.secrets.keep(BOB, "A", VALUE)
    for number in range(MAX_SECRETS):
        stage.secrets.keep(MEI, f"S{number}", VALUE).result()
    with pytest.raises(RateLimited):
        stage.secrets.keep(MEI, "MORE", VALUE).result()
    stage.secrets.keep(MEI, "S0", "a new value").result()


def test_the_key_is_a_private_file_and_stays_the_same(tmp_path: Path) -> None:
    sealed = Stage(tmp_path)
    sealed.secrets.keep(MEI, "A", VALUE).result()
    (record,) = sealed.secrets.listed(MEI)
    assert Vault.open(tmp_path).unseal(record) == VALUE
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o077 == 0
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(Invalid, match="cannot be opened"):
        Vault.open(tmp_path).unseal(record)
    (tmp_path / KEY_FILE).write_bytes(b"short")
    with pytest.raises(StorageUnavailable):
        Vault.open(tmp_path)
