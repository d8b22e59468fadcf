"""What the command line asks a running agent: how it is, what is wrong, to dial the master now, to practise."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from core.domain.agent_views import AgentAction, AgentShown, Consent, LinkView, PracticeView
from core.domain.condition import Condition, ConditionCode, Gravity
from core.domain.errors import Conflict, NotFound
from core.domain.ledger import format_cpt
from worker_app.tray.client import AgentAway, AgentClient, find_door

#: Where the agent leaves what is wrong (`worker_app.agent.night`), for those who cannot reach its door.
_FILE: Final = "conditions.json"
#: How long a retry is watched: a dial that gets no answer takes this long to fail.
RETRY_S: Final = 20.0
#: The agent gives a practice subtask up after five minutes, and says so itself.
PRACTICE_S: Final = 330.0
_STAGES: Final = {
    "asking": "asking the master for the practice subtask",
    "waiting": "waiting for it to be offered",
    "running": "it runs here in a container",
    "settling": "it has ended; the master settles what it earned",
    "paid": "paid: {amount} CPT, from the pool's mint",
    "before": "nothing to do: the owner of this computer had their practice subtask before",
    "failed": "it did not work: {words}",
}
_PHASES: Final = {
    "none": "has joined no pool",
    "offline": "not connected",
    "connecting": "connecting",
    "syncing": "connected, comparing what runs",
    "live": "connected",
}


def conditions(folder: Path, *, as_json: bool) -> int:
    """Print what `conditions.json` of the running agent says; exit code 1 where somebody must act."""
    try:
        text = (folder / _FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise not_running("No agent of a joined node runs with this data folder.") from None
    found = [_condition(row) for row in json.loads(text)]
    print(text if as_json else told(found))
    return _exit_code(found)


def status(folder: Path, *, as_json: bool) -> int:
    """Print how the agent is: its link, its work, and what is wrong; exit code 1 where somebody must act."""
    shown = asyncio.run(look(folder))
    found = shown.troubles.rows if shown.troubles else ()
    if as_json:
        parts = {name: asdict(part) for name in ("status", "link", "troubles") if (part := getattr(shown, name))}
        print(json.dumps(parts, indent=1))
    else:
        print(described(shown))
    return _exit_code(found)


def retry_now(folder: Path) -> int:
    """Have the agent dial the master now, and say what came of it; exit code 1 when there is no link yet."""
    link = asyncio.run(retry(folder))
    print(link_words(link))
    return 0 if link.phase == "live" else 1


def join(folder: Path, link: str) -> bool:
    """Have the running agent spend a join link; False: none runs. Raises what the agent or the master says."""
    consent = asyncio.run(spend(folder, link))
    if consent is not None:
        print(f"joined pool={consent.pool_name} name={consent.node_name}")
    return consent is not None


def practise(folder: Path, *, as_json: bool) -> int:
    """Go the whole way with a practice subtask, each stage on a line; exit code 1 when it was not paid."""
    view = asyncio.run(go_the_way(folder, lambda one: print(stage_words(one), file=sys.stderr)))
    if as_json:
        print(json.dumps(asdict(view), indent=1))
    return 0 if view.stage in ("paid", "before") else 1


def not_running(message: str = "No agent runs with this data folder.") -> NotFound:
    return NotFound(message, code="AGENT_NOT_RUNNING", fix="Start it.")


# ------------------------------------------------------------ words


def described(shown: AgentShown) -> str:
    """Return a snapshot as lines."""
    status, link = shown.status, shown.link or LinkView()
    lines = []
    if status is not None:
        where = f"{status.node_name} in pool {status.pool_name}" if status.node_id else "joined no pool yet"
        lines.append(f"state     {status.state.value}, {where}")
        frozen = f", {status.frozen} frozen" if status.frozen else ""
        lines.append(f"work      {status.running} running{frozen}")
    lines.append(f"link      {link_words(link)}")
    if link.waiting_results or link.waiting_updates:
        lines.append(f"kept      {link.waiting_results} results, {link.waiting_updates} reports for the master")
    return "\n".join([*lines, "", told(shown.troubles.rows if shown.troubles else ())])


def link_words(link: LinkView) -> str:
    """Return how the link to the master is, since when, why, and when it is tried again."""
    words = _PHASES.get(link.phase, link.phase)
    if link.since_ms:
        words += f" since {_clock(link.since_ms)}"
    if link.phase in ("none", "live"):
        return words
    if link.reason:
        words += f": {link.reason}"
    if link.fix:
        words += f" {link.fix}"
    wait_s = (link.next_try_ms - time.time_ns() // 1_000_000) // 1000 if link.next_try_ms else 0
    return f"{words} Next try in {wait_s} s." if wait_s > 0 else words


def stage_words(view: PracticeView) -> str:
    """Return how far a practice subtask has come."""
    words = _STAGES.get(view.stage, view.stage)
    return words.format(amount=format_cpt(view.ucpt), words=view.words)


def told(found: Sequence[Condition]) -> str:
    """Return conditions as people read them: what, since when, at risk, next, and what to do."""
    blocks = []
    for each in found:
        since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(each.since_ms / 1000))
        lines = [f"{each.gravity:<8}{each.code}  since {since}", f"        {each.what}"]
        lines += [f"        At risk: {each.at_risk}", f"        Next: {each.next}"]
        blocks.append("\n".join([*lines, f"        {each.fix}"] if each.fix else lines))
    return "\n".join(blocks) if blocks else "Nothing is wrong."


def _clock(wall_ms: int) -> str:
    return time.strftime("%H:%M:%S UTC", time.gmtime(wall_ms / 1000))


def _condition(row: dict[str, Any]) -> Condition:
    return Condition(**{**row, "code": ConditionCode(row["code"]), "gravity": Gravity(row["gravity"])})


def _exit_code(found: Sequence[Condition]) -> int:
    return 1 if any(each.gravity is Gravity.ALERT for each in found) else 0


# ------------------------------------------------------------ asking


async def look(folder: Path) -> AgentShown:
    client = _client(folder)
    try:
        async for shown in client.watch(samples=False):
            return shown
    except AgentAway:
        raise not_running() from None
    finally:
        await client.close()
    raise not_running()


async def spend(folder: Path, link: str) -> Consent | None:
    """Have the running agent join; None: none runs."""
    door = find_door(folder)
    if door is None:
        return None
    client = AgentClient(door)
    try:
        return await client.join(link)
    except AgentAway:
        return None  # it ended without a word
    finally:
        await client.close()


async def retry(folder: Path) -> LinkView:
    """Ask, then watch until the link lives, or until this try has failed."""
    client = _client(folder)
    link = LinkView()
    try:
        await client.act(AgentAction.RETRY_NOW)
        async with asyncio.timeout(RETRY_S):
            was_tried = False
            async for shown in client.watch(samples=False):
                link = shown.link or link
                if link.phase in ("live", "none") or (was_tried and link.phase == "offline"):
                    break
                was_tried = was_tried or link.phase in ("connecting", "syncing")
    except TimeoutError:
        pass  # what is known by now is the answer
    except AgentAway:
        raise not_running() from None
    finally:
        await client.close()
    return link


async def go_the_way(folder: Path, say: Callable[[PracticeView], None]) -> PracticeView:
    """Have the agent practise, tell each stage as it comes, and return the last."""
    machine = (await look(folder)).machine
    if machine is not None and not (machine.engine_ok and machine.isolated):
        problem = machine.engine_problem or "Tasks do not run in containers here."
        raise Conflict(f"Nothing to practise with: {problem}", code="NO_CONTAINERS", fix=machine.engine_fix)
    client = _client(folder)
    view = PracticeView()
    try:
        await client.act(AgentAction.PRACTISE)
        async with asyncio.timeout(PRACTICE_S):
            async for shown in client.watch(samples=False):
                found = shown.status.practice if shown.status is not None else view
                if found.stage and found.stage != view.stage:
                    say(found)
                view = found
                if view.stage in ("paid", "before", "failed"):
                    break
    except TimeoutError:
        pass  # the last stage is the answer
    except AgentAway:
        raise not_running() from None
    finally:
        await client.close()
    return view


def _client(folder: Path) -> AgentClient:
    door = find_door(folder)
    if door is None:
        raise not_running()
    return AgentClient(door)
