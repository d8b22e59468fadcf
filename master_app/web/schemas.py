"""The JSON of the API as schemas: what is checked on the way in, and what the OpenAPI document says."""

from __future__ import annotations

from typing import Any

from apiflask import Schema
from apiflask.fields import (
    Boolean,
    Dict,
    Field,
    Float,
    Integer,
    List,
    Nested,
    Raw,
    String,
)
from apiflask.validators import Length, OneOf, Range

from core.domain.attempt import AttemptState, FailureClass
from core.domain.node import NodeAdmin
from core.domain.subtask import SubtaskState
from core.domain.task import HeldCode, TaskState
from core.domain.user import Role, Scope, SignUp, UserState


def _text(description: str = "", **more: Any) -> String:
    return String(metadata={"description": description} if description else {}, **more)


def _moment() -> String:
    return String(allow_none=True, metadata={"format": "date-time"})


def _one_of(values: Any, **more: Any) -> String:
    return String(validate=OneOf([each.value for each in values]), **more)


def _amount(**more: Any) -> Raw:
    return Raw(
        metadata={
            "description": "CPT as text with at most 6 decimals, a whole number of CPT, or an object with `ucpt`.",
            "oneOf": [
                {"type": "string", "example": "12.5"},
                {"type": "integer"},
                {"type": "object", "properties": {"ucpt": {"type": "integer"}}, "required": ["ucpt"]},
            ],
        },
        **more,
    )


class Money(Schema):
    ucpt = Integer(required=True, metadata={"description": "Millionths of a CPT, exact."})
    cpt = String(required=True, metadata={"description": "The same in CPT, as text.", "example": "12.5"})


class ProblemItem(Schema):
    code = String(required=True)
    key = String()
    line = Integer(allow_none=True)
    reason = String(required=True)
    fix = String()


class QuotaProblem(Schema):
    name = String(required=True)
    bound = Integer(required=True)
    used = Integer(required=True)
    wanted = Integer(required=True)


class ProblemDocument(Schema):
    """RFC 9457."""

    type = String(required=True)
    title = String(required=True)
    status = Integer(required=True)
    detail = String(required=True)
    code = String(required=True, metadata={"description": "Stable; what programs look at."})
    fix = String()
    instance = String()
    request_id = String()
    problems = List(Nested(ProblemItem))
    quota = Nested(QuotaProblem, metadata={"description": "Of QUOTA_... codes: which, its bound, what is used."})


class RegisterIn(Schema):
    username = String(required=True, validate=Length(1, 80))
    password = String(required=True, validate=Length(1, 1024))
    invite = String(load_default="", validate=Length(max=200))
    language = String(load_default="", validate=Length(max=20))


class RegisteredOut(Schema):
    user_id = String(required=True)
    username = String(required=True)
    roles = List(String(), required=True)
    balance = Nested(Money, required=True)


class LoginIn(Schema):
    username = _text("Left out with a one-use link.", load_default="", validate=Length(max=80))
    password = String(required=True, validate=Length(1, 1024))
    link = _text(
        "A one-use login: signs in once and sets `password` as the new one.",
        load_default="",
        validate=Length(max=300),
    )


class UserOut(Schema):
    username = String(required=True)
    roles = List(String(), required=True)
    balance = Nested(Money, required=True)


class LoginOut(Schema):
    access_token = String(required=True)
    token_type = String(required=True, validate=OneOf(["bearer"]))
    expires_at = _moment()
    user = Nested(UserOut, required=True)


class MeOut(Schema):
    user_id = String(required=True)
    username = String(required=True)
    roles = List(String(), required=True)
    scopes = List(String(), required=True)


class PasswordIn(Schema):
    old_password = String(required=True, validate=Length(1, 1024))
    new_password = String(required=True, validate=Length(1, 1024))


class TokenIn(Schema):
    name = String(required=True, validate=Length(1, 80))
    scopes = List(_one_of(Scope), required=True, validate=Length(1, 20))
    expires_days = Integer(load_default=90, validate=Range(1, 366))


class TokenOut(Schema):
    token_id = String(required=True)
    kind = String(required=True)
    name = String(required=True)
    scopes = List(String(), required=True)
    created_at = _moment()
    expires_at = _moment()
    last_used_at = _moment()
    origin = String()
    user_agent = String()
    current = Boolean()


