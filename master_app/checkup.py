"""The master's doctor, and its settings file as the console edits it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.clock import Clock
from core.conditions import Conditions
from core.domain.condition import ConditionCode
from core.domain.console_pages import DoctorRow, DoctorRows, SettingRow, SettingRows
from core.domain.errors import Invalid, Problem
from core.domain.events import AuditRecorded
from core.domain.user import Action, Principal, require
from core.settings import load, write_back
from master_app.ports.unit_of_work import UnitOfWork, Writer
from master_app.settings import MasterSettings, is_loopback, split_address

DAY_MS: Final = 86_400_000
#: What may be changed at a distance; the rest belongs to whoever starts the master.
EDITABLE: Final = (
    "pool_name",
    "public_name",
    "web",
    "node",
    "control",
    "storage",
    "sign_up",
    "sign_up_grant",
    "retention_days",
    "images_allowed",
    "package_index",
    "fill",
    "log_level",
    "vpn_network",
    "vpn_endpoint",
    "vpn_port",
    "vpn_apply",
)
_CONDITION_CHECKS: Final = {
    "database": (ConditionCode.DATABASE_FULL, ConditionCode.DATABASE_AWAY),
    "disk": (
        ConditionCode.DISK_FULL,
        ConditionCode.DISK_LOW,
        ConditionCode.INODES_LOW,
        ConditionCode.STORAGE_GONE,
    ),
    "memory": (ConditionCode.MEMORY_LOW,),
    "clock": (ConditionCode.CLOCK_JUMPED,),
    "ledger": (ConditionCode.LEDGER_UNSOUND,),
    "files": (ConditionCode.BLOB_DAMAGED, ConditionCode.BLOB_LOST),
}


@dataclass(slots=True, kw_only=True)
class Checkup:
    """Reads and looks; `change` alone writes. May block: called on threads of doors."""

    settings_in_use: MasterSettings
    settings_file: Path
    conditions: Conditions
    clock: Clock
    writer: Writer
    certificate_expires_ms: int
    backup_note: Path
    disk_words: Callable[[], str]

    def doctor(self) -> DoctorRows:
        """Return what is right, what is not with its fix, and what cannot be known from here."""
        return DoctorRows(
            rows=(*self._from_conditions(), self._certificate(), *self._doors(), self._sign_up(), self._backup())
        )

    def settings(self) -> SettingRows:
        """Return what the file says, with what is in use where that differs."""
        stored = load(MasterSettings, file=self.settings_file)
        standard = MasterSettings()
        rows = [
            SettingRow(
                name=name,
                value=_text(getattr(stored, name)),
                standard=_text(getattr(standard, name)),
                kind=type(getattr(standard, name)).__name__,
                waits_for_restart=_waits(stored, self.settings_in_use, standard, name),
            )
            for name in EDITABLE
        ]
        return SettingRows(rows=tuple(rows))

    def change(self, who: Principal, values: Mapping[str, str]) -> SettingRows:
        """Write settings, after all of them were checked together. They hold from the next start."""
        require(who, Action.USER_CHANGE_ANY)
        strange = sorted(set(values) - set(EDITABLE))
        if strange:
            raise Invalid(f"{strange[0]} cannot be changed here.", code="SETTING_UNKNOWN")
        standard = MasterSettings()
        changes = {name: _value(name, text, getattr(standard, name)) for name, text in values.items()}
        write_back(MasterSettings, self.settings_file, changes)

        def command(uow: UnitOfWork) -> None:
            uow.publish(
                AuditRecorded(
                    actor_id=who.user_id,
                    action="settings.change",
                    subject="master.toml",
                    details=", ".join(f"{name} = {text}" for name, text in sorted(values.items()))[:500],
                    origin=who.origin,
                    at_ms=uow.now_ms,
                )
            )

        self.writer.execute(command).result(60)
        return self.settings()

    # ---- checks

    def _from_conditions(self) -> list[DoctorRow]:
        current = {condition.code: condition for condition in self.conditions.current()}
        rows = []
        for check, codes in _CONDITION_CHECKS.items():
            wrong = next((current[code] for code in codes if code in current), None)
            if wrong is None:
                value = self.disk_words() if check == "disk" else ""
                rows.append(DoctorRow(check=check, result="passed", value=value))
            else:
                rows.append(DoctorRow(check=check, result="failed", value=wrong.what, fix=wrong.fix))
        return rows

    def _certificate(self) -> DoctorRow:
        days = (self.certificate_expires_ms - self.clock.wall_ms()) // DAY_MS
        if days > 30:
            return DoctorRow(check="certificate", result="passed", value=f"{days} days left")
        fix = "Restart the master: it makes a new one when less than 30 days are left."
        return DoctorRow(check="certificate", result="todo", value=f"{days} days left", fix=fix)

    def _doors(self) -> list[DoctorRow]:
        rows = []
        for door in ("node", "control", "web"):
            address = getattr(self.settings_in_use, door)
            host, _ = split_address(address)
            if is_loopback(host):
                fix = f"Listen on 0.0.0.0 ({door}) if other computers are to reach it."
                rows.append(
                    DoctorRow(check=f"{door}_door", result="todo", value=f"{address}, this computer only", fix=fix)
                )
            else:
                rows.append(DoctorRow(check=f"{door}_door", result="unknown", value=address))
        return rows

    def _sign_up(self) -> DoctorRow:
        name = self.settings_in_use.public_name
        if name:
            return DoctorRow(check="public_name", result="passed", value=name)
        return DoctorRow(
            check="public_name",
            result="todo",
            value="",
            fix="Set public_name to the name or address that other computers use for this one.",
        )

    def _backup(self) -> DoctorRow:
        at_ms = last_backup_ms(self.backup_note)
        if not at_ms:
            return DoctorRow(check="backup", result="todo", value="", fix="Write a first backup to another disk.")
        days = (self.clock.wall_ms() - at_ms) // DAY_MS
        result = "passed" if days < 8 else "todo"
        return DoctorRow(check="backup", result=result, value=f"{days} days ago")


def note_backup(file: Path, path: Path, at_ms: int) -> None:
    """Remember that a backup was written; the doctor and the checklist of a new pool ask."""
    file.write_text(json.dumps({"path": str(path), "at_ms": at_ms}), encoding="utf-8")


def last_backup_ms(file: Path) -> int:
    try:
        return int(json.loads(file.read_text(encoding="utf-8"))["at_ms"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(value)
    return str(value)


def _value(name: str, text: str, standard: Any) -> Any:
    text = text.strip()
    if isinstance(standard, bool):
        return text.lower() in ("true", "1", "yes", "on")
    if isinstance(standard, list):
        return [part.strip() for part in text.split(",") if part.strip()]
    if isinstance(standard, int):
        if not text.lstrip("-").isdigit():
            problem = Problem(
                code="SETTING_INVALID", key=name, reason="This is a whole number.", fix="Write digits."
            )
            raise Invalid("The settings were not changed.", [problem], code="SETTINGS_INVALID")
        return int(text)
    return text or None if standard is None else text


def _waits(stored: MasterSettings, running: MasterSettings, standard: MasterSettings, name: str) -> bool:
    value = getattr(stored, name)
    return bool(value != getattr(running, name) and value != getattr(standard, name))
