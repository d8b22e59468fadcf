"""An agent that shows one scene of a worker and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from core.domain.agent_views import (
    AgentAction,
    AgentShown,
    Check,
    Consent,
    Hop,
    LogLine,
    RulesShown,
    Sample,
    WhyView,
)
from core.domain.earning_views import Earnings, Explained
from core.domain.lending import LendingRules, Preset, preset_rules
from tests.support.worker_records import (
    AGENT_LOG,
    CHECKS,
    CONSENT,
    GOOD_HOPS,
    LOG,
    NOW,
    earnings,
    explained,
    samples,
)
from tests.support.worker_scenes import BALANCED, WEEK, why


@dataclass
class SceneClient:
    """An agent that shows one scene and remembers what it was asked."""

    shown: AgentShown
    rules_now: LendingRules = field(default_factory=lambda: replace(BALANCED, week=WEEK))
    asked: list[tuple[AgentAction, int, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    hops: tuple[Hop, ...] = GOOD_HOPS
    found: Earnings = field(default_factory=earnings)
    error: Exception | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def watch(self, *, samples: bool) -> AsyncIterator[AgentShown]:
        while True:
            yield self.shown if samples else replace(self.shown, sample=None)
            self.changed.clear()
            await self.changed.wait()

    async def examine(self) -> AsyncIterator[Check]:
        for check in CHECKS:
            yield check

    async def act(
        self, action: AgentAction, *, seconds: int = 0, attempt_id: str = "", owner_id: str = ""
    ) -> None:
        self.asked.append((action, seconds, attempt_id or owner_id))
        if self.error is not None:
            raise self.error

    async def rules(self) -> RulesShown:
        presets = tuple(preset_rules(preset, cores=16, memory_gb=32) for preset in Preset)
        return RulesShown(
            rules=self.rules_now,
            is_set=True,
            presets=presets,
            time_zone="UTC",
            clock_ms=NOW,
            owners_known={"u-me": "wenhan", "u-mei": "mei"},
        )

    async def try_rules(self, rules: LendingRules) -> WhyView:
        return why(runs=rules.week == "f" * 168)

    async def set_rules(self, rules: LendingRules) -> RulesShown:
        self.rules_now = rules
        return await self.rules()

    async def join(self, link: str) -> Consent:
        self.links.append(link)
        if self.error is not None:
            raise self.error
        return CONSENT

    async def consent(self) -> Consent:
        return CONSENT

    async def log(self, attempt_id: str = "", limit: int = 2000) -> tuple[tuple[LogLine, ...], int]:
        return (LOG, 1284) if attempt_id else (AGENT_LOG, len(AGENT_LOG))

    async def earnings(self, *, days: int, day: str = "", cursor: str = "", limit: int = 100) -> Earnings:
        return self.found

    async def explain(self, attempt_id: str) -> Explained:
        return explained()

    async def history(self, span_s: int) -> tuple[tuple[Sample, ...], int]:
        return samples(span_s if span_s <= 600 else 600), 1

    async def trace(self) -> tuple[tuple[Hop, ...], int]:
        return self.hops, NOW

    async def close(self) -> None:
        return None