class TokenMadeOut(Schema):
    token_id = String(required=True)
    token = _text("Shown now and never again.", required=True)
    name = String(required=True)
    scopes = List(String(), required=True)
    expires_at = _moment()


class QuoteOut(Schema):
    low = Nested(Money, required=True)
    high = Nested(Money, required=True)
    source = _text("What the run time was taken from: history or limit.", required=True)


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
    state = _one_of(TaskState, required=True)
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
    state = _one_of(TaskState, required=True)
    state_reason = String(required=True)
    state_since = _moment()
    held = _one_of(HeldCode, allow_none=True)
    priority = Integer()
    progress = Float(required=True)
    subtask_count = Integer(required=True)
    counts = Dict(keys=String(), values=Integer(), required=True)
    has_merge = Boolean()
    created_at = _moment()
    started_at = _moment()
    ended_at = _moment()
    deadline_at = _moment()
    expires_at = _moment()
    expired = Boolean()
    cost = Nested(Money, required=True)
    hold = Nested(Money, required=True)
    max_cost = Nested(Money, allow_none=True)
    links = Dict(keys=String(), values=String(), required=True)


class TaskDetailOut(TaskOut):
    """One task by itself: a name of its own in the OpenAPI document."""


class StateOut(Schema):
    task_id = String(required=True)
    state = _one_of(TaskState, required=True)


class FailureOut(Schema):
    failure_class = _one_of(FailureClass, required=True, attribute="class", data_key="class")
    code = String(required=True)
    message = String(required=True)


class AttemptOut(Schema):
    attempt_id = String(required=True)
    node_id = String(required=True)
    node_name = String()
    number = Integer()
    epoch = Integer(required=True)
    state = _one_of(AttemptState, required=True)
    reason = String()
    failure = Nested(FailureOut, allow_none=True)
    offered_at = _moment()
    started_at = _moment()
    ended_at = _moment()
    exit_code = Integer(allow_none=True)
    paid = Nested(Money, allow_none=True)
    pay_reason = String()
    peak_memory_bytes = Integer()
    log_bytes = Integer()
    metrics = Dict(keys=String(), values=Float())


class SubtaskOut(Schema):
    index = Integer(required=True)
    state = _one_of(SubtaskState, required=True)
    is_merge = Boolean()
    failure = Nested(FailureOut, allow_none=True)
    ready_at = _moment()
    attempts = List(Nested(AttemptOut), required=True)


class EventOut(Schema):
    sequence = Integer(required=True)
    at = _moment()
    kind = String(required=True)
    index = Integer(allow_none=True)
    node_id = String()
    text = String(required=True)


class LogOut(Schema):
    attempt_id = String(allow_none=True)
    index = Integer(required=True)
    stream = String(required=True)
    offset = Integer(
        required=True,
        metadata={
            "description": "Where `text` begins, in bytes; past what was asked: the part between was dropped."
        },
    )
    next = Integer(required=True, metadata={"description": "Ask from here for what follows."})
    text = String(required=True)
    end = Boolean(required=True, metadata={"description": "The attempt has ended and nothing follows."})


class ArtifactOut(Schema):
    name = String(required=True)
    index = Integer(required=True)
    size = Integer(required=True)
    sha256 = String(required=True)


class UsageOut(Schema):
    index = Integer(required=True)
    attempt_id = String(required=True)
    node_name = String()
    state = _one_of(AttemptState, required=True)
    run_seconds = Float(required=True)
    cpu_percent = Float()
    memory_percent = Float()
    gpu_percent = Float()
    peak_memory_bytes = Integer()
    paid = Nested(Money, required=True)
    pay_reason = String()


class UsageTotalsOut(Schema):
    attempts = Integer(required=True)
    run_seconds = Float(required=True)
    cpu_percent = Float(required=True, metadata={"description": "Of what was reserved; by time."})
    memory_percent = Float(required=True)
    peak_memory_bytes = Integer(required=True, metadata={"description": "The largest of one attempt."})
    paid = Nested(Money, required=True)


class UsageReportOut(Schema):
    task_id = String(required=True)
    name = String(required=True)
    state = String(required=True)
    items = List(Nested(UsageOut), required=True)
    totals = Nested(UsageTotalsOut, required=True)
    cost = Nested(Money, required=True, metadata={"description": "Of the whole task so far, fees included."})


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


