"""What an agent shows of itself on its local door: rows and figures, as faces get them. Shapes without behaviour.

A sentence is a `Line`: a code and its values. Values carry their unit in their name (`_ms` a wall clock time, `_s`
a duration, `_ucpt` money, `_bytes`, `_percent`), so that a face can word and format it in any language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.domain.condition import Condition
from core.domain.lending import LendingRules, Situation, Switch
from core.domain.resources import Resources


class TrayState(StrEnum):
    """The one word for what the agent does; each has an icon."""

    WORKING = "working"
    READY = "ready"
    PAUSED = "paused"
    SCHEDULE = "schedule"
    OFFLINE = "offline"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A sentence: `code` names it, `values` fill it."""

    code: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


class SetupStep(StrEnum):
    """How far the first start has come."""

    JOIN = "join"
    CONSENT = "consent"
    DOCTOR = "doctor"
    RULES = "rules"
    PRACTICE = "practice"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeView:
    """How far the practice subtask has come; see worker_app.agent.practising for the stages. Empty: not begun."""

    stage: str = ""
    task_id: str = ""
    attempt_id: str = ""
    #: What it earned: posted when paid, by its own ticks before that.
    ucpt: int = 0
    #: Of a failure.
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStatus:
    state: TrayState = TrayState.OFFLINE
    #: What it does and because of what; what comes next.
    now: Line = field(default_factory=Line)
    then: Line = field(default_factory=Line)
    setup: SetupStep = SetupStep.JOIN
    switch: Switch = field(default_factory=Switch)
    #: finish, give_back, or empty.
    quitting: str = ""
    preset: str = ""
    changed: int = 0
    situation: Situation = Situation.AWAY
    pool_name: str = ""
    node_name: str = ""
    node_id: str = ""
    version: str = ""
    started_ms: int = 0
    running: int = 0
    frozen: int = 0
    frozen_bytes: int = 0
    today_posted_ucpt: int = 0
    pending_ucpt: int = 0
    #: Seconds until all that runs is done, by its own progress; negative: not known yet.
    rest_s: int = -1
    has_gpu: bool = False
    gpu_allowed: bool = False
    #: Notice of the master, in its words.
    notice: str = ""
    practice: PracticeView = field(default_factory=PracticeView)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """The way to the master."""

    #: offline, connecting, syncing, live, none (not joined).
    phase: str = "none"
    since_ms: int = 0
    next_try_ms: int = 0
    tries: tuple[int, ...] = ()
    code: str = ""
    reason: str = ""
    fix: str = ""
    address: str = ""
    fingerprint: str = ""
    protocol: int = 0
    #: Negative: not known yet.
    latency_ms: int = -1
    certificate_until_ms: int = 0
    last_contact_ms: int = 0
    #: When running work stops by itself without the master; 0: nothing runs.
    work_until_ms: int = 0
    waiting_updates: int = 0
    waiting_since_ms: int = 0
    waiting_results: int = 0
    waiting_bytes: int = 0
    #: The end of the last time without master, for the story of it.
    back_since_ms: int = 0
    away_since_ms: int = 0
    #: The master turns this computer away, and only a person mends that; `reason` and `fix` are its words.
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerView:
    """One attempt that this computer holds, with its container."""

    attempt_id: str
    task_id: str = ""
    task_name: str = ""
    index: int = 0
    count: int = 1
    attempt_number: int = 1
    owner_id: str = ""
    owner_name: str = ""
    state: str = ""
    phase: str = ""
    #: Negative: not reported.
    percent: float = -1.0
    status: str = ""
    rest_s: int = -1
    image: str = ""
    digest: str = ""
    container: str = ""
    slot: int = -1
    slots: int = 0
    started_ms: int = 0
    deadline_ms: int = 0
    resources: Resources = field(default_factory=Resources)
    #: Share of the reservation; negative: not known yet.
    cpu_percent: float = -1.0
    memory_bytes: int = -1
    disk_bytes: int = -1
    gpu_percent: float = -1.0
    gpu_memory_bytes: int = -1
    network: str = "none"
    network_bytes: int = 0
    isolated: bool = True
    #: throttled, frozen or empty.
    yielding: str = ""
    pending_ucpt: int = 0
    rate_ucpt: int = 0
    paid: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Containers:
    rows: tuple[ContainerView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """One rule on the way to running work: whether it lets it, with need and have in the same unit."""

    rule: str
    #: passes, refuses, unknown.
    verdict: str = "passes"
    need: Line = field(default_factory=Line)
    have: Line = field(default_factory=Line)
    #: What would change it, cheapest first; a face shows each as a button.
    changes: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of the schedule ahead."""

    from_ms: int
    to_ms: int
    cell: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyView:
    """Whether work would run now, and because of what: the agent's own rules, in their order."""

    runs: bool = False
    line: Line = field(default_factory=Line)
    then: Line = field(default_factory=Line)
    rows: tuple[RuleRow, ...] = ()
    #: When the first refusing rule ends by itself; 0: it cannot be said.
    resolves_ms: int = 0
    #: Of that rule: how far, of how much.
    done_s: float = 0.0
    need_s: float = 0.0
    idle_source: str = ""
    situation: Situation = Situation.AWAY
    ahead: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One reading. Negative: that reading failed alone."""

    at_ms: int = 0
    host_cpu: float = -1.0
    host_memory: float = -1.0
    host_gpu: float = -1.0
    task_cpu: float = -1.0
    task_memory: float = -1.0
    task_gpu: float = -1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineView:
    """What does not change from second to second."""

    host_name: str = ""
    cores: int = 0
    memory_bytes: int = 0
    gpus: tuple[str, ...] = ()
    gpu_memory_bytes: int = 0
    engine: str = ""
    engine_ok: bool = False
    engine_problem: str = ""
    engine_fix: str = ""
    isolated: bool = True
    disk_free_bytes: int = 0
    disk_used_bytes: int = 0
    #: Limits of all slots together, as they hold now.
    limit_cpu_millis: int = 0
    limit_memory_bytes: int = 0
    temperature_c: float = -1.0
    temperature_source: str = ""
    idle_source: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """What ran last, for when nothing runs."""

    attempt_id: str = ""
    task_name: str = ""
    index: int = 0
    state: str = ""
    ended_ms: int = 0
    ran_ms: int = 0
    ucpt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubles:
    """What is wrong with this node now, the gravest first."""

    rows: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentShown:
    """A snapshot, or of a delta the parts that changed; None: as before."""

    status: AgentStatus | None = None
    link: LinkView | None = None
    containers: Containers | None = None
    why: WhyView | None = None
    machine: MachineView | None = None
    sample: Sample | None = None
    last: LastRun | None = None
    troubles: Troubles | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One fact of the doctor: passed, needs_person, unknown, waits."""

    name: str
    group: str = "engine"
    result: str = "waits"
    line: Line = field(default_factory=Line)
    #: What it said, as it said it: for the log and for diagnostics.
    words: str = ""
    fix: Line = field(default_factory=Line)
    command: str = ""
    needed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the person agrees to when joining."""

    pool_name: str = ""
    address: str = ""
    fingerprint: str = ""
    node_name: str = ""
    owner_name: str = ""
    operator: str = ""
    #: The value of SignUp; empty: the pool does not say.
    sign_up: str = ""
    pending: bool = False
    sent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    at_ms: int
    #: out, err, or the level of the agent's own log.
    stream: str
    text: str


class AgentAction(StrEnum):
    """What a face may ask of an agent without more than a number or a name."""

    LEND_ON = "lend_on"
    LEND_OFF = "lend_off"
    #: `seconds`; UNTIL_RESUMED: no end.
    PAUSE = "pause"
    PAUSE_LONGER = "pause_longer"
    RESUME = "resume"
    PAUSE_GPU = "pause_gpu"
    RESUME_GPU = "resume_gpu"
    FINISH_THEN_PAUSE = "finish_then_pause"
    START_NOW = "start_now"
    #: `attempt_id`.
    STOP_TASK = "stop_task"
    BLOCK_OWNER = "block_owner"
    #: `owner_id`.
    UNBLOCK_OWNER = "unblock_owner"
    RELEASE_FROZEN = "release_frozen"
    RETRY_NOW = "retry_now"
    CONSENT = "consent"
    DOCTOR_DONE = "doctor_done"
    RULES_DONE = "rules_done"
    PRACTISE = "practise"
    PRACTICE_DONE = "practice_done"
    LEAVE = "leave"
    QUIT_FINISH = "quit_finish"
    QUIT_GIVE_BACK = "quit_give_back"
    STAY = "stay"
    #: The person's session ends: as at a shutdown, work is given back.
    SYSTEM_ENDS = "system_ends"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One stretch of the way to the master: ok, failed, unknown."""

    name: str
    result: str = "unknown"
    milliseconds: int = -1
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesShown:
    rules: LendingRules
    #: False: never set here; the agent lends always, within its settings file.
    is_set: bool = False
    presets: tuple[LendingRules, ...] = ()
    owners_blocked: Mapping[str, str] = field(default_factory=dict)
    time_zone: str = ""
    clock_ms: int = 0
    #: Names by id of whose tasks this computer has met, and of its own owner: whom a list can name.
    owners_known: Mapping[str, str] = field(default_factory=dict)
