"""Words, shapes and tones of states; and the sentences of services in the reader's language.

Services speak English with numbers filled in. A page shows such a sentence through `said`, which knows the shapes
that there are; one that it does not know stays English rather than being lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from core.domain.attempt import AttemptState, FailureClass
from core.domain.ledger import Code
from core.domain.node import NodeAdmin, NodeHealth, NodeOwner
from core.domain.subtask import SubtaskState
from core.domain.task import HeldCode, TaskState
from core.domain.user import Role, Scope, UserState
from core.domain.views import NodeView


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is shown: a tone (colour), a shape and a word."""

    tone: str
    shape: str
    word: object

    def __str__(self) -> str:
        return str(self.word)


TASK: Final = {
    TaskState.WAITING: Look("wait", "hollow", _l("Waiting")),
    TaskState.QUEUED: Look("wait", "hollow", _l("Queued")),
    TaskState.RUNNING: Look("run", "triangle", _l("Running")),
    TaskState.MERGING: Look("run", "triangle", _l("Merging")),
    TaskState.PAUSING: Look("pause", "bars", _l("Pausing")),
    TaskState.PAUSED: Look("pause", "bars", _l("Paused")),
    TaskState.HELD: Look("held", "diamond", _l("Held")),
    TaskState.CANCELLING: Look("wait", "slash", _l("Cancelling")),
    TaskState.SUCCEEDED: Look("good", "tick", _l("Succeeded")),
    TaskState.FAILED: Look("bad", "cross", _l("Failed")),
    TaskState.CANCELLED: Look("wait", "slash", _l("Cancelled")),
}
SUBTASK: Final = {
    SubtaskState.BLOCKED: Look("wait", "hollow", _l("Waits for a step before it")),
    SubtaskState.READY: Look("wait", "hollow", _l("Ready")),
    SubtaskState.BACKOFF: Look("bad", "retry", _l("Retry soon")),
    SubtaskState.ACTIVE: Look("run", "triangle", _l("In progress")),
    SubtaskState.SUCCEEDED: Look("good", "tick", _l("Succeeded")),
    SubtaskState.FAILED: Look("bad", "cross", _l("Failed")),
    SubtaskState.CANCELLED: Look("wait", "slash", _l("Cancelled")),
    SubtaskState.EATEN: Look("wait", "slash", _l("Skipped")),
}
ATTEMPT: Final = {
    AttemptState.OFFERED: Look("wait", "hollow", _l("Sent to a node")),
    AttemptState.ACCEPTED: Look("wait", "hollow", _l("Accepted")),
    AttemptState.PREPARING: Look("run", "triangle", _l("Preparing")),
    AttemptState.RUNNING: Look("run", "triangle", _l("Running")),
    AttemptState.UPLOADING: Look("run", "triangle", _l("Sending results")),
    AttemptState.SUCCEEDED: Look("good", "tick", _l("Succeeded")),
    AttemptState.FAILED: Look("bad", "cross", _l("Failed")),
    AttemptState.CANCELLED: Look("wait", "slash", _l("Cancelled")),
    AttemptState.REJECTED: Look("wait", "slash", _l("Not taken by the node")),
    AttemptState.RETURNED: Look("wait", "slash", _l("Given back")),
    AttemptState.LOST: Look("away", "dashed", _l("Lost")),
    AttemptState.SUPERSEDED: Look("wait", "slash", _l("Another attempt won")),
}
FAILURE: Final = {
    FailureClass.USER: _l("Error in the program"),
    FailureClass.OOM: _l("Out of memory"),
    FailureClass.TIMEOUT: _l("Out of time"),
    FailureClass.OUTPUT: _l("Missing output"),
    FailureClass.DISK: _l("Too much disk used"),
    FailureClass.INFRA: _l("Node or environment"),
}
_HEALTH: Final = {
    NodeHealth.NEW: Look("wait", "hollow", _l("New")),
    NodeHealth.INITIALIZING: Look("wait", "hollow", _l("Starting up")),
    NodeHealth.READY: Look("good", "tick", _l("Online")),
    NodeHealth.SUSPECT: Look("away", "dashed", _l("Report overdue")),
    NodeHealth.DISCONNECTED: Look("away", "dashed", _l("Disconnected")),
    NodeHealth.DOWN: Look("away", "dashed", _l("Not answering")),
}
_ADMIN: Final = {
    NodeAdmin.PENDING: Look("held", "diamond", _l("Waits for approval")),
    NodeAdmin.PAUSED: Look("pause", "bars", _l("Paused")),
    NodeAdmin.DRAINING: Look("pause", "bars", _l("Draining")),
    NodeAdmin.DRAINED: Look("pause", "bars", _l("Drained")),
    NodeAdmin.REVOKED: Look("wait", "slash", _l("Revoked")),
}
_OWNER: Final = {
    NodeOwner.GPU_PAUSED: Look("pause", "bars", _l("GPU paused")),
    NodeOwner.SNOOZED: Look("pause", "bars", _l("Paused by its owner")),
    NodeOwner.IN_USE: Look("pause", "bars", _l("In use by its owner")),
    NodeOwner.OUTSIDE_SCHEDULE: Look("wait", "clock", _l("Outside its schedule")),
    NodeOwner.QUITTING: Look("pause", "bars", _l("Quitting")),
}
_WORKING: Final = Look("run", "triangle", _l("Working"))
MONEY: Final = {
    Code.GRANT_SIGN_UP: _l("Sign-up grant"),
    Code.GRANT_OPERATOR: _l("Grant"),
    Code.GRANT_PRACTICE: _l("Practice"),
    Code.HOLD_OPEN: _l("Hold"),
    Code.HOLD_EXTEND: _l("More held"),
    Code.HOLD_RELEASED: _l("Hold returned"),
    Code.ATTEMPT_PAID: _l("Task cost"),
    Code.ATTEMPT_PAID_SHORT: _l("Task cost, as far as it went"),
    Code.POOL_FEE: _l("Pool fee"),
    Code.USER_TRANSFER: _l("Transfer"),
    Code.CORRECTION: _l("Correction"),
}
EARNED: Final = _l("Earning")
ROLES: Final = {
    Role.OPERATOR: _l("Operator"),
    Role.SUBMITTER: _l("Submitter"),
    Role.PROVIDER: _l("Provider"),
}
USER: Final = {
    UserState.ACTIVE: Look("good", "tick", _l("Active")),
    UserState.LOCKED: Look("held", "diamond", _l("Locked")),
    UserState.DELETED: Look("wait", "slash", _l("Deleted")),
}
SCOPES: Final = {
    Scope.TASKS_READ: _l("see tasks and results"),
    Scope.TASKS_WRITE: _l("submit and control tasks"),
    Scope.NODES_READ: _l("see nodes"),
    Scope.NODES_WRITE: _l("add and control nodes"),
    Scope.MONEY_READ: _l("see balance and entries"),
    Scope.MONEY_SEND: _l("send credits"),
    Scope.VPN: _l("make VPN configs"),
    Scope.ACCOUNT: _l("password, sessions and tokens"),
    Scope.ADMIN: _l("run the pool"),
}
HELD: Final = {
    HeldCode.NO_FEASIBLE_NODE: _l("no node can take it"),
    HeldCode.OUT_OF_FUNDS: _l("balance too low; goes on by itself after a top-up"),
    HeldCode.BUDGET_EXCEEDED: _l("cost cap reached"),
    HeldCode.IMAGE_INVALID: _l("image cannot be used"),
    HeldCode.INPUT_MISSING: _l("an input file is missing"),
    HeldCode.UNCONFIRMED_LOSS: _l("a node was lost; nobody knows whether it stopped"),
    HeldCode.OWNER_REQUEST: _l("held by its owner"),
    HeldCode.DEPENDENCY_FAILED: _l("the task before it failed"),
}
RULES: Final = {
    "memory": _l("Memory"),
    "cpu": _l("Cores"),
    "disk": _l("Disk"),
    "gpu": _l("GPU"),
    "gpus": _l("GPU"),
    "gpu_memory": _l("GPU memory"),
    "memory_of_node": _l("Memory of the node"),
    "cpu_of_node": _l("Cores of the node"),
    "disk_of_node": _l("Disk of the node"),
    "gpus_of_node": _l("GPUs of the node"),
    "arch": _l("Architecture"),
    "os": _l("Operating system"),
    "host_os": _l("Operating system of the computer"),
    "labels": _l("Label"),
    "slots": _l("Slots"),
    "health": _l("Connection"),
    "admin": _l("Operator's setting"),
    "owner": _l("Owner of the computer"),
    "runtime": _l("Container engine"),
    "image": _l("Image"),
    "excluded": _l("Failed there"),
    "quarantine": _l("Under observation"),
}

