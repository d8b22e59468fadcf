"""The console's pages of money, people, links and settings, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """A page of a list whose text, order and place the master applies."""

    text: str = ""
    sort: str = ""
    descending: bool = False
    offset: int = 0
    limit: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    account_id: str
    kind: str
    name: str
    balance_ucpt: int
    today_ucpt: int
    #: Of `holds`: how many are open.
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRows:
    pool: tuple[AccountRow, ...]
    rows: tuple[AccountRow, ...]
    total: int
    #: Of all balances together: zero, or the ledger is wrong.
    sum_ucpt: int
    transfers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferQuery:
    account_id: str = ""
    codes: tuple[str, ...] = ()
    since_ms: int = 0
    until_ms: int = 0
    text: str = ""
    offset: int = 0
    limit: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRow:
    sequence: int
    transfer_id: str
    at_ms: int
    code: str
    debit: str
    credit: str
    debit_name: str
    credit_name: str
    amount_ucpt: int
    task_id: str
    task_name: str
    index: int | None
    failure: str
    hash: str
    previous_debit: str
    previous_credit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRows:
    rows: tuple[TransferRow, ...]
    total: int
    in_ucpt: int
    out_ucpt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    at_ms: int
    income_ucpt: int
    spend_ucpt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRows:
    rows: tuple[DayRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    summary: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRow:
    user_id: str
    username: str
    roles: tuple[str, ...]
    state: str
    state_reason: str
    created_ms: int
    last_login_ms: int
    balance_ucpt: int
    live_tasks: int
    nodes: int
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRows:
    rows: tuple[UserRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChange:
    """`act`: lock, unlock or roles."""

    username: str
    act: str
    reason: str = ""
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    sequence: int
    at_ms: int
    actor: str
    action: str
    subject: str
    subject_name: str
    details: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRows:
    rows: tuple[AuditRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """A join link that can still be used; its secret is not here."""

    link_id: str
    owner: str
    created_by: str
    created_ms: int
    expires_ms: int
    uses_left: int
    labels: Mapping[str, str]
    name_pattern: str
    approve: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRows:
    rows: tuple[LinkRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorRow:
    """One check of the master. `result`: passed, failed, todo or unknown."""

    check: str
    result: str
    value: str
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorRows:
    rows: tuple[DoctorRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """`waits_for_restart`: the file says this, the running master something else."""

    name: str
    value: str
    standard: str
    kind: str
    waits_for_restart: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRows:
    rows: tuple[SettingRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderRows:
    """A folder of the master's own disks."""

    path: str
    parent: str
    folders: tuple[str, ...]
    free_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    token: str
    expires_ms: int
    operator: str