class WhyOut(Schema):
    summary = String(required=True)
    impossible = Boolean(required=True)
    cheapest_change = String(required=True)
    nodes = List(Nested(VerdictOut), required=True)


class ResourcesOut(Schema):
    cpu_cores = Float(required=True)
    memory_bytes = Integer(required=True)
    disk_bytes = Integer(required=True)
    gpus = Integer(required=True)
    gpu_memory_bytes = Integer(required=True)


class NodeOut(Schema):
    node_id = String(required=True)
    name = String(required=True)
    mine = Boolean(required=True)
    owner = String(allow_none=True)
    admin = String(required=True)
    health = String(required=True)
    owner_state = String()
    owner_reason = String()
    schedulable = Boolean(required=True)
    why_not = String(required=True)
    arch = String()
    os = String()
    host_os = String()
    runtime = String()
    slots = Integer(required=True)
    running = Integer(required=True)
    capacity = Nested(ResourcesOut, required=True)
    reserved = Nested(ResourcesOut, required=True)
    host_load = Dict(required=True, attribute="load", data_key="load")
    gpus = List(Dict())
    labels = Dict(keys=String(), values=String(), allow_none=True)
    version = String()
    created_at = _moment()
    last_seen_at = _moment()
    quarantined_until = _moment()
    certificate_expires_at = _moment()


class NodeDetailOut(NodeOut):
    """One node by itself."""


class BalanceOut(Schema):
    balance = Nested(Money, required=True)
    entries = Integer(required=True)
    head = _text("Hash of the newest receipt of the account: keep a copy to prove what came before it.")


class TransferIn(Schema):
    to = _text("A user name.", required=True, validate=Length(1, 80))
    amount = _amount(required=True)


class TransferOut(Schema):
    transfer_id = String(required=True)
    code = String(required=True)
    amount = Nested(Money, required=True)
    change = Nested(Money, required=True)
    debit = String(required=True)
    credit = String(required=True)
    at = _moment()
    task_id = String(allow_none=True)
    index = Integer(allow_none=True)
    attempt_id = String(allow_none=True)
    rule_version = Integer()
    failure = String(allow_none=True)
    pending_id = String(allow_none=True)


class LedgerRowOut(TransferOut):
    sequence = Integer(required=True)
    hash = String(required=True)


class ExplanationOut(Schema):
    transfer = Nested(TransferOut, required=True)
    summary = String(required=True)
    lines = List(String(), required=True)


class JoinLinkIn(Schema):
    owner = String(load_default="", validate=Length(max=80))
    uses = Integer(load_default=1, validate=Range(1, 10_000))
    expires_seconds = Integer(load_default=900, validate=Range(1, 30 * 86_400))
    labels = Dict(keys=String(validate=Length(1, 63)), values=String(validate=Length(max=200)), load_default=dict)
    name_pattern = String(load_default="{host}", validate=Length(1, 64))
    approve = Boolean(load_default=False)


class JoinLinkOut(Schema):
    link = _text("A bearer secret: shown now and never again.", required=True)
    expires_at = _moment()


class BlobIn(Schema):
    sha256 = String(required=True, validate=Length(64, 64))


class MissingIn(Schema):
    blobs = List(String(validate=Length(64, 64)), required=True, validate=Length(0, 1000))


class MissingItem(Schema):
    sha256 = String(required=True)
    offset = Integer(required=True, metadata={"description": "How much of it is already there."})


class MissingOut(Schema):
    missing = List(Nested(MissingItem), required=True)


class PieceOut(Schema):
    sha256 = String(required=True)
    offset = Integer(required=True)
    complete = Boolean(required=True)


class HealthOut(Schema):
    status = String(required=True)
    reason = String()


class ConditionOut(Schema):
    code = String(required=True, metadata={"description": "Stable name."})
    subject = String(required=True, metadata={"description": "Which one: a node, a folder, a blob; or empty."})
    gravity = String(required=True, validate=OneOf(["notice", "warning", "alert"]))
    what = String(required=True)
    at_risk = String(required=True)
    next = String(required=True, metadata={"description": "What will happen by itself."})
    fix = String(required=True, metadata={"description": "What a person can do; empty: nothing is needed."})
    since = String(required=True)
    until = String(required=True, allow_none=True, metadata={"description": "null while it holds."})


