"""Columns of accounts, transfers, users, the audit log, join links and nodes."""

from __future__ import annotations

import time

from core.desktop import figures, states
from core.desktop.states import Face, Shape
from core.desktop.tables import Column
from core.desktop.tokens import Tint
from core.desktop.translations import mark, tr
from core.domain.console import ArtifactRow, AttemptRow, NodeTile
from core.domain.console_pages import AccountRow, AuditRow, LinkRow, TransferRow, UserRow
from master_app.console.models.audit_words import ROLES, deed, details
from master_app.console.models.sentences import said

KINDS = {"mint": mark("Mint"), "holds": mark("Holds"), "fees": mark("Fees")}
CODES = {
    "GRANT_SIGN_UP": mark("sign-up grant"),
    "GRANT_OPERATOR": mark("grant"),
    "GRANT_PRACTICE": mark("practice"),
    "HOLD_OPEN": mark("hold"),
    "HOLD_EXTEND": mark("hold extended"),
    "HOLD_RELEASED": mark("hold released"),
    "ATTEMPT_PAID": mark("reward"),
    "ATTEMPT_PAID_SHORT": mark("reward, short of funds"),
    "POOL_FEE": mark("fee"),
    "USER_TRANSFER": mark("transfer"),
    "CORRECTION": mark("correction"),
}
_ACTIVE = Face(Shape.TICK, Tint.GOOD, mark("Active user"))
_LOCKED = Face(Shape.CROSS, Tint.BAD, mark("Locked"))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def side(account: str, name: str) -> str:
    """Return an account as people know it."""
    kind = account.partition(":")[0]
    if kind == "hold":
        return tr("hold of {name}", name=name or account[-6:])
    return name or tr(KINDS.get(account, account))


def account_columns() -> list[Column[AccountRow]]:
    return [
        Column(
            name="name",
            heading=lambda: tr("Account"),
            text=lambda row: row.name or tr(KINDS.get(row.kind, row.kind)),
            width=110,
            sort="name",
            strong=True,
        ),
        Column(
            name="balance",
            heading=lambda: tr("Balance, CPT"),
            text=lambda row: figures.cpt(row.balance_ucpt),
            width=104,
            sort="balance",
            right=True,
        ),
        Column(
            name="today",
            heading=lambda: tr("Today"),
            text=lambda row: figures.cpt(row.today_ucpt, sign=True),
            width=80,
            right=True,
            tone=lambda row: "honey" if row.today_ucpt > 0 else "text_2",
        ),
    ]


def transfer_columns(account: list[str]) -> list[Column[TransferRow]]:
    """`account` holds the account that is looked at, or nothing: signs are by its direction."""

    def sign(row: TransferRow) -> int:
        if not account[0]:
            return row.amount_ucpt
        return row.amount_ucpt if row.credit == account[0] else -row.amount_ucpt

    def other(row: TransferRow) -> str:
        if account[0] and row.debit == account[0]:
            return f"→ {side(row.credit, row.credit_name)}"
        if account[0]:
            return f"← {side(row.debit, row.debit_name)}"
        return f"{side(row.debit, row.debit_name)} → {side(row.credit, row.credit_name)}"

    def subject(row: TransferRow) -> str:
        return f"{row.task_name}/{row.index}" if row.task_name and row.index is not None else row.task_name

    return [
        Column(
            name="time",
            heading=lambda: tr("Time"),
            text=lambda row: figures.moment(row.at_ms, _now_ms()),
            width=86,
            tip=lambda row: figures.stamp(row.at_ms),
        ),
        Column(
            name="why", heading=lambda: tr("Why"), text=lambda row: tr(CODES.get(row.code, row.code)), width=112
        ),
        Column(name="for", heading=lambda: tr("For"), text=subject, width=132),
        Column(
            name="amount",
            heading=lambda: tr("CPT"),
            text=lambda row: figures.cpt(sign(row), sign=bool(account[0])),
            width=88,
            right=True,
            tone=lambda row: "honey" if row.code.startswith("ATTEMPT") and sign(row) > 0 else "text",
        ),
        Column(name="other", heading=lambda: tr("Other side"), text=other, width=120, tone=lambda row: "text_2"),
    ]


def user_columns() -> list[Column[UserRow]]:
    return [
        Column(
            name="name",
            heading=lambda: tr("User"),
            text=lambda row: row.username,
            width=160,
            sort="name",
            strong=True,
        ),
        Column(
            name="state",
            heading=lambda: tr("State"),
            text=lambda row: "",
            width=180,
            sort="state",
            face=lambda row: _LOCKED if row.state == "LOCKED" else _ACTIVE,
            reason=lambda row: row.state_reason,
        ),
        Column(
            name="roles",
            heading=lambda: tr("Roles"),
            text=lambda row: ", ".join(tr(ROLES.get(role, role)) for role in row.roles),
            width=230,
        ),
        Column(
            name="balance",
            heading=lambda: tr("Balance, CPT"),
            text=lambda row: figures.cpt(row.balance_ucpt),
            width=110,
            sort="balance",
            right=True,
        ),
        Column(
            name="tasks",
            heading=lambda: tr("Live tasks"),
            text=lambda row: figures.number(row.live_tasks),
            width=90,
            right=True,
        ),
        Column(
            name="nodes",
            heading=lambda: tr("Nodes"),
            text=lambda row: figures.number(row.nodes),
            width=80,
            right=True,
        ),
        Column(
            name="login",
            heading=lambda: tr("Last sign-in"),
            text=lambda row: figures.moment(row.last_login_ms, _now_ms()) or tr("never"),
            width=140,
            sort="login",
            right=True,
            tone=lambda row: "text_2",
        ),
    ]


