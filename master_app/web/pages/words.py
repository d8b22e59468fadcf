"""Words, shapes and tones of states, codes and rules, in the reader's language."""

from __future__ import annotations

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
NODE_HEALTH: Final = {
    NodeHealth.NEW: Look("wait", "hollow", _l("New")),
    NodeHealth.INITIALIZING: Look("wait", "hollow", _l("Starting up")),
    NodeHealth.READY: Look("good", "tick", _l("Online")),
    NodeHealth.SUSPECT: Look("away", "dashed", _l("Report overdue")),
    NodeHealth.DISCONNECTED: Look("away", "dashed", _l("Disconnected")),
    NodeHealth.DOWN: Look("away", "dashed", _l("Not answering")),
}
NODE_ADMIN: Final = {
    NodeAdmin.ACTIVE: Look("good", "tick", _l("Active")),
    NodeAdmin.PENDING: Look("held", "diamond", _l("Waits for approval")),
    NodeAdmin.PAUSED: Look("pause", "bars", _l("Paused")),
    NodeAdmin.DRAINING: Look("pause", "bars", _l("Draining")),
    NodeAdmin.DRAINED: Look("pause", "bars", _l("Drained")),
    NodeAdmin.REVOKED: Look("wait", "slash", _l("Revoked")),
}
NODE_OWNER: Final = {
    NodeOwner.AVAILABLE: Look("good", "tick", _l("available to the pool")),
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
MONEY_WHY: Final = {
    Code.GRANT_SIGN_UP: _l("The pool's present to a new account."),
    Code.GRANT_OPERATOR: _l("Given by an operator of the pool."),
    Code.GRANT_PRACTICE: _l("For the practice subtask of a new node."),
    Code.HOLD_OPEN: _l("Set aside when the task started; what is not used comes back."),
    Code.HOLD_EXTEND: _l("Set aside in addition for what runs; what is not used comes back."),
    Code.HOLD_RELEASED: _l("Set aside for the task and not used."),
    Code.ATTEMPT_PAID: _l("What the attempt earned by its metering."),
    Code.ATTEMPT_PAID_SHORT: _l("All that was left for the task; the attempt earned more."),
    Code.POOL_FEE: _l("The pool's fee on what the attempt earned."),
    Code.USER_TRANSFER: _l("Sent from one user to another."),
    Code.CORRECTION: _l("Mends what was posted wrongly."),
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
    HeldCode.IMAGE_INVALID: _l("its image cannot be had; tried again by itself"),
    HeldCode.INPUT_MISSING: _l("the pool's disk damaged one of its files"),
    HeldCode.DEPENDENCY_FAILED: _l("the task before it failed"),
}
RULES: Final = {
    "admin": _l("Operator's setting"),
    "arch": _l("Architecture"),
    "cpu": _l("Cores"),
    "cpu_of_node": _l("Cores of the node"),
    "disk": _l("Disk"),
    "disk_full": _l("Disk full"),
    "disk_of_node": _l("Disk of the node"),
    "engine": _l("Container engine"),
    "excluded": _l("Failed there"),
    "gpu_memory": _l("GPU memory"),
    "gpu_memory_of_node": _l("GPU memory of the node"),
    "gpus": _l("GPU"),
    "gpus_of_node": _l("GPUs of the node"),
    "health": _l("Connection"),
    "host_os": _l("Operating system of the computer"),
    "image_allowed": _l("Images that the owner allows"),
    "image_id": _l("Image"),
    "labels": _l("Label"),
    "memory": _l("Memory"),
    "memory_of_node": _l("Memory of the node"),
    "minimum": _l("Measured numbers"),
    "os": _l("Operating system"),
    "owner": _l("Owner of the computer"),
    "owner_allowed": _l("People whom the owner allows"),
    "protocol": _l("Version of the program"),
    "quarantine": _l("Under observation"),
    "reserved": _l("Kept for another task"),
    "runtime": _l("Isolation"),
    "slots": _l("Slots"),
    "slots_of_node": _l("Slots of the node"),
}


def rule(name: str) -> str:
    """Return what a rule of scheduling is called."""
    return str(RULES.get(name, name))


def node_look(view: NodeView) -> Look:
    """Return one state for a node: the operator's word first, then the link, then its owner, then its work."""
    if view.admin is not NodeAdmin.ACTIVE:
        return NODE_ADMIN[view.admin]
    if view.health is not NodeHealth.READY:
        return NODE_HEALTH[view.health]
    if view.owner_state is not NodeOwner.AVAILABLE:
        return NODE_OWNER[view.owner_state]
    return _WORKING if view.running else NODE_HEALTH[NodeHealth.READY]


def unknown() -> str:
    return str(_("not known yet"))


#: In this order: those that call themselves by others' names too come first.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def device(user_agent: str) -> str:
    """Return what a program that signed in is, as people call it: Firefox on Windows."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    if browser and system:
        return str(_("%(browser)s on %(system)s", browser=browser, system=system))
    return user_agent[:60] or unknown()


AUDIT: Final = {
    "credits.answer": _l("answered a request for credits"),
    "credits.ask": _l("asked for credits"),
    "credits.ask_back": _l("took a request for credits back"),
    "join_link.create": _l("made a join link"),
    "join_link.revoke": _l("ended a join link"),
    "login": _l("logged in"),
    "login.failed": _l("failed to log in"),
    "login.one_use": _l("logged in with a one-use link"),
    "logout": _l("logged out"),
    "money.grant": _l("granted credits"),
    "money.send": _l("sent credits"),
    "node.approve": _l("let a node in"),
    "node.drain": _l("let a node finish its work"),
    "node.enrol": _l("added a node"),
    "node.leave": _l("took a node out"),
    "node.pause": _l("paused a node"),
    "node.renew": _l("renewed a node's certificate"),
    "node.resume": _l("resumed a node"),
    "node.revoke": _l("revoked a node"),
    "notices.change": _l("changed what they are told"),
    "notices.mail": _l("set a mail address"),
    "notices.webhook": _l("set a webhook"),
    "password.change": _l("changed the password"),
    "password.reset_link": _l("made a one-use link"),
    "password.reset_mail": _l("had a one-use code mailed"),
    "rates.set": _l("changed the rates"),
    "secret.remove": _l("removed a secret"),
    "secret.set": _l("set a secret"),
    "settings.change": _l("changed the pool's settings"),
    "task.cancel": _l("cancelled a task"),
    "task.cap": _l("changed a cost cap"),
    "task.give_up_files": _l("gave up a task's files"),
    "task.pause": _l("paused a task"),
    "task.priority": _l("changed a priority"),
    "task.resize": _l("changed what a task asks for"),
    "task.resume": _l("resumed a task"),
    "task.retry": _l("retried a task"),
    "token.make": _l("made an API token"),
    "token.one_use": _l("was given a one-use link"),
    "token.revoke": _l("ended a token or session"),
    "token.revoke_others": _l("logged out everywhere else"),
    "user.add": _l("added a user"),
    "user.delete": _l("deleted an account"),
    "user.first_operator": _l("made the first operator"),
    "user.invite": _l("made an invitation"),
    "user.invite_revoke": _l("ended an invitation"),
    "user.lock": _l("locked a user"),
    "user.quota": _l("changed a quota"),
    "user.roles": _l("changed roles"),
    "user.sign_up": _l("created an account"),
    "user.unlock": _l("unlocked a user"),
    "vpn.make": _l("made a VPN config"),
    "vpn.revoke": _l("revoked a VPN config"),
    "vpn.rotate": _l("gave a VPN config a new key"),
}


def audit(action: str) -> object:
    """Return what an entry of the audit log says was done; its key where it has no words."""
    return AUDIT.get(action, action)
