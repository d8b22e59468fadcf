"""Shapes of tasks: submitting, looking, steering, why they wait."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import (
    Boolean,
    Dict,
    Float,
    Integer,
    List,
    Nested,
    String,
)
from apiflask.validators import Length, OneOf, Range

from core.domain.attempt import AttemptState, FailureClass
from core.domain.subtask import SubtaskState
from core.domain.task import HeldCode, TaskState
from master_app.web.schemas.base import Money, TimesQuery, amount, moment, one_of, page_of, text


class QuoteOut(Schema):
    low = Nested(Money, required=True)
    high = Nested(Money, required=True)
    source = text("What the run time was taken from: history or limit.", required=True)
    subtasks = Integer()
    shortest_seconds = Float(metadata={"description": "Of one subtask, which the low end is from."})
    longest_seconds = Float(metadata={"description": "Of one subtask, which the high end is from."})
    per_minute = Dict(
        keys=String(), values=Nested(Money), metadata={"description": "What one subtask reserves, by resource."}
    )


class AdviceOut(Schema):
    code = String(required=True)
    text = String(required=True)
    fix = String()
    path = String()
    line = Integer()
    add_package = String()


class CheckedOut(Schema):
    name = String(required=True)
    subtask_count = Integer(required=True)
    file_count = Integer(required=True)
    size = Integer(required=True)
    image = String(required=True)
    has_merge = Boolean(required=True)
    quote = Nested(QuoteOut, required=True)
    advice = List(Nested(AdviceOut), required=True)
    changes = List(String(), required=True)


class SubmittedOut(Schema):
    task_id = String(required=True)
    state = one_of(TaskState, required=True)
    state_reason = String()
    subtask_count = Integer(required=True)
    quote = Nested(QuoteOut, required=True)
    advice = List(Nested(AdviceOut), required=True)
    changes = List(String(), required=True)
    repeated = Boolean(required=True)
    links = Dict(keys=String(), values=String(), required=True)


class TaskOut(Schema):
    task_id = String(required=True)
    owner = String()
    name = String(required=True)
    state = one_of(TaskState, required=True)
    state_reason = String(required=True)
    state_since = moment()
    held = one_of(HeldCode, allow_none=True)
    priority = Integer()
    progress = Float(required=True)
    subtask_count = Integer(required=True)
    counts = Dict(keys=String(), values=Integer(), required=True)
    has_merge = Boolean()
    created_at = moment()
    started_at = moment()
    ended_at = moment()
    deadline_at = moment()
    expires_at = moment()
    expired = Boolean()
    cost = Nested(Money, required=True)
    hold = Nested(Money, required=True)
    max_cost = Nested(Money, allow_none=True)
    links = Dict(keys=String(), values=String(), required=True)


class TaskDetailOut(TaskOut):
    """One task by itself: a name of its own in the OpenAPI document."""


class StateOut(Schema):
    task_id = String(required=True)
    state = one_of(TaskState, required=True)


class FailureOut(Schema):
    failure_class = one_of(FailureClass, required=True, attribute="class", data_key="class")
    code = String(required=True)
    message = String(required=True)


class AttemptOut(Schema):
    attempt_id = String(required=True)
    node_id = String(required=True)
    node_name = String()
    number = Integer()
    epoch = Integer(required=True)
    state = one_of(AttemptState, required=True)
    reason = String()
    failure = Nested(FailureOut, allow_none=True)
    offered_at = moment()
    started_at = moment()
    ended_at = moment()
    exit_code = Integer(allow_none=True)
    paid = Nested(Money, allow_none=True)
    pay_reason = String()
    peak_memory_bytes = Integer()
    log_bytes = Integer()
    metrics = Dict(keys=String(), values=Float())


class SubtaskOut(Schema):
    index = Integer(required=True)
    state = one_of(SubtaskState, required=True)
    is_merge = Boolean()
    failure = Nested(FailureOut, allow_none=True)
    ready_at = moment()
    attempts = List(Nested(AttemptOut), required=True)


class EventOut(Schema):
    sequence = Integer(required=True)
    at = moment()
    kind = String(required=True)
    index = Integer(allow_none=True)
    node_id = String()
    text = String(required=True)


class RefusalOut(Schema):
    rule = String(required=True)
    needed = String(required=True)
    available = String(required=True)
    permanent = Boolean(required=True)


class VerdictOut(Schema):
    node_id = String(required=True)
    node_name = String(required=True)
    refusal = Nested(RefusalOut, allow_none=True)
    score = Dict(allow_none=True)


class SizeOut(Schema):
    field = String(required=True, validate=OneOf(["cpu_cores", "memory_gb", "disk_gb"]))
    value = Float(required=True)


class WhyOut(Schema):
    summary = String(required=True)
    impossible = Boolean(required=True)
    cheapest_change = String(required=True)
    change = Nested(
        SizeOut,
        required=True,
        allow_none=True,
        metadata={"description": "The same as what PATCH of the task takes, where it takes it; else null."},
    )
    nodes = List(Nested(VerdictOut), required=True)


class CancelIn(Schema):
    reason = String(load_default="", validate=Length(max=200))


class TaskChangeIn(Schema):
    priority = Integer(validate=Range(0, 100))
    max_credits = amount()
    cpu_cores = Float(validate=Range(0.05, 1024))
    memory_gb = Float(validate=Range(0.0625, 8192))
    disk_gb = Float(validate=Range(0.01, 65536))
    gpus = Integer(validate=Range(0, 64))
    timeout_seconds = Integer(validate=Range(0, 30 * 86_400))


class RetryIn(Schema):
    mode = String(load_default="failed", validate=OneOf(["failed", "all"]))
    all = Boolean(load_default=False, metadata={"description": "The same as mode=all."})


TaskPage = page_of(TaskOut)


SubtaskPage = page_of(SubtaskOut)


EventPage = page_of(EventOut)


class TasksQuery(TimesQuery):
    state = text("One or more task states, separated by commas.", load_default="", validate=Length(max=200))
    name = text("Part of a task's name.", load_default="", validate=Length(max=200))


class WaitQuery(Schema):
    wait = Float(
        load_default=0.0,
        validate=Range(0, 60),
        metadata={"description": "Hold the answer until the task ends or this many seconds passed."},
    )


class EventsQuery(Schema):
    after = Integer(load_default=0, validate=Range(0, 2**62))
    limit = Integer(load_default=100, validate=Range(1, 500))
