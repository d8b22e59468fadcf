"""What is wrong with this node, as conditions in words: made from what the agent knows, by a pure function."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from core.domain.condition import Condition, ConditionCode, Gravity
from core.memory import Memory
from worker_app.agent.attempts import FENCED
from worker_app.agent.probe import FILES_LEFT, LOW_FILES
from worker_app.agent.state import AgentState

#: A connection that comes back within this is no news.
AWAY_SHOWN_MS: Final = 15_000
#: How long people are told that this machine slept, or that its clock was set.
PAST_SHOWN_MS: Final = 15 * 60_000
SCARCE_BYTES: Final = 256 << 20
PLENTY: Final = Memory(total_bytes=1 << 40, available_bytes=1 << 40)
_REJOIN: Final = "Paste a new join link here, or run worker_app join LINK; that is all."


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """What was measured of this computer, and both clocks now."""

    now_ms: int
    wall_ms: int
    free_bytes: int = 1 << 40
    #: -1: this disk does not count files.
    free_files: int = -1
    memory: Memory = PLENTY
    #: How the wall clock was set last, and when (steady clock); 0: not since the start.
    jump_ms: int = 0
    jumped_at_ms: int = 0
    #: Why this computer may sleep although its owner wants it awake while it works.
    awake_problem: str = ""


def troubles(state: AgentState, seen: Surveyed) -> list[Condition]:
    """Return everything that is wrong now."""
    return [
        *_master(state, seen),
        *_engine(state),
        *_disk(state, seen),
        *_memory(seen),
        *_past(state, seen),
        *_awake(seen),
    ]


def _master(state: AgentState, seen: Surveyed) -> list[Condition]:
    connection = state.connection
    since_ms = connection.away_since_ms
    if not since_ms or (seen.now_ms - since_ms < AWAY_SHOWN_MS and not connection.is_final):
        return []
    since_wall_ms = seen.wall_ms - (seen.now_ms - since_ms)
    if connection.is_final:
        return [
            Condition(
                code=ConditionCode.MASTER_REFUSES,
                gravity=Gravity.ALERT,
                since_ms=since_wall_ms,
                what=f"The master turns this computer away: {_without_code(connection.reason)}",
                at_risk="New work, and results that the master does not have yet; they are kept here for 7 days.",
                next="It is tried again about once a minute.",
                fix=f"{connection.fix} {_REJOIN}",
            )
        ]
    live = [held for held in state.work.held.values() if held.step in FENCED]
    wait_s = max(0, connection.due_ms - seen.now_ms) // 1000
    at_risk, next_words = (
        "Nothing: no work is here.",
        f"The next try is in {wait_s} s, or as soon as a network comes.",
    )
    if live:
        last_ms = min(held.deadline_ms for held in live)
        until = _clock(seen.wall_ms + max(0, last_ms - seen.now_ms))
        at_risk = (
            f"{len(live)} attempts run on until {until}; if it is not back by then they stop and run elsewhere."
        )
    elif state.pending.outgoing or state.work.held:
        at_risk = "Nothing: results are kept here until the master has them."
    return [
        Condition(
            code=ConditionCode.MASTER_AWAY,
            since_ms=since_wall_ms,
            what=f"The master cannot be reached since {_clock(since_wall_ms)}: {connection.reason}",
            at_risk=at_risk,
            next=next_words,
            fix="Look whether this computer has a network, and whether the master runs.",
        )
    ]


def _engine(state: AgentState) -> list[Condition]:
    facts = state.work.facts
    if facts.engine_ok:
        return []
    waiting = len(state.work.queue)
    return [
        Condition(
            code=ConditionCode.ENGINE_AWAY,
            gravity=Gravity.ALERT,
            what=f"The container engine does not answer: {facts.engine_problem or 'it is not there'}.",
            at_risk=f"What ran in it; it is given back without a charge. {waiting} attempts wait for it."
            if waiting
            else "What ran in it; it is given back without a charge.",
            next="It is looked for every 10 s, and work goes on as soon as it answers.",
            fix="Start Docker (on Windows and macOS: Docker Desktop).",
        )
    ]


def _disk(state: AgentState, seen: Surveyed) -> list[Condition]:
    found = []
    # Without places for files it may have bytes enough, and then these are not what is said.
    if not state.work.facts.disk_ok and (seen.free_bytes < SCARCE_BYTES or not 0 <= seen.free_files < FILES_LEFT):
        found.append(
            Condition(
                code=ConditionCode.DISK_FULL,
                gravity=Gravity.ALERT,
                what=f"The disk with the data folder has only {seen.free_bytes >> 20:,} MiB left.",
                at_risk="Nothing that is done; its results are kept until the master has them.",
                next="No new work is taken until there is room.",
                fix="Free space, or lower disk_reserve_gb.",
            )
        )
    if 0 <= seen.free_files < LOW_FILES:
        found.append(
            Condition(
                code=ConditionCode.INODES_LOW,
                gravity=Gravity.ALERT,
                what=f"The disk with the data folder can hold only {seen.free_files} more files, whatever their "
                "size.",
                at_risk="Files of new work and results.",
                next="No new work is taken once less than 1,000 are left; it goes on when files were removed.",
                fix="Remove files from this disk.",
            )
        )
    if state.write_problem:
        found.append(
            Condition(
                code=ConditionCode.OUTBOX_STUCK,
                gravity=Gravity.ALERT,
                what=f"The agent cannot write its database: {state.write_problem}",
                at_risk="Nothing yet: nothing is said to the master before it is kept here.",
                next="It is tried again every second; no new work begins meanwhile.",
                fix="Free space on the disk with the data folder.",
            )
        )
    return found


def _memory(seen: Surveyed) -> list[Condition]:
    if not seen.memory.is_low:
        return []
    return [
        Condition(
            code=ConditionCode.MEMORY_LOW,
            what=f"This computer has {seen.memory.available_bytes >> 20:,} MiB of memory left.",
            at_risk="Running attempts: the system ends programs when none is left. They would be tried again.",
            next="Work goes on as long as it can.",
            fix="End other programs, or lower memory_gb.",
        )
    ]


def _past(state: AgentState, seen: Surveyed) -> list[Condition]:
    found = []
    asleep_ms, awoke_ms = state.talk.slept
    if awoke_ms and seen.now_ms - awoke_ms < PAST_SHOWN_MS:
        found.append(
            Condition(
                code=ConditionCode.SLEPT,
                subject=str(awoke_ms),
                gravity=Gravity.NOTICE,
                since_ms=seen.wall_ms - (seen.now_ms - awoke_ms),
                what=f"This computer slept for {(awoke_ms - asleep_ms) // 1000:,} s.",
                at_risk="Work whose time at the master ended meanwhile was stopped and runs elsewhere; the rest "
                "went on.",
                next="Nothing; this note goes after 15 minutes.",
                fix="To keep it awake while it works, set keep_awake = true.",
            )
        )
    if seen.jumped_at_ms and seen.now_ms - seen.jumped_at_ms < PAST_SHOWN_MS:
        found.append(
            Condition(
                code=ConditionCode.CLOCK_JUMPED,
                subject=str(seen.jumped_at_ms),
                gravity=Gravity.NOTICE,
                since_ms=seen.wall_ms - (seen.now_ms - seen.jumped_at_ms),
                what=f"The clock of this computer was set forward by {seen.jump_ms // 1000:,} s."
                if seen.jump_ms > 0
                else f"The clock of this computer was set back by {-seen.jump_ms // 1000:,} s.",
                at_risk="Times in records around it. Leases and running work are not affected.",
                next="Nothing; this note goes after 15 minutes.",
            )
        )
    return found


def _awake(seen: Surveyed) -> list[Condition]:
    if not seen.awake_problem:
        return []
    return [
        Condition(
            code=ConditionCode.MAY_SLEEP,
            gravity=Gravity.NOTICE,
            what=f"This computer may sleep while it works. {seen.awake_problem}",
            at_risk="Work that is running when it sleeps longer than its lease; it runs elsewhere then.",
            next="It is asked again with the next work.",
            fix="Start the worker in your desktop session, or switch off automatic sleep in the system's "
            "settings.",
        )
    ]


def _without_code(reason: str) -> str:
    code, _, words = reason.partition(": ")
    return words if words and code.isupper() else reason


def _clock(wall_ms: int) -> str:
    return time.strftime("%H:%M:%S UTC", time.gmtime(wall_ms / 1000))
