"""No endpoint and no RPC without its row in the tables of who may call it. What the rows say is tested in full by
tests/api/test_roles.py and tests/integration/wire/test_rpc_roles.py.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from master_app.web.app import WebSettings, create_app
from tests.integration.wire.test_rpc_roles import CONTROL, ENROLMENT, OPEN, OPERATORS
from tests.support.role_rows import ROWS


def test_every_endpoint_of_the_api_has_its_row(tmp_path: Path) -> None:
    services: Any = SimpleNamespace(figures=None, pages=None)
    app = create_app(services, WebSettings(upload_folder=tmp_path / "uploads"))
    served = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(("/api/", "/healthz", "/readyz", "/metrics"))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert served == set(ROWS), "write a row for each endpoint into tests/support/role_rows.py"


def test_every_method_of_the_control_door_has_its_row() -> None:
    rows = {*OPERATORS, *(f"Enrolment.{name}" for name in ENROLMENT)} | OPEN
    assert set(CONTROL) == rows, "write a row for each method into tests/integration/wire/test_rpc_roles.py"
