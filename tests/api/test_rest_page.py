"""docs/rest.md: its samples run in their order against the real app, and its list is what is served."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from core.clock import SystemClock
from core.domain.user import PERMISSIONS, Role
from core.paths import resources
from master_app.web.server import WebServer, serve_app
from tests.fakes.clock import ManualClock
from tests.support.role_rows import ROWS
from tests.support.web_pool import Person, WebPool

PAGE = resources().parent / "docs" / "rest.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.S | re.M)
LIST = re.compile(r"(<!-- endpoints: [^\n]* -->\n).*(<!-- end -->)", re.S)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[WebPool, WebServer, Person]]:
    web = WebPool(tmp_path, cast("ManualClock", SystemClock()))
    server = serve_app(web.app, "127.0.0.1", 0)
    yield web, server, web.person("olga", Role.OPERATOR)
    server.stop()
    web.close()


def test_the_samples_run_in_their_order(
    served: tuple[WebPool, WebServer, Person], capsys: pytest.CaptureFixture[str]
) -> None:
    web, server, olga = served
    node, over = web.node("n"), threading.Event()

    def work() -> None:
        while not over.wait(0.05):
            web.finish(node, {"out.txt": b"hello"}, log=b"hello\n")

    worker = threading.Thread(target=work)
    worker.start()
    names: dict[str, Any] = {"OPERATOR_TOKEN": olga.token}
    try:
        for block in BLOCKS:
            exec(compile(block.replace("http://localhost:5000", server.url), str(PAGE), "exec"), names)
    finally:
        over.set()
        worker.join()
    said = capsys.readouterr().out
    assert len(BLOCKS) >= 7
    wanted = ("SUCCEEDED", "['out.txt']", "hello", "cpu_cores", "spend_day_ucpt 50.00 CPT", "audit log fit")
    assert [words for words in wanted if words not in said] == [], said


def test_its_list_is_what_is_served(served: tuple[WebPool, WebServer, Person]) -> None:
    paths = served[0].nobody.get("/openapi.json").json["paths"]
    lines = ["| | | needs |\n|---|---|---|\n"]
    for endpoint, row in ROWS.items():
        method, path = endpoint.replace("<path:", "{").replace("<", "{").replace(">", "}").split(" ", 1)
        operation = paths.get(path, {}).get(method.lower())
        if operation is None:
            continue
        if row.is_public:
            needs = "nothing"
        elif row.needs is None:
            needs = "any token"
        else:
            permission = PERMISSIONS[row.needs]
            roles = "" if len(permission.roles) == len(Role) else f" ({', '.join(sorted(permission.roles))})"
            needs = f"`{permission.scope.value}`{roles}"
        shown = path.removeprefix("/api/v1")
        lines.append(f"| `{method} {shown}` | {operation['summary']} | {needs} |\n")
    text = PAGE.read_text(encoding="utf-8")
    wanted = LIST.sub(lambda found: found[1] + "".join(lines) + found[2], text)
    if os.environ.get("HIVEMIND_WRITE_DOCS"):
        PAGE.write_text(wanted, encoding="utf-8")
    assert text == wanted, "run: HIVEMIND_WRITE_DOCS=1 python -m pytest tests/api/test_rest_page.py"
