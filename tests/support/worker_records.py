"""What a worker would have recorded, for pictures and tests: samples, logs, earnings, checks. Invented."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

from core.domain.agent_views import Check, Consent, Hop, Line, LogLine, Sample
from core.domain.earning_views import EarningDay, EarningRow, Earnings, Explained
from core.domain.resources import GIB, Resources
from core.domain.rewards import DEFAULT_RULE, Tick, meter

#: Monday 23 November 2026, 14:32 UTC.
NOW = 1_795_444_320_000
MINUTE = 60_000
RESERVED = Resources(cpu_millis=4000, memory_bytes=8 * GIB, disk_bytes=20 * GIB, gpus=1, gpu_memory_bytes=12 * GIB)


def samples(seconds: int = 600) -> tuple[Sample, ...]:
    """Return a lively ten minutes with a gap in it."""
    found = []
    for second in range(seconds):
        if 260 <= second < 320:
            continue
        wave = math.sin(second / 7) + math.sin(second / 3.1) / 2
        gpu = 88 + wave * 3 if second % 220 > 30 else 40 + wave * 8
        found.append(
            Sample(
                at_ms=NOW - (seconds - second) * 1000,
                host_cpu=28 + wave * 3,
                host_memory=(13.9 + wave / 8) * GIB,
                host_gpu=gpu + 3,
                task_cpu=21 + wave * 2,
                task_memory=(5.1 + wave / 20) * GIB,
                task_gpu=gpu,
            )
        )
    return tuple(found)


LOG = tuple(
    LogLine(at_ms=NOW - back * 1000, stream=stream, text=text)
    for back, stream, text in (
        (33, "out", "Fra:1236 Mem:4.91G | Sample 192/256 | Remaining 00:02.1"),
        (30, "out", "Saved: out/yushan_1236.exr"),
        (27, "err", "Warning: texture cache full, 18 tiles dropped to lower resolution"),
        (22, "out", "Saved: out/yushan_1238.exr"),
        (18, "out", "Fra:1240 Mem:5.02G | Sample 64/256 | Remaining 00:05.8"),
    )
)
AGENT_LOG = tuple(
    LogLine(at_ms=NOW - back * 1000, stream=stream, text=text)
    for back, stream, text in (
        (5400, "info", "connected node=desk master=hive.taipei-makers.example:50051"),
        (5399, "info", "the owner's rules say owner=AVAILABLE reason="),
        (860, "info", "an attempt was accepted attempt_id=01HRENDER41"),
        (300, "warning", "a measurement took too long and was given up"),
        (12, "info", "the owner asked action=retry_now"),
    )
)
TICKS = tuple(
    Tick(duration_ms=30_000, cpu_percent=cpu, memory_percent=memory, gpu_percent=84.0)
    for cpu, memory in [
        (45, 50),
        (50, 51),
        (40, 44),
        *[(82, 60), (70, 60), (66, 58)] * 6,
        (95, 88),
        (96, 86),
        (60, 40),
    ]
)


def explained() -> Explained:
    of = meter(RESERVED, DEFAULT_RULE)
    tenths = tuple(of.tenths(round(t.cpu_percent * 100), round(t.memory_percent * 100)) for t in TICKS)
    spans: dict[str, int] = {}
    for tick, ten in zip(TICKS, tenths, strict=True):
        spans[str(ten)] = spans.get(str(ten), 0) + tick.duration_ms
    whole = of.ticks_ucpt(TICKS)
    plain = of.ticks_ucpt([replace(tick, gpu_percent=0.0) for tick in TICKS])
    return Explained(
        row=earnings().rows[1],
        ticks=TICKS,
        tenths=tenths,
        rule_version=1,
        cpu_ucpt=100_000,
        memory_ucpt=25_000,
        gpu_ucpt=400_000,
        bonus_ucpt=100_000,
        spans=spans,
        base_minute_ucpt=1_000_000,
        multiplied_ucpt=plain,
        gpu_bonus_ucpt=whole - plain,
        gpu_percent=84.0,
        computed_ucpt=whole,
        posted_ucpt=whole,
        receipt=164,
    )


def earned(
    back: int, name: str, index: int, money: str, ucpt: int, reason: str = "PAID", ran: int = 12
) -> EarningRow:
    plain = replace(RESERVED, gpus=0, gpu_memory_bytes=0, cpu_millis=2000, memory_bytes=4 * GIB)
    return EarningRow(
        attempt_id=f"01H{name}{index}",
        task_name=name,
        index=index - 1,
        owner_name="mei-ling.hsu",
        state="RUNNING" if money == "running" else "SUCCEEDED",
        money=money,
        reason=reason,
        started_ms=NOW - (back + ran) * MINUTE,
        ended_ms=0 if money == "running" else NOW - back * MINUTE,
        ran_ms=ran * MINUTE,
        resources=RESERVED if name == "render-yushan" else plain,
        ucpt=ucpt,
    )


def thirty_days() -> tuple[EarningDay, ...]:
    heights = [
        15,
        33,
        32,
        19,
        27,
        24,
        11,
        7,
        21,
        25,
        21,
        6,
        18,
        7,
        13,
        24,
        0,
        0,
        23,
        19,
        14,
        12,
        28,
        27,
        33,
        24,
        30,
        9,
        11,
    ]
    days = []
    for place, height in enumerate(heights):
        day = NOW - (len(heights) - place) * 86_400_000
        name = datetime.fromtimestamp(day / 1000, UTC).strftime("%Y-%m-%d")
        days.append(EarningDay(day=name, posted_ucpt=height * 1_000_000, why="" if height else "paused"))
    days.append(EarningDay(day="2026-11-23", posted_ucpt=32_730_000))
    return tuple(days)


def earnings() -> Earnings:
    rows = (
        earned(0, "render-yushan", 82, "running", 12_226_500, ran=9),
        earned(34, "render-yushan", 77, "posted", 15_108_000),
        earned(61, "protein-fold-s2", 214, "posted", 7_272_000, ran=20),
        earned(90, "protein-fold-s2", 205, "posted", 2_550_000, "PAID_TO_CHECKPOINT"),
        earned(112, "tidal-grid", 12, "unpaid", 0, "NOT_METERED"),
        earned(420, "tidal-grid", 9, "posted", 7_800_000, ran=26),
        earned(455, "tidal-grid", 4, "unpaid", 0, "FAILED_INFRA"),
        earned(470, "tidal-grid", 3, "pending", 900_000),
    )
    return Earnings(
        today_ucpt=32_730_000,
        yesterday_ucpt=8_440_000,
        week_ucpt=169_567_000,
        month_ucpt=574_516_000,
        all_ucpt=987_120_000,
        pending_ucpt=12_226_500,
        receipts=164,
        since_ms=NOW - 82 * 86_400_000,
        days_paused=2,
        days=thirty_days(),
        rows=rows,
        total=164,
        forecast_low_ucpt=110_000_000,
        forecast_high_ucpt=170_000_000,
        forecast_days=28,
    )


CHECKS = (
    Check(name="installed", result="passed", line=Line(code="installed_ok", values={"words": "/usr/bin/docker"})),
    Check(
        name="permission",
        result="needs_person",
        line=Line(code="permission_bad", values={"words": "/var/run/docker.sock"}),
        fix=Line(code="fix_permission"),
        command="sudo usermod -aG docker $USER",
    ),
    Check(name="engine", line=Line(code="waits_engine")),
    Check(name="container", line=Line(code="waits_container")),
    Check(
        name="network",
        group="computer",
        result="passed",
        line=Line(code="network_ok", values={"words": "hive.taipei-makers.example:50051, 14 ms"}),
    ),
    Check(
        name="clock",
        group="computer",
        result="passed",
        line=Line(code="clock_ok", values={"words": "2026-11-23T14:32:00Z"}),
    ),
    Check(
        name="disk", group="computer", result="passed", line=Line(code="disk_ok", values={"words": "412 GiB free"})
    ),
    Check(
        name="gpu",
        group="computer",
        result="unknown",
        needed=False,
        line=Line(code="gpu_waits", values={"words": "GeForce RTX 4070 SUPER (12 GB)"}),
    ),
)
CONSENT = Consent(
    pool_name="Taipei Makers Pool",
    address="hive.taipei-makers.example:50051",
    fingerprint="7b2e91c40df85a36e1b74c09aa5238dd" * 2,
    node_name="desk",
    owner_name="wenhan.chen",
    operator="Lin Yu-Chen",
    sign_up="invite",
    sent='{"host_name": "desk", "cores": 16}',
)
HOPS = (
    Hop(name="computer", result="ok", words="enp3s0"),
    Hop(name="name", result="ok", milliseconds=8, words="hive.taipei-makers.example"),
    Hop(name="master", result="failed", milliseconds=10_000, words="timeout"),
)
GOOD_HOPS = (HOPS[0], HOPS[1], Hop(name="master", result="ok", milliseconds=14))