class ConditionsOut(Schema):
    current = List(Nested(ConditionOut), required=True)
    ended = List(Nested(ConditionOut), required=True)


class CancelIn(Schema):
    reason = String(load_default="", validate=Length(max=200))


class RetryIn(Schema):
    mode = String(load_default="failed", validate=OneOf(["failed", "all"]))
    all = Boolean(load_default=False, metadata={"description": "The same as mode=all."})


class ReasonIn(Schema):
    reason = String(load_default="", validate=Length(max=200))


class CountOut(Schema):
    count = Integer(required=True)


class NodeActionIn(ReasonIn):
    deadline_seconds = Integer(
        load_default=0,
        validate=Range(0, 30 * 86_400),
        metadata={"description": "Of drain: what still runs then is given back; 0: no limit."},
    )


class NodeAdminOut(Schema):
    node_id = String(required=True)
    admin = _one_of(NodeAdmin, required=True)


class UserRowOut(Schema):
    """A user as operators see one; and as everybody's own export has it."""

    user_id = String(required=True)
    username = String(required=True)
    roles = List(_one_of(Role), required=True)
    state = _one_of(UserState, required=True)
    state_reason = String(required=True)
    created_at = _moment()
    last_login_at = _moment()
    password_at = _moment()
    language = String(required=True)
    has_own_quota = Boolean(required=True)
    balance = Nested(Money, required=True)


class UserDetailOut(UserRowOut):
    """One user by itself."""


class NewUserIn(Schema):
    username = String(required=True, validate=Length(1, 80))
    password = String(required=True, validate=Length(1, 1024))
    roles = List(_one_of(Role), required=True, validate=Length(1, 3))


class RolesIn(Schema):
    roles = List(_one_of(Role), required=True, validate=Length(1, 3))


class ResetLinkOut(Schema):
    link = _text("A bearer secret: shown now and never again. `link` of POST /api/v1/login.", required=True)
    expires_at = _moment()


class GrantIn(Schema):
    amount = _amount(required=True)


class QuotaOut(Schema):
    queued_tasks = Integer(required=True, allow_none=True)
    queued_subtasks = Integer(required=True, allow_none=True)
    storage_bytes = Integer(required=True, allow_none=True)
    running_cores = Float(required=True, allow_none=True)
    spend_day = Nested(Money, required=True, allow_none=True)


class QuotaIn(Schema):
    """A bound that is null is none."""

    queued_tasks = Integer(allow_none=True, validate=Range(0, 10**9))
    queued_subtasks = Integer(allow_none=True, validate=Range(0, 10**12))
    storage_bytes = Integer(allow_none=True, validate=Range(0, 2**60))
    running_cores = Float(allow_none=True, validate=Range(0.001, 1_000_000))
    spend_day = _amount(allow_none=True)


class QuotaUseOut(QuotaOut):
    """What is used of each bound."""


class StandingOut(Schema):
    quota = Nested(QuotaOut, required=True)
    used = Nested(QuotaUseOut, required=True)
    is_own = Boolean(required=True, metadata={"description": "False: the pool's default holds."})


class PoolOut(Schema):
    name = String(required=True)
    version = String(required=True)
    api = String(required=True)
    sign_up = _one_of(SignUp, required=True)


class PoolRulesOut(Schema):
    sign_up = _one_of(SignUp, required=True)
    sign_up_grant = Nested(Money, required=True)
    user_quota = Nested(QuotaOut, required=True)
    pool_quota = Nested(QuotaOut, required=True)


class PoolRulesIn(Schema):
    sign_up = _one_of(SignUp)
    sign_up_grant = _amount()
    user_quota = Nested(QuotaIn)
    pool_quota = Nested(QuotaIn)


class InviteIn(Schema):
    roles = List(_one_of(Role), load_default=lambda: ["submitter", "provider"], validate=Length(1, 3))
    uses = Integer(load_default=1, validate=Range(1, 10_000))
    expires_days = Integer(load_default=7, validate=Range(1, 366))


class InviteOut(Schema):
    invite_id = String(required=True)
    roles = List(_one_of(Role), required=True)
    uses_left = Integer(required=True)
    created_at = _moment()
    expires_at = _moment()


class InviteMadeOut(InviteOut):
    invite = _text("A bearer secret: shown now and never again.", required=True)


class DeleteAccountIn(Schema):
    password = String(required=True, validate=Length(1, 1024))


