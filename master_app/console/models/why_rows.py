"""Why a task waits, with nodes that refuse for the same reason folded into one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.desktop import figures
from core.desktop.tables import Column
from core.desktop.translations import mark, tr
from core.domain.console import WhyRow

RULES = {
    "admin": mark("Operator's decision"),
    "health": mark("State of the node"),
    "owner": mark("Its owner"),
    "quarantine": mark("Quarantine"),
    "protocol": mark("Version"),
    "engine": mark("Docker"),
    "disk_full": mark("Disk full"),
    "runtime": mark("Isolation"),
    "owner_allowed": mark("Owner's list of users"),
    "image_allowed": mark("Owner's list of images"),
    "arch": mark("Processor kind"),
    "os": mark("System of the image"),
    "host_os": mark("System of the computer"),
    "labels": mark("Labels"),
    "minimum": mark("Required figures"),
    "slots_of_node": mark("Slots"),
    "gpus_of_node": mark("GPU"),
    "gpu_memory_of_node": mark("GPU memory"),
    "cpu_of_node": mark("CPU"),
    "memory_of_node": mark("Memory"),
    "disk_of_node": mark("Disk"),
    "image_id": mark("Image"),
    "slots": mark("No free slot"),
    "cpu": mark("CPU"),
    "memory": mark("Memory"),
    "disk": mark("Disk"),
    "gpus": mark("GPU"),
    "gpu_memory": mark("GPU memory"),
    "reserved": mark("Reserved for another task"),
    "excluded": mark("It failed there"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyClass:
    """Nodes that one rule refuses alike. `available` is that of the node that has most."""

    first: str
    names: tuple[str, ...]
    rule: str
    needed: str
    available: str
    permanent: bool

    @property
    def key(self) -> tuple[str, str, bool]:
        return self.rule, self.needed, self.permanent


def folded(rows: Sequence[WhyRow]) -> list[WhyClass]:
    """Return one row a reason: those that could help by waiting first, then those of most nodes."""
    found: dict[tuple[str, str, bool], list[WhyRow]] = {}
    for row in rows:
        found.setdefault((row.rule, row.needed, row.permanent), []).append(row)
    classes = []
    for (rule, needed, permanent), members in found.items():
        names = tuple(sorted(row.node_name for row in members))
        most = max((row.available for row in members), key=_figure)
        classes.append(
            WhyClass(first=names[0], names=names, rule=rule, needed=needed, available=most, permanent=permanent)
        )
    return sorted(classes, key=lambda each: (each.rule != "", each.permanent, -len(each.names), each.first))


def _figure(words: str) -> float:
    """Return the figure that words begin with, to compare what nodes have."""
    head = words.split(" ", 1)[0].replace(",", "")
    try:
        return float(head)
    except ValueError:
        return 0.0


def rule_words(rule: str) -> str:
    return tr(RULES[rule]) if rule in RULES else rule.replace("_", " ")


def why_columns() -> list[Column[WhyClass]]:
    return [
        Column(name="node", heading=lambda: tr("Nodes"), text=_names, width=150, strong=True, tip=_all_names),
        Column(
            name="count",
            heading=lambda: tr("No."),
            text=lambda row: figures.number(len(row.names)),
            width=46,
            right=True,
        ),
        Column(
            name="rule",
            heading=lambda: tr("Refused first by"),
            text=lambda row: rule_words(row.rule) if row.rule else tr("would take it"),
            width=130,
            tone=lambda row: "bad" if row.permanent else "text" if row.rule else "good",
        ),
        Column(name="needs", heading=lambda: tr("Needs"), text=lambda row: row.needed, width=110),
        Column(
            name="has",
            heading=lambda: tr("Has"),
            text=_has,
            width=120,
        ),
    ]


def _names(row: WhyClass) -> str:
    if len(row.names) == 1:
        return row.first
    return tr("{name} and {n} more", name=row.first, n=figures.number(len(row.names) - 1))


def _all_names(row: WhyClass) -> str:
    return ", ".join(row.names[:60]) + ("…" if len(row.names) > 60 else "")


def _has(row: WhyClass) -> str:
    if _figure(row.available) and len(row.names) > 1:
        return tr("at most {what}", what=row.available)
    return row.available