def audit_columns() -> list[Column[AuditRow]]:
    return [
        Column(
            name="time",
            heading=lambda: tr("Time"),
            text=lambda row: figures.moment(row.at_ms, _now_ms()),
            width=130,
            tip=lambda row: figures.stamp(row.at_ms),
        ),
        Column(
            name="who", heading=lambda: tr("Who"), text=lambda row: row.actor or tr("this computer"), width=120
        ),
        Column(
            name="action",
            heading=lambda: tr("Did what"),
            text=deed,
            width=190,
            strong=True,
            tip=lambda row: row.action,
        ),
        Column(
            name="subject",
            heading=lambda: tr("To what"),
            text=lambda row: row.subject_name or row.subject,
            width=200,
        ),
        Column(
            name="details",
            heading=lambda: tr("Details"),
            text=details,
            width=260,
            tone=lambda row: "text_2",
        ),
        Column(
            name="origin",
            heading=lambda: tr("From"),
            text=lambda row: row.origin,
            width=120,
            tone=lambda row: "text_2",
        ),
    ]


def link_columns() -> list[Column[LinkRow]]:
    return [
        Column(name="owner", heading=lambda: tr("For"), text=lambda row: row.owner, width=120, strong=True),
        Column(
            name="uses",
            heading=lambda: tr("Uses left"),
            text=lambda row: figures.number(row.uses_left),
            width=80,
            right=True,
        ),
        Column(
            name="expires",
            heading=lambda: tr("Expires"),
            text=lambda row: figures.moment(row.expires_ms, _now_ms()),
            width=130,
        ),
        Column(
            name="labels",
            heading=lambda: tr("Labels"),
            text=lambda row: ", ".join(f"{key}={value}" for key, value in row.labels.items()),
            width=160,
        ),
        Column(
            name="by",
            heading=lambda: tr("Made by"),
            text=lambda row: row.created_by or tr("this computer"),
            width=120,
        ),
    ]


def hardware(tile: NodeTile) -> str:
    """Return what a node lends, in one line."""
    parts = [tr("{n} cores", n=figures.cores(tile.cpu_millis)), figures.size(tile.memory_bytes)]
    if tile.gpus:
        parts.append(f"{tile.gpus} × {tile.gpu_name}")
    return " · ".join(parts)


def node_columns() -> list[Column[NodeTile]]:
    return [
        Column(name="name", heading=lambda: tr("Node"), text=lambda row: row.name, width=84, strong=True),
        Column(
            name="state",
            heading=lambda: tr("State"),
            text=lambda row: "",
            width=142,
            face=lambda row: states.NODE[row.state],
        ),
        Column(name="owner", heading=lambda: tr("Owner"), text=lambda row: row.owner_name, width=76),
        Column(name="hardware", heading=lambda: tr("Lends"), text=hardware, width=140, tone=lambda row: "text_2"),
        Column(
            name="fingerprint",
            heading=lambda: tr("Fingerprint code"),
            text=lambda row: "-".join((row.fingerprint[:2], row.fingerprint[2:4], row.fingerprint[4:6])),
            width=112,
        ),
        Column(
            name="joined",
            heading=lambda: tr("Joined"),
            text=lambda row: figures.moment(row.created_ms, _now_ms()),
            width=120,
        ),
    ]


def attempt_columns() -> list[Column[AttemptRow]]:
    return [
        Column(name="index", heading=lambda: tr("Subtask"), text=lambda row: str(row.index), width=70, right=True),
        Column(
            name="state",
            heading=lambda: tr("State and reason"),
            text=lambda row: "",
            width=220,
            face=lambda row: states.ATTEMPT[row.state],
            reason=lambda row: said(row.failure_message or row.reason),
        ),
        Column(name="node", heading=lambda: tr("Node"), text=lambda row: row.node_name, width=110),
        Column(
            name="time",
            heading=lambda: tr("Ran"),
            text=lambda row: (
                figures.duration((row.ended_ms or _now_ms()) - row.started_ms) if row.started_ms else ""
            ),
            width=90,
            right=True,
        ),
        Column(
            name="paid",
            heading=lambda: tr("CPT"),
            text=lambda row: figures.cpt(row.paid_ucpt) if row.paid_ucpt is not None else tr("not known yet"),
            width=100,
            right=True,
            tip=lambda row: said(row.pay_reason),
        ),
    ]


def artifact_columns() -> list[Column[ArtifactRow]]:
    return [
        Column(name="name", heading=lambda: tr("File"), text=lambda row: row.name, width=320, strong=True),
        Column(name="index", heading=lambda: tr("Subtask"), text=lambda row: str(row.index), width=80, right=True),
        Column(
            name="size", heading=lambda: tr("Size"), text=lambda row: figures.size(row.size), width=100, right=True
        ),
        Column(
            name="sha256",
            heading=lambda: tr("SHA-256"),
            text=lambda row: row.sha256[:16],
            width=160,
            tone=lambda row: "text_2",
            tip=lambda row: row.sha256,
        ),
    ]
