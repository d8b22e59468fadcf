"""Why a task waits, with nodes that refuse for the same reason folded into one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.desktop import figures
from core.desktop.tables import Column
from core.desktop.translations import tr
from core.domain.console import WhyRow
from master_app.console.models.rules import rule_words
from master_app.console.models.sentences import said


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


def why_columns() -> list[Column[WhyClass]]:
    return [
        Column(name="node", heading=lambda: tr("Nodes"), text=_names, width=112, strong=True, tip=_all_names),
        Column(
            name="count",
            heading=lambda: tr("No."),
            text=lambda row: figures.number(len(row.names)),
            width=40,
            right=True,
        ),
        Column(
            name="rule",
            heading=lambda: tr("Refused first by"),
            text=lambda row: rule_words(row.rule) if row.rule else tr("would take it"),
            width=106,
            tone=lambda row: "bad" if row.permanent else "text" if row.rule else "good",
        ),
        Column(name="needs", heading=lambda: tr("Needs"), text=lambda row: said(row.needed), width=88),
        Column(
            name="has",
            heading=lambda: tr("Has"),
            text=_has,
            width=90,
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
        return tr("at most {what}", what=said(row.available))
    return said(row.available)
