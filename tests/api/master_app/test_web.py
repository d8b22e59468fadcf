"""What holds for every answer of the web door: headers, limits, problem documents, aliases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.domain.errors import Busy, HiveMindError, StorageFull, StorageUnavailable
from core.domain.user import Role
from master_app.web import problems
from tests.fakes.clock import ManualClock
from tests.support.web_pool import Person, WebPool, code_of


@pytest.fixture
def limited(tmp_path: Path, clock: ManualClock) -> Iterator[WebPool]:
    """A pool whose door counts."""
    pool = WebPool(tmp_path / "limited", clock, limits=True)
    yield pool
    pool.close()


@pytest.mark.parametrize("path", ["/", "/api/v1/me", "/api/v1/pool", "/nowhere", "/healthz"])
def test_every_answer_has_its_security_headers(web: WebPool, path: str) -> None:
    headers = web.http.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"
    # Pages tell their own site, and no other, where a form comes from: the check of forged forms asks for it.
    assert headers["Referrer-Policy"] == ("same-origin" if path == "/" else "no-referrer")
    assert headers["X-Request-Id"]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert "Server" not in headers and "Strict-Transport-Security" not in headers


def test_answers_of_the_api_are_not_kept_by_caches(web: WebPool) -> None:
    assert web.nobody.get("/pool").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "NOT_FOUND"),
        ("DELETE", "/me", 405, "METHOD_NOT_ALLOWED"),
    ],
)
def test_what_flask_refuses_is_a_problem_document_too(
    web: WebPool, method: str, path: str, status: int, code: str
) -> None:
    answer = web.nobody.call(method, path)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert answer.json["fix"]
    assert status != 405 or "GET" in answer.headers["Allow"]


def test_a_body_that_is_no_json_says_so(web: WebPool) -> None:
    for body in (b"{", b"\xff", b"[" * 100_000, b"null"):
        answer = web.nobody.post("/login", data=body, content_type="application/json")
        assert answer.status_code in (400, 422) and code_of(answer) in ("BAD_REQUEST", "INVALID", "JSON_INVALID")


def test_limits_are_counted_in_headers_and_say_when_to_come_back(limited: WebPool) -> None:
    answer = limited.nobody.get("/pool")
    assert int(answer.headers["X-RateLimit-Remaining"]) == int(answer.headers["X-RateLimit-Limit"]) - 1
    assert "Retry-After" not in answer.headers
    for _ in range(30):
        limited.nobody.post("/login", {"username": "", "password": "x"})
    refused = limited.nobody.post("/login", {"username": "", "password": "x"})
    assert (refused.status_code, code_of(refused)) == (429, "RATE_LIMITED")
    assert 0 < int(refused.headers["Retry-After"]) <= 60 and refused.headers["X-RateLimit-Remaining"] == "0"
    # Somebody else, elsewhere, is not meant.
    away = {"environ_base": {"REMOTE_ADDR": "192.0.2.9"}}
    assert limited.nobody.post("/login", {"username": "", "password": "x"}, **away).status_code == 422


def test_who_is_signed_in_is_counted_as_themselves(limited: WebPool) -> None:
    ann = limited.person("ann", Role.SUBMITTER)
    bo = limited.person("bo", Role.SUBMITTER)
    left = [int(who.get("/me").headers["X-RateLimit-Remaining"]) for who in (ann, ann, bo)]
    assert left[0] - left[1] == 1 and left[2] == left[0]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Busy("full", retry_after_s=3), 503, "BUSY"),
        (StorageUnavailable("away"), 503, "STORAGE_UNAVAILABLE"),
        (StorageFull("full", fix="make room"), 507, "STORAGE_FULL"),
        (TimeoutError(), 503, "NOT_CONFIRMED"),
        (RuntimeError("the secret inside"), 500, "INTERNAL"),
        (HiveMindError("the secret inside"), 500, "INTERNAL"),
    ],
)
def test_trouble_of_the_master_is_told_without_its_inside(
    web: WebPool, ann: Person, error: Exception, status: int, code: str
) -> None:
    with web.app.test_request_context("/api/v1/tasks"):
        handled = web.app.handle_user_exception(error)
        answer = web.app.make_response(handled)
    assert answer.status_code == status and answer.json is not None and answer.json["code"] == code
    assert "the secret inside" not in answer.get_data(as_text=True)
    assert status != 503 or int(answer.headers["Retry-After"]) >= 1
    assert problems.status_of(Busy("x")) == 503


def test_a_full_disk_keeps_what_was_uploaded(tmp_path: Path, clock: ManualClock) -> None:
    from tests.support.web_pool import WebPool as Pool

    pool = Pool(tmp_path / "full", clock)
    try:
        ann = pool.person("ann", Role.SUBMITTER, cpt=10)
        pool.app.extensions["hivemind.uploads"]._free_reserve_bytes = 1 << 60
        refused = ann.submit()
        assert (refused.status_code, code_of(refused)) == (507, "STORAGE_FULL") and refused.json["fix"]
        pool.app.extensions["hivemind.uploads"]._free_reserve_bytes = 0
        assert ann.submit().status_code == 201
    finally:
        pool.close()


def test_what_users_may_have_lying_in_uploads_is_bounded(web: WebPool, ann: Person) -> None:
    web.app.extensions["hivemind.uploads"]._user_bytes = 100
    refused = ann.submit()
    assert (refused.status_code, code_of(refused)) == (429, "QUOTA_UPLOADS")


def test_the_documents_for_people_name_nothing_elsewhere(web: WebPool) -> None:
    for path in ("/", "/api/v1/docs"):
        text = web.http.get(path).get_data(as_text=True)
        assert "http://" not in text.replace("http://localhost", "") and "https://" not in text
    assert web.nobody.get("/version").json["api"] == "v1"
