"""The OpenAPI document holds: schemathesis sends what it describes, and worse, and judges each answer by it.

A longer search: HIVEMIND_FUZZ_EXAMPLES=1000 python -m pytest tests/api/test_openapi.py
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from core.clock import SystemClock
from core.domain.user import Role
from tests.fakes.clock import ManualClock
from tests.support.role_rows import ROWS
from tests.support.web_pool import Person, WebPool

EXAMPLES: Final = int(os.environ.get("HIVEMIND_FUZZ_EXAMPLES", "10"))
DOCUMENT: Final = "/api/v1/openapi.json"
#: Not described: pages for people, and the document itself.
UNDESCRIBED: Final = frozenset({"GET /api/v1/docs", "GET /api/v1/openapi.json", "GET /api/v1/version"})
#: They end the token that they are called with, or its user.
ENDING: Final = ("logout", "refresh-token", "revoke-others", "DELETE /api/v1/tokens", "password", "account")
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
DESCRIBED: Final = [endpoint for endpoint in ROWS if endpoint not in UNDESCRIBED]


class Attacked:
    """A pool with something of everything, and the document of its app."""

    def __init__(self, folder: Path) -> None:
        self.web = WebPool(folder, cast("ManualClock", SystemClock()))
        self.person = self.web.person("everything", *Role, cpt=1000)
        self.web.person("victim", Role.SUBMITTER, cpt=10)
        self.web.person("second-operator", Role.OPERATOR)
        node = self.web.node("n", self.person)
        self.ended = self.person.task()
        self.web.finish(node, {"out.txt": b"done"}, log=b"a line\n")
        self.live = self.person.task(cpu_cores="64")
        invite = self.person.post("/invites", {}).json
        self.things = {
            "task_id": [self.ended, self.live],
            "node_id": [node.node_id],
            "username": ["victim"],
            "invite_id": [invite["invite_id"]],
            "name": ["out.txt"],
            "transfer_id": [self.person.get("/ledger").json["items"][0]["transfer_id"]],
        }
        self.document: dict[str, Any] = self.web.nobody.get(DOCUMENT).json
        self.schema = schemathesis.openapi.from_wsgi(DOCUMENT, self.web.app)

    def caller(self, endpoint: str) -> Person:
        if any(word in endpoint for word in ENDING):
            self.web.forget_tokens(self.person)
            self.person.token = self.web.token(self.person)
        return self.person


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    found = Attacked(Path(tmp_path_factory.mktemp("openapi")))
    yield found
    found.web.close()


def test_the_document_is_valid_openapi_3_1(attacked: Attacked) -> None:
    assert attacked.document["openapi"].startswith("3.1")
    attacked.schema.validate()
    for name, schema in attacked.document["components"]["schemas"].items():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
        assert schema.get("type") == "object", name


def test_everything_that_is_served_is_described_with_a_summary(attacked: Attacked) -> None:
    described = {
        f"{method.upper()} {path}": operation
        for path, item in attacked.document["paths"].items()
        for method, operation in item.items()
    }
    assert set(described) == {_template(endpoint) for endpoint in DESCRIBED}
    assert [name for name, operation in described.items() if not operation.get("summary")] == []


def test_every_operation_but_the_public_ones_says_that_it_needs_a_token(attacked: Attacked) -> None:
    for endpoint in DESCRIBED:
        method, path = _template(endpoint).split(" ", 1)
        operation = attacked.document["paths"][path][method.lower()]
        assert bool(operation.get("security")) is not (ROWS[endpoint].is_public or path == "/metrics"), endpoint


@pytest.mark.parametrize("endpoint", DESCRIBED)
def test_whatever_is_sent_is_answered_as_described(attacked: Attacked, endpoint: str) -> None:
    method, path = _template(endpoint).split(" ", 1)
    operation = attacked.schema[path][method]
    cases = st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=EXAMPLES <= 50,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, use=st.integers(0, 3))
    def attack(case: Any, use: int) -> None:
        for name, things in attacked.things.items():
            # Ids that nobody has only ever find the door: three times of four it is a thing that is there.
            if use and name in (case.path_parameters or {}):
                case.path_parameters[name] = things[use % len(things)]
        wait = (case.query or {}).get("wait")
        if isinstance(wait, int | float) and wait > 0:
            case.query["wait"] = 0.01  # it would be waited for
        caller = attacked.caller(endpoint)
        headers = {} if ROWS[endpoint].is_public else {"Authorization": f"Bearer {caller.token}"}
        case.call_and_validate(headers=headers, checks=CHECKS)

    attack()


def _template(endpoint: str) -> str:
    return endpoint.replace("<path:", "{").replace("<", "{").replace(">", "}")
