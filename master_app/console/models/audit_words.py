"""The deeds of the audit log as people call them; codes stay beside them, for searching."""

from __future__ import annotations

from core.desktop.translations import mark, plural, tr
from core.domain.console_pages import AuditRow
from master_app.console.models.sentences import said

DEEDS = {
    "audit.export": mark("Exported the audit log"),
    "backup": mark("Backed up the pool"),
    "credits.answer": mark("Answered a wish for credits"),
    "credits.ask": mark("Asked for credits"),
    "credits.ask_back": mark("Took back a wish for credits"),
    "join_link.create": mark("Made a join link"),
    "join_link.revoke": mark("Revoked a join link"),
    "login": mark("Signed in"),
    "login.failed": mark("Failed to sign in"),
    "login.one_use": mark("Signed in with a one-time login"),
    "logout": mark("Signed out"),
    "money.grant": mark("Granted credits"),
    "money.send": mark("Sent credits"),
    "node.approve": mark("Approved a node"),
    "node.clear_quarantine": mark("Cleared a node's quarantine"),
    "node.decline": mark("Declined a node"),
    "node.drain": mark("Drained a node"),
    "node.enrol": mark("Joined with a node"),
    "node.label": mark("Labelled a node"),
    "node.leave": mark("Left with a node"),
    "node.pause": mark("Paused a node"),
    "node.renew": mark("Renewed a node's certificate"),
    "node.resume": mark("Resumed a node"),
    "node.revoke": mark("Revoked a node"),
    "notices.change": mark("Changed notices"),
    "notices.mail": mark("Set an address for notices"),
    "notices.webhook": mark("Set a webhook for notices"),
    "password.change": mark("Changed a password"),
    "password.reset_link": mark("Made a one-time login"),
    "password.reset_mail": mark("Sent a one-time login by mail"),
    "rates.set": mark("Set the rates"),
    "secret.remove": mark("Removed a secret"),
    "secret.set": mark("Set a secret"),
    "settings.change": mark("Changed settings"),
    "task.cancel": mark("Cancelled a task"),
    "task.cap": mark("Changed a task's cap"),
    "task.give_up_files": mark("Removed a task's files"),
    "task.pause": mark("Paused a task"),
    "task.priority": mark("Changed a task's priority"),
    "task.resize": mark("Changed what a task asks for"),
    "task.resume": mark("Resumed a task"),
    "task.retry": mark("Retried a task"),
    "token.make": mark("Made a token"),
    "token.one_use": mark("Made a one-time token"),
    "token.revoke": mark("Revoked a token"),
    "token.revoke_others": mark("Ended all other sign-ins"),
    "user.add": mark("Added a user"),
    "user.delete": mark("Deleted an account"),
    "user.first_operator": mark("Became the first operator"),
    "user.invite": mark("Invited somebody"),
    "user.invite_revoke": mark("Revoked an invitation"),
    "user.lock": mark("Locked a user"),
    "user.quota": mark("Changed a quota"),
    "user.roles": mark("Changed roles"),
    "user.sign_up": mark("Signed up"),
    "user.unlock": mark("Unlocked a user"),
    "vpn.make": mark("Made a VPN configuration"),
    "vpn.revoke": mark("Revoked a VPN configuration"),
    "vpn.rotate": mark("Renewed a VPN configuration"),
}
ROLES = {"operator": mark("operator"), "submitter": mark("submitter"), "provider": mark("provider")}
_RETRIED = {"all": mark("all of it"), "failed": mark("what failed")}


def deed(row: AuditRow) -> str:
    """Return what was done; a deed that this console does not know keeps its code."""
    return tr(DEEDS[row.action]) if row.action in DEEDS else row.action


def details(row: AuditRow) -> str:
    """Return the rest of it. What a person wrote stays as it was written."""
    words = row.details
    if row.action == "join_link.create" and words.startswith("uses=") and words[5:].isdigit():
        return plural(int(words[5:]), "for {n} node", "for {n} nodes")
    if row.action == "task.retry" and words in _RETRIED:
        return tr(_RETRIED[words])
    if row.action in ("user.add", "user.invite", "user.roles"):
        parts = words.split(", ")
        if all(part in ROLES for part in parts):
            return ", ".join(tr(ROLES[part]) for part in parts)
    return said(words)