#: Sentence of a service (with named holes) -> what a reader sees. Marked for the catalogue here.
_SENTENCES: Final = (
    (r"(?P<count>\d+) subtasks failed", _l("%(count)s subtasks failed")),
    (r"(?P<done>\d+) of (?P<count>\d+) subtasks succeeded", _l("%(done)s of %(count)s subtasks succeeded")),
    (r"the merge failed", _l("the merge failed")),
    (r"cancelled by its owner", _l("cancelled by its owner")),
    (r"paused by its owner", _l("paused by its owner")),
    (r"one part was tried", _l("one part was tried; the others wait for you")),
    (r"all parts ended", _l("all parts ended")),
    (r"waits for the tasks it comes after", _l("waits for the tasks before it")),
    (r"waits until its image is pinned", _l("waits until its image is confirmed")),
    (r"no node of this pool could ever take it", _l("no node of this pool could ever take it")),
    (r"(?P<count>\d+) attempts are (stopping|ending)", _l("%(count)s attempts are ending")),
    (r"your balance does not cover a first run of it; .*", HELD[HeldCode.OUT_OF_FUNDS]),
    (r"its cost cap is used up; .*", HELD[HeldCode.BUDGET_EXCEEDED]),
    (r"DEADLINE", _l("its deadline has passed")),
    (
        r"given back (?P<count>\d+) times: needs steadier nodes",
        _l("given back %(count)s times: needs steadier nodes"),
    ),
    (r"No node has joined this pool\.", _l("No node has joined this pool.")),
    (
        r"(?P<count>\d+) nodes? takes? it now; it is placed when its turn comes\.",
        _l("%(count)s nodes could take it now; its turn comes."),
    ),
    (r"No node of this pool could ever take it\.", _l("No node of this pool could ever take it.")),
    (
        r"None of (?P<count>\d+) nodes takes it now: (?P<busy>\d+) by the rule (?P<rule>\w+)\.",
        _l("None of %(count)s nodes takes it now; for %(busy)s of them the reason is: %(rule)s."),
    ),
    (r"All its subtasks have started: (?P<count>\d+) run\.", _l("All its subtasks have started; %(count)s run.")),
    (
        r"It is held, paused, stopping, or waits for another task\.",
        _l("It is held, paused, stopping, or waits for another task."),
    ),
    (
        r"Its next subtask failed and is tried again in (?P<count>\d+) s\.",
        _l("Its next subtask failed and is tried again in %(count)s s."),
    ),
    (
        r"Its first attempt pins the image; the others follow\.",
        _l("Its first attempt confirms the image; the others follow."),
    ),
    (
        r"It runs (?P<count>\d+) at once, as its max_parallel allows\.",
        _l("It runs %(count)s at once, as you asked."),
    ),
    (
        r"The balance of its owner covers (?P<count>\d+) at once\.",
        _l("The balance covers %(count)s at once."),
    ),
    (
        r"This task does not wait: it has ended, or there is no such task\.",
        _l("This task does not wait; it has ended."),
    ),
    (r"lower memory_gb to (?P<to>[\d.]+) \(node (?P<node>.+)\)", _l("%(to)s GB of memory fit on %(node)s")),
    (r"lower cpu_cores to (?P<to>[\d.]+) \(node (?P<node>.+)\)", _l("%(to)s cores fit on %(node)s")),
    (r"lower disk_gb to (?P<to>[\d.]+) \(node (?P<node>.+)\)", _l("%(to)s GB of disk fit on %(node)s")),
    (r"join a node that meets the rule (?P<rule>\w+)", _l("add a computer that meets: %(rule)s")),
    (r"join a node", _l("add a computer")),
    (r"add credits", _l("ask for credits")),
    (
        r"wait until one of (?P<count>\d+) attempts on node (?P<node>.+) ends",
        _l("wait until one of %(count)s attempts on %(node)s ends"),
    ),
    (r"(?P<count>\d+) free slots?", _l("%(count)s free slots")),
    (r"(?P<free>\d+) of (?P<all>\d+) slots free", _l("%(free)s of %(all)s slots free")),
    (r"(?P<count>[\d.]+) GB free", _l("%(count)s GB free")),
    (r"(?P<count>[\d.]+) cores free", _l("%(count)s cores free")),
    (r"(?P<count>[\d.]+) cores", _l("%(count)s cores")),
    (r"AVAILABLE", _l("available to the pool")),
    (r"READY", _l("Online")),
    (r"ACTIVE", _l("Active")),
    (r"IN_USE", _l("In use by its owner")),
    (r"SNOOZED", _l("Paused by its owner")),
    (r"OUTSIDE_SCHEDULE", _l("Outside its schedule")),
    (r"PAUSED", _l("Paused")),
    (r"DRAINING|DRAINED", _l("Draining")),
    (r"SUSPECT", _l("Report overdue")),
    (r"DISCONNECTED|DOWN", _l("Disconnected")),
    (r"an isolated runtime", _l("an isolated runtime")),
    (r"not isolated", _l("not isolated")),
    (r"This name is taken\.", _l("This name is taken.")),
    (r"This name is reserved\.", _l("This name is reserved.")),
    (r"A user name has 1 to 40 letters.*", _l("1 to 40 of a-z, 0-9, dot, hyphen, underscore; not at the ends.")),
    (
        r"It has (?P<count>\d+) of at least (?P<least>\d+) characters\.",
        _l("%(count)s of at least %(least)s characters."),
    ),
    (r"It is among the first that anybody tries\.", _l("It is among the first that anybody tries.")),
    (r"It is little more than the user name\.", _l("It is little more than the user name.")),
    (r"User name or password is wrong\.", _l("User name or password is wrong.")),
    (r"The present password is wrong\.", _l("The present password is wrong.")),
    (r"The password is wrong\.", _l("The password is wrong.")),
    (r"This (link|invitation) was used or has expired\.", _l("This link was used or has expired.")),
    (r"There is no such user\.", _l("There is no such user.")),
    (r"There is no such task\.", _l("There is no such task.")),
    (r"This user is locked\.", _l("This user is locked.")),
    (r"The amount cannot be read\.", _l("The amount cannot be read.")),
    (r"The zip is empty\.", _l("The zip is empty.")),
    (r"The zip was refused\.", _l("The zip was refused.")),
    (r"The task has mistakes\.", _l("The task has mistakes.")),
)
_COMPILED: Final = tuple((re.compile(pattern), words) for pattern, words in _SENTENCES)


def said(sentence: str) -> str:
    """Return a service's sentence in the reader's language."""
    for pattern, words in _COMPILED:
        found = pattern.fullmatch(sentence)
        if found is None:
            continue
        holes = {name: value for name, value in found.groupdict().items() if value is not None}
        if "rule" in holes:
            holes["rule"] = rule(holes["rule"])
        return str(words) % holes if holes else str(words)
    return sentence


def rule(name: str) -> str:
    """Return what a rule of scheduling is called."""
    return str(RULES.get(name, name))


def task_reason(state: TaskState, held: HeldCode | None, reason: str) -> str:
    """Return why a task is as it is, short."""
    if state is TaskState.HELD and held is not None:
        return str(HELD[held])
    return said(reason) if reason else ""


def node_look(view: NodeView) -> Look:
    """Return one state for a node: the operator's word first, then the link, then its owner, then its work."""
    if view.admin in _ADMIN:
        return _ADMIN[view.admin]
    if view.health is not NodeHealth.READY:
        return _HEALTH[view.health]
    if view.owner_state in _OWNER:
        return _OWNER[view.owner_state]
    return _WORKING if view.running else _HEALTH[NodeHealth.READY]


def unknown() -> str:
    return str(_("not known yet"))
