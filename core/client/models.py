"""What the API answers, as values. Fields that are not known here are ignored; `raw` has everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Json = Mapping[str, Any]
ENDED: Final = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount: exact in millionths, and as people read it."""

    ucpt: int
    cpt: str

    @classmethod
    def read(cls, value: Any) -> Money:
        return cls(ucpt=int(value["ucpt"]), cpt=str(value["cpt"]))

    def __str__(self) -> str:
        return f"{self.cpt} CPT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A token with its end and its user. The token is a secret."""

    token: str = field(repr=False)
    expires_at: str
    username: str
    roles: tuple[str, ...]
    balance: Money

    @classmethod
    def read(cls, value: Json) -> Login:
        user = value["user"]
        return cls(
            token=str(value["access_token"]),
            expires_at=str(value.get("expires_at") or ""),
            username=str(user["username"]),
            roles=tuple(user["roles"]),
            balance=Money.read(user["balance"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as it was a moment ago."""

    task_id: str
    name: str
    state: str
    state_reason: str
    progress: float
    subtask_count: int
    counts: Mapping[str, int]
    cost: Money
    hold: Money
    created_at: str
    started_at: str | None
    ended_at: str | None
    raw: Json = field(repr=False, default_factory=dict)

    @classmethod
    def read(cls, value: Json) -> Task:
        return cls(
            task_id=str(value["task_id"]),
            name=str(value["name"]),
            state=str(value["state"]),
            state_reason=str(value["state_reason"]),
            progress=float(value["progress"]),
            subtask_count=int(value["subtask_count"]),
            counts=dict(value["counts"]),
            cost=Money.read(value["cost"]),
            hold=Money.read(value["hold"]),
            created_at=str(value.get("created_at") or ""),
            started_at=value.get("started_at"),
            ended_at=value.get("ended_at"),
            raw=value,
        )

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def has_succeeded(self) -> bool:
        return self.state == "SUCCEEDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedTask:
    """What submitting answered."""

    task_id: str
    state: str
    subtask_count: int
    low: Money
    high: Money
    #: Hints: (text, fix).
    advice: tuple[tuple[str, str], ...]
    #: What was changed of the zip on the way in.
    changes: tuple[str, ...]
    repeated: bool
    raw: Json = field(repr=False, default_factory=dict)

    @classmethod
    def read(cls, value: Json) -> SubmittedTask:
        return cls(
            task_id=str(value["task_id"]),
            state=str(value["state"]),
            subtask_count=int(value["subtask_count"]),
            low=Money.read(value["quote"]["low"]),
            high=Money.read(value["quote"]["high"]),
            advice=tuple((str(a["text"]), str(a.get("fix", ""))) for a in value.get("advice", ())),
            changes=tuple(value.get("changes", ())),
            repeated=bool(value.get("repeated")),
            raw=value,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPiece:
    """A part of a log. `offset` past what was asked: the part between was dropped."""

    attempt_id: str | None
    offset: int
    next: int
    text: str
    #: The attempt has ended and nothing follows.
    end: bool

    @classmethod
    def read(cls, value: Json) -> LogPiece:
        return cls(
            attempt_id=value.get("attempt_id"),
            offset=int(value["offset"]),
            next=int(value["next"]),
            text=str(value["text"]),
            end=bool(value["end"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node of the pool."""

    node_id: str
    name: str
    health: str
    schedulable: bool
    why_not: str
    slots: int
    running: int
    cpu_cores: float
    memory_bytes: int
    gpus: int
    cpu_percent: float
    memory_percent: float
    raw: Json = field(repr=False, default_factory=dict)

    @classmethod
    def read(cls, value: Json) -> Node:
        capacity, load = value["capacity"], value["load"]
        return cls(
            node_id=str(value["node_id"]),
            name=str(value["name"]),
            health=str(value["health"]),
            schedulable=bool(value["schedulable"]),
            why_not=str(value["why_not"]),
            slots=int(value["slots"]),
            running=int(value["running"]),
            cpu_cores=float(capacity["cpu_cores"]),
            memory_bytes=int(capacity["memory_bytes"]),
            gpus=int(capacity["gpus"]),
            cpu_percent=float(load.get("cpu_percent") or 0.0),
            memory_percent=float(load.get("memory_percent") or 0.0),
            raw=value,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One line of the ledger; `change` is below zero where money left the account."""

    transfer_id: str
    code: str
    amount: Money
    change: Money
    at: str
    task_id: str | None
    raw: Json = field(repr=False, default_factory=dict)

    @classmethod
    def read(cls, value: Json) -> Transfer:
        return cls(
            transfer_id=str(value["transfer_id"]),
            code=str(value["code"]),
            amount=Money.read(value["amount"]),
            change=Money.read(value["change"]),
            at=str(value.get("at") or ""),
            task_id=value.get("task_id"),
            raw=value,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Settings of tasks under a name; they are what a submission takes as fields."""

    name: str
    settings: Mapping[str, str]
    changed_at: str
    raw: Json = field(repr=False, default_factory=dict)

    @classmethod
    def read(cls, value: Json) -> Template:
        return cls(
            name=str(value["name"]),
            settings={str(key): str(text) for key, text in value["settings"].items()},
            changed_at=str(value["changed_at"]),
            raw=value,
        )
