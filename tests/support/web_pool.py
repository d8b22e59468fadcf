"""The web door of a whole master in this process: the real app over the real services and SQLite, and people."""

from __future__ import annotations

import atexit
import io
import json
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.domain.ledger import user_account
from core.domain.session import LogStream
from core.domain.user import ALL_SCOPES, Principal, Role, Scope, TokenKind
from master_app.ports.unit_of_work import UnitOfWork
from master_app.ports.users import TokenRecord, UserRecord
from master_app.users.authenticate import PREFIX, token_hash
from master_app.web.app import WebSettings, create_app
from tests.fakes.clock import ManualClock
from tests.support.pool_master import PLAIN, PoolMaster, ScriptedNode, an_artifact, zipped

BASE = "/api/v1"


class Answer(TestResponse):
    """An answer whose JSON may be looked into."""

    json: Any


@dataclass(kw_only=True)
class Person:
    """A user with a token, who talks to the app. `who` is what services see of them."""

    pool: WebPool
    name: str
    user_id: str
    roles: frozenset[Role]
    token: str = field(repr=False, default="")
    scopes: frozenset[Scope] = ALL_SCOPES

    @property
    def who(self) -> Principal:
        return Principal(user_id=self.user_id, username=self.name, roles=self.roles, origin="test")

    @property
    def balance_ucpt(self) -> int:
        return self.pool.pool.balance(user_account(self.user_id))

    def call(self, method: str, path: str, body: object = None, **more: Any) -> Answer:
        """Send a request with this person's token; `path` without the version in front."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= more.pop("headers", {})
        if body is not None:
            more["json"] = body
        where = path if path.startswith(("/api/", "/metrics", "/healthz", "/readyz")) else f"{BASE}{path}"
        return cast("Answer", self.pool.http.open(where, method=method, headers=headers, **more))

    def get(self, path: str, **more: Any) -> Answer:
        return self.call("GET", path, **more)

    def post(self, path: str, body: object = None, **more: Any) -> Answer:
        return self.call("POST", path, body, **more)

    def put(self, path: str, body: object = None, **more: Any) -> Answer:
        return self.call("PUT", path, body, **more)

    def delete(self, path: str, body: object = None, **more: Any) -> Answer:
        return self.call("DELETE", path, body, **more)

    def submit(self, files: Mapping[str, bytes] | None = None, **more: Any) -> Answer:
        """Send a task as a form; more fields by name, headers by `headers`."""
        headers = more.pop("headers", {})
        content = zipped(files if files is not None else a_task())
        form = {"task_file": (as_file(content), "task.zip"), **more}
        return self.call("POST", "/tasks", data=form, content_type="multipart/form-data", headers=headers)

    def task(self, **more: Any) -> str:
        """Send a task that is taken, and return its id."""
        answer = self.submit(**more)
        assert answer.status_code == 201, answer.text
        return str(answer.json["task_id"])


def as_file(content: bytes) -> io.BytesIO:
    return io.BytesIO(content)


def a_task(manifest: str = PLAIN, **files: bytes) -> dict[str, bytes]:
    """Return the files of a task that runs nowhere in particular."""
    return {"hivemind.toml": manifest.encode(), "main.py": b"print(1)\n", **files}


@cache
def _fresh_master() -> Path:
    """Return the data folder of a master that was started once: migrations and keys cost more than most tests."""
    folder = Path(tempfile.mkdtemp(prefix="hivemind-fresh-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    PoolMaster(folder / "master", ManualClock()).stop()
    return folder / "master"


class WebPool:
    """A master, its app and its people."""

    def __init__(self, folder: Path, clock: ManualClock, *, limits: bool = False, **settings: Any) -> None:
        self.clock = clock
        shutil.copytree(_fresh_master(), folder / "master")
        self.pool = PoolMaster(folder / "master", clock, **settings)
        self.pool.master.doors.node_port, self.pool.master.doors.control_port = 50051, 50052
        self.app = create_app(
            self.pool.master.web_services(),
            WebSettings(upload_folder=folder / "uploads", rate_limits=limits, free_reserve_bytes=0),
        )
        self.people: dict[str, Person] = {}

    @property
    def http(self) -> FlaskClient:
        """A client without cookies or memory of its own."""
        return self.app.test_client(use_cookies=False)

    @property
    def nobody(self) -> Person:
        return Person(pool=self, name="", user_id="", roles=frozenset())

    def close(self) -> None:
        self.pool.stop()

    def person(self, name: str, *roles: Role, cpt: float = 0) -> Person:
        """Make a user without a password, signed in with every scope."""
        user_id = self.pool.master.new_id(self.clock.wall_ms())
        made = Person(pool=self, name=name, user_id=user_id, roles=frozenset(roles))

        def command(uow: UnitOfWork) -> None:
            uow.users.add(UserRecord(user_id=user_id, username=name, roles=made.roles, created_ms=uow.now_ms))

        self.pool.run(command)
        made.token = self.token(made)
        if cpt:
            self.pool.grant(user_id, cpt)
        self.people[name] = made
        return made

    def token(
        self, person: Person, scopes: Iterable[Scope] = ALL_SCOPES, kind: TokenKind = TokenKind.LOGIN
    ) -> str:
        """Give a person one more token."""
        secret = PREFIX + secrets.token_urlsafe(24)

        def command(uow: UnitOfWork) -> None:
            uow.users.add_token(
                TokenRecord(
                    token_id=self.pool.master.new_id(uow.now_ms),
                    user_id=person.user_id,
                    kind=kind,
                    secret_sha256=token_hash(secret),
                    scopes=frozenset(scopes),
                    created_ms=uow.now_ms,
                    expires_ms=uow.now_ms + 86_400_000,
                )
            )

        self.pool.run(command)
        return secret

    def forget_tokens(self, person: Person) -> None:
        """End all tokens of a person."""

        def command(uow: UnitOfWork) -> None:
            for token in uow.users.tokens_of(person.user_id):
                token.revoked_ms = uow.now_ms
                uow.users.save_token(token)

        self.pool.run(command)

    def with_scopes(self, person: Person, *scopes: Scope) -> Person:
        """Return the same person, holding a token of these scopes only."""
        return Person(
            pool=self,
            name=person.name,
            user_id=person.user_id,
            roles=person.roles,
            token=self.token(person, scopes, TokenKind.API),
            scopes=frozenset(scopes),
        )

    def node(self, name: str, owner: Person | None = None, **more: Any) -> ScriptedNode:
        """Enrol a node, of nobody's unless `owner` is given."""
        node_id = self.pool.master.new_id(self.clock.wall_ms())
        return self.pool.node(name, owner.user_id if owner else "provider", node_id=node_id, **more)

    def finish(
        self, node: ScriptedNode, files: Mapping[str, bytes] | None = None, *, log: bytes = b"", ticks: int = 1
    ) -> None:
        """Let a node run all that it was offered, with these files as the result of each."""
        for offer in node.take():
            node.start(offer)
            if log:
                self.write_log(offer.attempt_id, log)
            if isinstance(self.clock, ManualClock):
                self.clock.advance(s=1)
            made = tuple(an_artifact(self.pool, path, content) for path, content in (files or {}).items())
            node.succeed(offer, artifacts=made, tick_count=ticks)
        self.pool.settle()

    def write_log(self, attempt_id: str, content: bytes, stream: str = "out") -> None:
        files = self.pool.master.storage.log_files
        kind = LogStream(stream)
        files.append(attempt_id, kind, files.size(attempt_id, kind), content)


def code_of(answer: Answer) -> str:
    """Return the stable code of a problem document; it must be one."""
    assert answer.mimetype == "application/problem+json", f"{answer.status_code} {answer.text[:300]}"
    document = json.loads(answer.data)
    assert document["status"] == answer.status_code
    assert document["detail"] and document["request_id"] == answer.headers["X-Request-Id"]
    return str(document["code"])
