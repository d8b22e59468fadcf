"""One row an endpoint: what it needs, whose thing it is about, and a request that a person who may is not refused.

The test asks the app for its endpoints: one without a row here fails, and so does a row without an endpoint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.domain.node import NodeAdmin
from core.domain.user import Action
from tests.support.pool_master import zipped
from tests.support.web_pool import Person, WebPool, a_task, as_file


@dataclass(frozen=True, kw_only=True)
class Request:
    path: str
    body: object = None
    more: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Row:
    """`needs` None: a token of whatever scope will do; `is_public`: not even that."""

    needs: Action | None = None
    is_public: bool = False
    #: Whose thing it is: others get 404, but who may `any_of`.
    is_owned: bool = False
    any_of: Action | None = None
    #: Its owner is refused too, but as one who is known to own it.
    is_for_any_of_alone: bool = False
    #: What a person must be able to do to have such a thing; else it is somebody else's.
    made_by: Action | None = None
    #: The request, about a thing of `owner`.
    make: Callable[[WebPool, Person], Request]


def _plain(path: str, body: object = None, **more: Any) -> Callable[[WebPool, Person], Request]:
    return lambda _web, _owner: Request(path=path, body=body, more=more)


def _task(suffix: str, body: object = None, *, ended: bool = False) -> Callable[[WebPool, Person], Request]:
    def make(_web: WebPool, owner: Person) -> Request:
        # No node ever takes one that is to end at once.
        task_id = owner.task(**({"cpu_cores": "64"} if ended else {}))
        if ended:
            owner.post(f"/tasks/{task_id}/cancel", {})
        return Request(path=f"/tasks/{task_id}{suffix}", body=body, more={})

    return make


def _done_task(suffix: str) -> Callable[[WebPool, Person], Request]:
    """Of a task that succeeded with one file."""

    def make(web: WebPool, owner: Person) -> Request:
        task_id = owner.task()
        node = web.pool.nodes.get("runner") or web.node("runner")
        while owner.get(f"/tasks/{task_id}").json["state"] != "SUCCEEDED":
            # What other cells left in the queue comes first.
            web.pool.tick(1)
            node.report()
            web.finish(node, {"out.txt": b"done"})
        return Request(path=f"/tasks/{task_id}{suffix}", more={})

    return make


def _node(action: str, admin: NodeAdmin = NodeAdmin.ACTIVE) -> Callable[[WebPool, Person], Request]:
    def make(web: WebPool, owner: Person) -> Request:
        number = len(web.pool.nodes)
        node = web.node(f"of-{owner.name}-{number}", owner, connect=False, admin=admin)
        suffix = f"/{action}" if action else ""
        return Request(path=f"/nodes/{node.node_id}{suffix}", body={} if action else None, more={})

    return make


def _form(path: str) -> Callable[[WebPool, Person], Request]:
    def make(_web: WebPool, _owner: Person) -> Request:
        data = {"task_file": (as_file(zipped(a_task())), "task.zip")}
        return Request(path=path, more={"data": data, "content_type": "multipart/form-data"})

    return make


def _user(suffix: str, body: object = None, **more: Any) -> Callable[[WebPool, Person], Request]:
    """About a user who is nobody of the table."""

    def make(web: WebPool, _owner: Person) -> Request:
        other = web.person(f"u{len(web.people)}")
        return Request(path=f"/users/{other.name}{suffix}", body=body, more=more)

    return make


def _new_user(web: WebPool, _owner: Person) -> Request:
    name = f"new-{web.pool.master.new_id(0)[-8:].lower()}"
    body = {"username": name, "password": "a long enough password", "roles": ["submitter"]}
    return Request(path="/users", body=body, more={})


def _invite(web: WebPool, _owner: Person) -> Request:
    made = web.people["operator"].post("/invites", {}).json
    return Request(path=f"/invites/{made['invite_id']}", more={})


def _token(web: WebPool, owner: Person) -> Request:
    web.token(owner)
    newest = owner.get("/tokens").json["items"][0]
    return Request(path=f"/tokens/{newest['token_id']}", more={})


def _piece(_web: WebPool, owner: Person, words: str = "a piece") -> Request:
    content = f"{words} of {owner.name}".encode()
    name = hashlib.sha256(content).hexdigest()
    return Request(path=f"/blobs/{name}?size={len(content)}", more={"data": content})


def _upload(web: WebPool, owner: Person) -> Request:
    request = _piece(web, owner, "an upload")
    assert owner.put(request.path, **request.more).status_code == 200
    return Request(path=request.path, more={})


def _transfer(web: WebPool, owner: Person) -> Request:
    rows = owner.get("/ledger").json["items"]
    return Request(path=f"/ledger/{rows[-1]['transfer_id']}/explain", more={})


def _secret(_web: WebPool, owner: Person) -> Request:
    owner.put("/secrets/KEPT", {"value": "a value of some length"})
    return Request(path="/secrets/KEPT", more={})


def _no_ask(path: str, body: object) -> Callable[[WebPool, Person], Request]:
    def make(_web: WebPool, owner: Person) -> Request:
        owner.delete("/credit-asks/own")
        return Request(path=path, body=body, more={})

    return make


def _asked(suffix: str, body: object = None) -> Callable[[WebPool, Person], Request]:
    def make(_web: WebPool, owner: Person) -> Request:
        owner.post("/credit-asks", {"words": "for a run"})
        return Request(path=f"/credit-asks{suffix}", body=body, more={})

    return make


def _ask_of(suffix: str, body: object) -> Callable[[WebPool, Person], Request]:
    def make(web: WebPool, _owner: Person) -> Request:
        asker = web.people["stranger"]
        asker.token = web.token(asker)
        asker.delete("/credit-asks/own")
        asked = asker.post("/credit-asks", {"words": "for a run"})
        return Request(path=f"/credit-asks/{asked.json['ask_id']}{suffix}", body=body, more={})

    return make


def _join_link(web: WebPool, owner: Person) -> Request:
    owner.post("/join-links", {})
    token = web.pool.run(lambda uow: uow.nodes.join_tokens(owner.user_id))[0]
    return Request(path=f"/join-links/{token.token_sha256}", more={})


def _template(_web: WebPool, owner: Person) -> Request:
    owner.put("/templates/mine", {"settings": {"cpu_cores": "4"}})
    return Request(path="/templates/mine", more={})


def _vpn(suffix: str, body: object = None) -> Callable[[WebPool, Person], Request]:
    def make(_web: WebPool, owner: Person) -> Request:
        made = owner.post("/vpn/configs", {"name": "laptop", "make_key": True})
        assert made.status_code == 201, made.text
        return Request(path=f"/vpn/configs/{made.json['config_id']}{suffix}", body=body, more={})

    return make


_KEY: Final = {"Idempotency-Key": "the-key-of-this-cell"}
_LOGIN: Final = {"username": "nobody-at-all", "password": "a long enough password"}
_READ, _STEER = Action.TASK_READ, Action.TASK_CONTROL
_ANY_TASK, _ANY_STEERING = Action.TASK_READ_ANY, Action.TASK_CONTROL_ANY


def _own_task(suffix: str = "", *, needs: Action = _READ, **more: Any) -> Row:
    any_of = _ANY_TASK if needs is _READ else _ANY_STEERING
    return Row(needs=needs, is_owned=True, any_of=any_of, made_by=Action.TASK_SUBMIT, make=_task(suffix, **more))


def _own_result(suffix: str) -> Row:
    return Row(needs=_READ, is_owned=True, any_of=_ANY_TASK, made_by=Action.TASK_SUBMIT, make=_done_task(suffix))


def _own_node(action: str, admin: NodeAdmin = NodeAdmin.ACTIVE, *, operators: bool = False) -> Row:
    return Row(
        needs=Action.NODE_CONTROL,
        is_owned=True,
        any_of=Action.NODE_CONTROL_ANY,
        is_for_any_of_alone=operators,
        make=_node(action, admin),
    )


def _operators(action: Action, make: Callable[[WebPool, Person], Request]) -> Row:
    return Row(needs=action, make=make)


_CHANGE_USER: Final = Action.USER_CHANGE_ANY
ROWS: Final[Mapping[str, Row]] = {
    # accounts
    "POST /api/v1/register": Row(is_public=True, make=_plain("/register", {**_LOGIN, "username": "a b"})),
    "POST /api/v1/login": Row(is_public=True, make=_plain("/login", {"username": "", "password": "x"})),
    "POST /api/v1/logout": Row(make=_plain("/logout")),
    "POST /api/v1/refresh-token": Row(make=_plain("/refresh-token")),
    "GET /api/v1/me": Row(make=_plain("/me")),
    "POST /api/v1/password": Row(
        needs=Action.ACCOUNT_CHANGE,
        make=_plain("/password", {"old_password": "wrong", "new_password": "a long enough password"}),
    ),
    "GET /api/v1/tokens": Row(needs=Action.ACCOUNT_CHANGE, make=_plain("/tokens")),
    "POST /api/v1/tokens": Row(
        needs=Action.ACCOUNT_CHANGE, make=_plain("/tokens", {"name": "ci", "scopes": ["account"]})
    ),
    "POST /api/v1/tokens/revoke-others": Row(needs=Action.ACCOUNT_CHANGE, make=_plain("/tokens/revoke-others")),
    "DELETE /api/v1/tokens/<token_id>": Row(needs=Action.ACCOUNT_CHANGE, is_owned=True, make=_token),
    "GET /api/v1/quota": Row(needs=Action.ACCOUNT_READ, make=_plain("/quota")),
    "GET /api/v1/account/export": Row(needs=Action.ACCOUNT_CHANGE, make=_plain("/account/export")),
    "DELETE /api/v1/account": Row(needs=Action.ACCOUNT_CHANGE, make=_plain("/account", {"password": "wrong"})),
    # asking for credits
    "POST /api/v1/credit-asks": Row(needs=Action.TASK_SUBMIT, make=_no_ask("/credit-asks", {"words": "a run"})),
    "GET /api/v1/credit-asks/own": Row(needs=Action.TASK_READ, made_by=Action.TASK_SUBMIT, make=_asked("/own")),
    "DELETE /api/v1/credit-asks/own": Row(needs=Action.TASK_SUBMIT, make=_asked("/own")),
    "GET /api/v1/credit-asks": _operators(Action.MONEY_GRANT, _plain("/credit-asks")),
    "POST /api/v1/credit-asks/<ask_id>/answer": _operators(Action.MONEY_GRANT, _ask_of("/answer", {"amount": 1})),
    # templates
    "GET /api/v1/templates": Row(needs=Action.TASK_READ, make=_plain("/templates")),
    "PUT /api/v1/templates/<name>": Row(
        needs=Action.TASK_SUBMIT, make=_plain("/templates/nightly", {"settings": {"cpu_cores": "4"}})
    ),
    "DELETE /api/v1/templates/<name>": Row(needs=Action.TASK_SUBMIT, is_owned=True, make=_template),
    # notices
    "GET /api/v1/notices": Row(needs=Action.TASK_READ, make=_plain("/notices")),
    "POST /api/v1/notices/read": Row(needs=Action.TASK_READ, make=_plain("/notices/read", {"up_to": 1})),
    "GET /api/v1/notices/settings": Row(needs=Action.ACCOUNT_READ, make=_plain("/notices/settings")),
    "PATCH /api/v1/notices/settings": Row(
        needs=Action.ACCOUNT_CHANGE, make=_plain("/notices/settings", {"low_balance": "5"})
    ),
    "PUT /api/v1/notices/mail": Row(
        needs=Action.ACCOUNT_CHANGE, make=_plain("/notices/mail", {"address": "mei@example.org"})
    ),
    "POST /api/v1/notices/mail/confirm": Row(
        needs=Action.ACCOUNT_CHANGE, make=_plain("/notices/mail/confirm", {"code": "wrong"})
    ),
    "PUT /api/v1/notices/webhook": Row(
        needs=Action.ACCOUNT_CHANGE, make=_plain("/notices/webhook", {"url": "https://127.0.0.1/"})
    ),
    "DELETE /api/v1/notices/channels/<channel>": Row(
        needs=Action.ACCOUNT_CHANGE, make=_plain("/notices/channels/mail")
    ),
    "POST /api/v1/notices/channels/<channel>/test": Row(
        needs=Action.ACCOUNT_CHANGE, make=_plain("/notices/channels/webhook/test")
    ),
    "GET /api/v1/events": Row(needs=Action.TASK_READ, make=_plain("/events?after=0")),
    "PATCH /api/v1/tasks/<task_id>": _own_task("", needs=_STEER, body={"priority": 7}),
    # tasks
    "POST /api/v1/tasks": Row(needs=Action.TASK_SUBMIT, make=_form("/tasks")),
    "POST /api/v1/tasks/check": Row(needs=Action.TASK_SUBMIT, make=_form("/tasks/check")),
    "POST /api/v1/tasks/quote": Row(needs=Action.TASK_SUBMIT, make=_form("/tasks/quote")),
    "GET /api/v1/tasks": Row(needs=_READ, make=_plain("/tasks")),
    "GET /api/v1/tasks/<task_id>": _own_task(),
    "GET /api/v1/tasks/<task_id>/subtasks": _own_task("/subtasks"),
    "GET /api/v1/tasks/<task_id>/events": _own_task("/events"),
    "GET /api/v1/tasks/<task_id>/why": _own_task("/why"),
    "GET /api/v1/tasks/<task_id>/logs": _own_task("/logs"),
    "POST /api/v1/tasks/<task_id>/cancel": _own_task("/cancel", needs=_STEER, body={}),
    "POST /api/v1/tasks/<task_id>/pause": _own_task("/pause", needs=_STEER),
    "POST /api/v1/tasks/<task_id>/resume": _own_task("/resume", needs=_STEER),
    "POST /api/v1/tasks/<task_id>/retry": _own_task("/retry", needs=_STEER, body={}, ended=True),
    "DELETE /api/v1/tasks/<task_id>/files": _own_task("/files", needs=_STEER, ended=True),
    "GET /api/v1/tasks/<task_id>/result": _own_result("/result"),
    "GET /api/v1/tasks/<task_id>/artifacts": _own_result("/artifacts"),
    "GET /api/v1/tasks/<task_id>/artifacts/<path:name>": _own_result("/artifacts/out.txt"),
    "GET /api/v1/tasks/<task_id>/usage": _own_result("/usage"),
    # uploads and secrets
    "POST /api/v1/blobs/missing": Row(needs=Action.TASK_SUBMIT, make=_plain("/blobs/missing", {"blobs": []})),
    "PUT /api/v1/blobs/<sha256>": Row(needs=Action.TASK_SUBMIT, make=_piece),
    "DELETE /api/v1/blobs/<sha256>": Row(needs=Action.TASK_SUBMIT, is_owned=True, make=_upload),
    "GET /api/v1/secrets": Row(needs=Action.TASK_READ, make=_plain("/secrets")),
    "PUT /api/v1/secrets/<name>": Row(
        needs=Action.TASK_SUBMIT, make=_plain("/secrets/NAME", {"value": "a value of some length"})
    ),
    "DELETE /api/v1/secrets/<name>": Row(needs=Action.TASK_SUBMIT, is_owned=True, make=_secret),
    # nodes
    "GET /api/v1/nodes": Row(needs=Action.NODE_READ, make=_plain("/nodes")),
    "GET /api/v1/nodes/<node_id>": Row(needs=Action.NODE_READ, make=_node("")),
    "POST /api/v1/nodes/<node_id>/pause": _own_node("pause"),
    "POST /api/v1/nodes/<node_id>/resume": _own_node("resume", NodeAdmin.PAUSED),
    "POST /api/v1/nodes/<node_id>/drain": _own_node("drain"),
    "POST /api/v1/nodes/<node_id>/revoke": _own_node("revoke"),
    "POST /api/v1/nodes/<node_id>/decline": _own_node("decline", NodeAdmin.PENDING),
    "POST /api/v1/nodes/<node_id>/approve": _own_node("approve", NodeAdmin.PENDING, operators=True),
    "POST /api/v1/nodes/<node_id>/clear-quarantine": _own_node("clear-quarantine", operators=True),
    "GET /api/v1/join-links": Row(needs=Action.NODE_JOIN, make=_plain("/join-links")),
    "DELETE /api/v1/join-links/<link_id>": Row(
        needs=Action.NODE_JOIN, is_owned=True, any_of=Action.NODE_CONTROL_ANY, make=_join_link
    ),
    "POST /api/v1/join-links": Row(needs=Action.NODE_JOIN, make=_plain("/join-links", {})),
    # money
    "GET /api/v1/balance": Row(needs=Action.MONEY_READ, make=_plain("/balance")),
    "GET /api/v1/ledger": Row(needs=Action.MONEY_READ, make=_plain("/ledger")),
    "GET /api/v1/ledger/export": Row(needs=Action.MONEY_READ, make=_plain("/ledger/export")),
    "GET /api/v1/ledger/<path:transfer_id>/explain": Row(
        needs=Action.MONEY_READ, is_owned=True, any_of=Action.MONEY_READ_ANY, make=_transfer
    ),
    "POST /api/v1/transfer": Row(
        needs=Action.MONEY_SEND, make=_plain("/transfer", {"to": "bank", "amount": 1}, headers=_KEY)
    ),
    # VPN
    "GET /api/v1/vpn/configs": Row(needs=Action.VPN_READ, make=_plain("/vpn/configs")),
    "POST /api/v1/vpn/configs": Row(
        needs=Action.VPN_CHANGE, make=_plain("/vpn/configs", {"name": "phone", "make_key": True})
    ),
    "POST /api/v1/vpn/configs/<config_id>/rotate": Row(
        needs=Action.VPN_CHANGE, is_owned=True, make=_vpn("/rotate", {"make_key": True})
    ),
    "DELETE /api/v1/vpn/configs/<config_id>": Row(
        needs=Action.VPN_CHANGE, is_owned=True, any_of=Action.VPN_READ_ANY, make=_vpn("")
    ),
    # people
    "GET /api/v1/users": _operators(Action.USER_READ_ANY, _plain("/users")),
    "POST /api/v1/users": _operators(
        _CHANGE_USER,
        _new_user,
    ),
    "GET /api/v1/users/<username>": _operators(Action.USER_READ_ANY, _user("")),
    "DELETE /api/v1/users/<username>": _operators(_CHANGE_USER, _user("")),
    "PUT /api/v1/users/<username>/roles": _operators(_CHANGE_USER, _user("/roles", {"roles": ["submitter"]})),
    "POST /api/v1/users/<username>/lock": _operators(_CHANGE_USER, _user("/lock", {})),
    "POST /api/v1/users/<username>/unlock": _operators(_CHANGE_USER, _user("/unlock")),
    "POST /api/v1/users/<username>/reset-link": _operators(_CHANGE_USER, _user("/reset-link")),
    "GET /api/v1/users/<username>/quota": _operators(Action.USER_READ_ANY, _user("/quota")),
    "PUT /api/v1/users/<username>/quota": _operators(_CHANGE_USER, _user("/quota", {"queued_tasks": 1})),
    "DELETE /api/v1/users/<username>/quota": _operators(_CHANGE_USER, _user("/quota")),
    "POST /api/v1/users/<username>/grant": _operators(
        Action.MONEY_GRANT, _user("/grant", {"amount": 1}, headers=_KEY)
    ),
    "GET /api/v1/invites": _operators(Action.INVITE, _plain("/invites")),
    "POST /api/v1/invites": _operators(Action.INVITE, _plain("/invites", {})),
    "DELETE /api/v1/invites/<invite_id>": _operators(Action.INVITE, _invite),
    # the pool
    "GET /api/v1/pool": Row(is_public=True, make=_plain("/pool")),
    "GET /api/v1/version": Row(is_public=True, make=_plain("/version")),
    "GET /api/v1/openapi.json": Row(is_public=True, make=_plain("/openapi.json")),
    "GET /api/v1/docs": Row(is_public=True, make=_plain("/docs")),
    "GET /api/v1/settings": _operators(Action.SETTINGS_CHANGE, _plain("/settings")),
    "PATCH /api/v1/settings": _operators(Action.SETTINGS_CHANGE, _plain("/settings", {"sign_up": "open"})),
    "GET /api/v1/audit": _operators(Action.AUDIT_READ, _plain("/audit")),
    "GET /api/v1/audit/export": _operators(Action.AUDIT_READ, _plain("/audit/export")),
    "GET /api/v1/audit/verify": _operators(Action.AUDIT_READ, _plain("/audit/verify")),
    "GET /api/v1/conditions": _operators(Action.AUDIT_READ, _plain("/conditions")),
    "GET /healthz": Row(is_public=True, make=_plain("/healthz")),
    "GET /readyz": Row(is_public=True, make=_plain("/readyz")),
    "GET /metrics": _operators(Action.METRICS_READ, _plain("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.7"})),
}
