"""What the overview says: its figures, why attempts failed, and facts as sentences."""

from __future__ import annotations

from collections.abc import Mapping

from core.desktop import figures, states
from core.desktop.translations import mark, tr
from core.desktop.widgets import Figure
from core.domain.console import FactRow, Overview

FAILURES = {
    "user": mark("program error"),
    "timeout": mark("timeout"),
    "oom": mark("out of memory"),
    "output": mark("missing output"),
    "disk": mark("disk"),
    "infra": mark("node or environment"),
    "lost": mark("lost"),
}


def fact_words(fact: FactRow) -> tuple[states.Face, str]:
    """Return how a fact is shown, and what it says."""
    name = fact.name or fact.subject[-6:]
    match fact.kind:
        case "TaskSubmitted":
            return states.TASK["QUEUED"], tr("{name} was submitted", name=name)
        case "TaskStateChanged":
            face = states.TASK[fact.state]
            return face, f"{name}: {face.text}"
        case "NodeEnrolled":
            return states.NODE["NEW"], tr("{name} has joined", name=name)
        case "NodeQuarantined":
            return states.NODE["QUARANTINE"], f"{name}: {states.NODE['QUARANTINE'].text}"
        case "NodeHealthChanged" | "NodeAdminChanged":
            face = states.NODE.get(fact.state, states.NODE["READY"])
            return face, f"{name}: {face.text}"
    return states.TASK["HELD"], f"{name}: {fact.reason}"


def say_figures(show: Mapping[str, Figure], found: Overview) -> None:
    """Fill the strip of figures."""
    total = sum(found.nodes.values())
    online = sum(
        found.nodes.get(state, 0)
        for state in (
            "READY",
            "IN_USE",
            "GPU_PAUSED",
            "SNOOZED",
            "OUTSIDE_SCHEDULE",
            "PAUSED",
            "DRAINING",
            "DRAINED",
            "QUARANTINE",
        )
    )
    away = found.nodes.get("DISCONNECTED", 0) + found.nodes.get("SUSPECT", 0)
    show["nodes"].show_value(
        figures.number(online),
        tr("of {n}", n=figures.number(total)),
        tr("{a} disconnected, {b} down", a=away, b=found.nodes.get("DOWN", 0)),
    )
    show["running"].show_value(
        figures.number(found.running), "", tr("of {n} slots", n=figures.number(found.slots))
    )
    waits = (
        tr("oldest waits {time}", time=figures.duration(found.oldest_wait_ms))
        if found.oldest_wait_ms
        else tr("nothing waits")
    )
    show["ready"].show_value(figures.number(found.ready), "", waits)
    change = found.per_minute - found.per_minute_before
    show["rate"].show_value(
        figures.number(found.per_minute, 1),
        tr("/min"),
        tr("{change} against last hour", change=("+" if change >= 0 else "−") + figures.number(abs(change), 1)),
        why=tr("Subtasks that succeeded, over the last five minutes"),
    )
    show["spend"].show_value(figures.cpt(found.spend_hour_ucpt), tr("CPT/h"), tr("paid in the last hour"))
    failed = sum(found.failures.values())
    share = failed / found.ended_hour if found.ended_hour else 0.0
    show["failures"].show_value(
        figures.number(failed),
        "",
        tr("{share} of {n} ended", share=figures.percent(share), n=figures.number(found.ended_hour)),
    )
    show["storage"].show_value(
        figures.size(found.storage_used),
        "",
        tr(
            "{free} free of {total}",
            free=figures.size(found.storage_free),
            total=figures.size(found.storage_total),
        ),
    )
