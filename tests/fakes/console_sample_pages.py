"""Sample data of the pages that are lists: ledger, people, links, settings."""

# ruff: noqa: E501 (rows of sample data)
from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from core.domain.console_pages import (
    AccountRow,
    AccountRows,
    AuditRow,
    AuditRows,
    DayRow,
    DayRows,
    DoctorRow,
    DoctorRows,
    Explained,
    FolderRows,
    LinkRow,
    LinkRows,
    ListQuery,
    SettingRow,
    SettingRows,
    TransferQuery,
    TransferRow,
    TransferRows,
    UserRow,
    UserRows,
)
from core.domain.operations import JoinLinkMade, LedgerCheck

PEOPLE = ("chen", "wu", "lin", "tsai", "huang", "chang", "yang", "li", "hsu", "kuo")
NAMES = ("oct-segmentation", "typhoon-ensemble", "resnet-ablation", "air-quality", "taxi-matrix", "protein-dock")


def answered(value: Any) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(value)
    return future


class SamplePages:
    """The part of the master that lists things. Who makes it says when it is, and whether anything is there."""

    now_ms: int
    tiles: Sequence[Any]
    acts: list[tuple[Any, ...]]

    def accounts(self, query: ListQuery) -> Future[Any]:
        rows = [
            AccountRow(
                account_id=f"user:{name}",
                kind="user",
                name=name,
                balance_ucpt=(6_460 - 300 * place) * 1_000_000 + 200_000,
                today_ucpt=(place - 3) * 4_500_000,
            )
            for place, name in enumerate(PEOPLE if self.tiles else ())
        ]
        pool = tuple(
            AccountRow(account_id=kind, kind=kind, name="", balance_ucpt=amount, today_ucpt=0)
            for kind, amount in (("mint", -15_570_600_000), ("holds", 1_086_425_000), ("fees", 0))
        )
        return answered(AccountRows(pool=pool, rows=tuple(rows), total=len(rows), sum_ucpt=0, transfers=48_249))

    def transfers(self, query: TransferQuery) -> Future[Any]:
        codes = ("ATTEMPT_PAID", "HOLD_OPEN", "HOLD_RELEASED", "GRANT_OPERATOR", "USER_TRANSFER")
        total = 240 if self.tiles else 0
        rows = [
            TransferRow(
                sequence=total - number, transfer_id=f"pay:{number}", at_ms=self.now_ms - number * 90_000, code=codes[number % 5],
                debit="hold:t", credit=f"user:{PEOPLE[number % 10]}", debit_name="resnet-ablation", credit_name=PEOPLE[number % 10],
                amount_ucpt=16_525_000 + number * 125_000, task_id="t", task_name="resnet-ablation", index=number, failure="",
                hash=f"{number:064x}", previous_debit="ab" * 32, previous_credit="cd" * 32,
            )
            for number in range(query.offset, min(total, query.offset + query.limit))
        ]  # fmt: skip
        return answered(TransferRows(rows=tuple(rows), total=total, in_ucpt=472_000_000, out_ucpt=50_400_000))

    def days(self, account_id: str, since_ms: int, offset_ms: int) -> Future[Any]:
        rows = [
            DayRow(
                at_ms=since_ms + number * 86_400_000,
                income_ucpt=round((90 + 60 * math.sin(number / 3)) * 1_000_000),
                spend_ucpt=round((60 + 45 * math.cos(number / 4)) * 1_000_000),
            )
            for number in range(30)
        ]
        return answered(DayRows(rows=tuple(rows if self.tiles else ())))

    def browse(self, path: str) -> Future[Any]:
        here = path or "/"
        folders = ("backup", "hivemind", "nas-02") if here == "/" else ("2026-10", "2026-11")
        parent = "/" if here != "/" else ""
        return answered(FolderRows(path=here, parent=parent, folders=folders, free_bytes=380 * 10**9))

    def explain(self, transfer_id: str) -> Future[Any]:
        lines = ("0.5 min x (4 cores x 0.1 + 8 GB x 0.025) x 1.2 = 0.36",) * 6
        return answered(Explained(summary="16.525 CPT. What the attempt earned by its metering.", lines=lines))

    def verify_ledger(self) -> Future[Any]:
        return answered(LedgerCheck(sound=True, transfers=48_249, accounts=34, head="c41e07b9d5a2"))

    def users(self, query: ListQuery) -> Future[Any]:
        rows = [
            UserRow(
                user_id=name, username=name, roles=("provider", "submitter") if place else ("operator", "provider", "submitter"),
                state="LOCKED" if place == 4 else "ACTIVE", state_reason="left the lab" if place == 4 else "", created_ms=0,
                last_login_ms=self.now_ms - place * 3_600_000, balance_ucpt=place * 125_250_000, live_tasks=place % 4, nodes=place % 3, tokens=1,
            )
            for place, name in enumerate(PEOPLE if self.tiles else PEOPLE[:1])
        ]  # fmt: skip
        return answered(UserRows(rows=tuple(rows), total=len(rows)))

    def audit(self, query: ListQuery) -> Future[Any]:
        total = 400 if self.tiles else 2
        rows = [
            AuditRow(
                sequence=total - number,
                at_ms=self.now_ms - number * 60_000,
                actor=PEOPLE[number % 10],
                action=("task.cancel", "node.drain", "user.lock", "login")[number % 4],
                subject="x",
                subject_name=NAMES[number % 6],
                details="asked by its owner",
                origin="console",
            )
            for number in range(query.offset, min(total, query.offset + query.limit))
        ]
        return answered(AuditRows(rows=tuple(rows), total=total))

    def join_links(self) -> Future[Any]:
        link = LinkRow(
            link_id="a",
            owner="chen",
            created_by="wang",
            created_ms=self.now_ms,
            expires_ms=self.now_ms + 580_000,
            uses_left=2,
            labels={"site": "ed-412"},
            name_pattern="ws-{n}",
            approve=True,
        )
        return answered(LinkRows(rows=(link,) if self.tiles else ()))

    def create_join_link(self, wish: Any) -> Future[Any]:
        self.acts.append(("link", wish))
        link = f"hivemind://hm01.vslab.example:50052/join?ca={'7f' * 32}&token=abcdefghijklmnopqrstuvwx&owner=chen"
        return answered(JoinLinkMade(link=link, expires_ms=self.now_ms + 580_000))

    def doctor(self) -> Future[Any]:
        rows = [
            DoctorRow(check=check, result="passed", value="")
            for check in ("database", "disk", "memory", "clock", "ledger")
        ]
        rows += [
            DoctorRow(
                check="web_door",
                result="todo",
                value="127.0.0.1:5000, this computer only",
                fix="Listen on 0.0.0.0 (web) if other computers are to reach it.",
            ),
            DoctorRow(check="node_door", result="unknown", value="0.0.0.0:50051"),
            DoctorRow(check="backup", result="todo", value="", fix="Write a first backup to another disk."),
        ]
        return answered(DoctorRows(rows=tuple(rows)))

    def settings(self) -> Future[Any]:
        pairs = {
            "pool_name": "vslab pool",
            "public_name": "",
            "web": "127.0.0.1:5000",
            "retention_days": "30",
            "sign_up": "invite",
        }
        rows = [
            SettingRow(name=name, value=value, standard="", kind="str", waits_for_restart=False)
            for name, value in pairs.items()
        ]
        return answered(SettingRows(rows=tuple(rows)))