class AuditRowOut(Schema):
    sequence = Integer(required=True)
    at = _moment()
    actor_id = _text("Empty: nobody who was signed in, or the owner of the data folder.", required=True)
    actor = _text("The user's name, where there still is one.", allow_none=True)
    action = String(required=True)
    subject = String(required=True)
    subject_name = String(allow_none=True)
    details = String(required=True)
    origin = String(required=True)
    hash = String(required=True)


class AuditCheckOut(Schema):
    sound = Boolean(required=True)
    rows = Integer(required=True)
    head = String(required=True)
    misfit = Integer(allow_none=True, metadata={"description": "The first row that does not fit."})
    summary = String(required=True)


def _page_of(item: type[Schema]) -> type[Schema]:
    fields: dict[str, Field[Any]] = {
        "items": List(Nested(item), required=True),
        "next": String(
            allow_none=True, required=True, metadata={"description": "Pass as `cursor`; null: the end."}
        ),
    }
    made: type[Schema] = type(f"{item.__name__.removesuffix('Out')}Page", (Schema,), dict(fields))
    return made


TaskPage = _page_of(TaskOut)
SubtaskPage = _page_of(SubtaskOut)
EventPage = _page_of(EventOut)
ArtifactPage = _page_of(ArtifactOut)
NodePage = _page_of(NodeOut)
LedgerPage = _page_of(LedgerRowOut)
TokenPage = _page_of(TokenOut)
UserPage = _page_of(UserRowOut)
InvitePage = _page_of(InviteOut)
AuditPage = _page_of(AuditRowOut)


class PageQuery(Schema):
    cursor = String(load_default=None, allow_none=True, validate=Length(max=200))
    limit = Integer(load_default=50, validate=Range(1, 500))


def _instant(description: str) -> String:
    return String(
        load_default="",
        validate=Length(max=40),
        metadata={"description": f"{description} RFC 3339, such as 2026-01-31T12:00:00Z."},
    )


class TimesQuery(PageQuery):
    since = _instant("Not before this time.")
    until = _instant("Before this time.")


class UsersQuery(PageQuery):
    name = _text("Part of a user's name.", load_default="", validate=Length(max=80))


class AuditQuery(TimesQuery):
    actor = _text("The name of who did it.", load_default="", validate=Length(max=80))
    action = _text("The beginning of what was done.", load_default="", validate=Length(max=80))
    subject = _text("The id of what it was done to.", load_default="", validate=Length(max=200))
    text = _text("Part of the details or the origin.", load_default="", validate=Length(max=200))


class TasksQuery(TimesQuery):
    state = _text("One or more task states, separated by commas.", load_default="", validate=Length(max=200))
    name = _text("Part of a task's name.", load_default="", validate=Length(max=200))


class WaitQuery(Schema):
    wait = Float(
        load_default=0.0,
        validate=Range(0, 60),
        metadata={"description": "Hold the answer until the task ends or this many seconds passed."},
    )


class EventsQuery(Schema):
    after = Integer(load_default=0, validate=Range(0, 2**62))
    limit = Integer(load_default=100, validate=Range(1, 500))


class LogsQuery(Schema):
    subtask = Integer(load_default=0, validate=Range(0, 10_000_000))
    attempt = String(load_default="", validate=Length(max=40))
    stream = String(load_default="out", validate=OneOf(["out", "err"]))
    offset = Integer(load_default=0, validate=Range(0, 2**62))
    limit = Integer(load_default=64 << 10, validate=Range(4, 1 << 20))


class ResultQuery(Schema):
    include = String(
        data_key="with",
        load_default="",
        validate=Length(max=40),
        metadata={"description": "logs, report, or both separated by a comma."},
    )
    is_partial = Boolean(
        data_key="partial",
        load_default=False,
        metadata={"description": "What is there before the task has ended."},
    )


class FormatQuery(Schema):
    format = String(load_default="json", validate=OneOf(["json", "csv"]))


class LedgerQuery(TimesQuery):
    code = _text("Only this kind of transfer.", load_default="", validate=Length(max=40))
    task = _text("Only of this task.", load_default="", validate=Length(max=40))


class PieceQuery(Schema):
    offset = Integer(load_default=0, validate=Range(0, 2**40))
    size = Integer(
        required=True, validate=Range(0, 2 << 30), metadata={"description": "How large the whole blob is."}
    )
