"""Names are looked up for as long as somebody waits, by so many at once, whatever the name server does."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest

from master_app.notices.lookups import Lookups, LookupsBusy
from master_app.notices.webhook import Webhooks


class SilentServer:
    """A name server that answers nothing until it is told to."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.asked = threading.Semaphore(0)

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.release()
        if host.startswith("good"):
            return ["93.184.215.14"]
        assert self.answers.wait(60)
        return ["93.184.215.14"]


def test_an_answer_and_an_error_come_back_as_they_are() -> None:
    assert Lookups(lookup=lambda host, port: [f"{host}:{port}"])("a.example", 7) == ["a.example:7"]

    def refuse(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    lookups = Lookups(at_once=1, lookup=refuse)
    for _ in range(3):
        with pytest.raises(OSError, match="no such name"):
            lookups("a.example", 1)


def test_a_server_that_never_answers_holds_its_places_and_nobody_who_waits() -> None:
    server = SilentServer()
    lookups = Lookups(at_once=2, wait_s=0.05, lookup=server)
    began = time.monotonic()
    for _ in range(2):
        with pytest.raises(TimeoutError):
            lookups("silent.example", 443)
    with pytest.raises(LookupsBusy):
        lookups("silent.example", 443)
    assert time.monotonic() - began < 10
    assert server.asked.acquire(timeout=10) and server.asked.acquire(timeout=10)
    assert not server.asked.acquire(blocking=False), "a third lookup was begun"
    server.answers.set()
    for _ in range(1000):  # the places come back when the system lets the lookups go
        try:
            assert lookups("good.example", 443) == ["93.184.215.14"]
            break
        except LookupsBusy:
            time.sleep(0.01)
    else:
        pytest.fail("the places did not come back")


def test_a_webhook_says_that_its_name_server_is_silent_and_posts_have_places_of_their_own() -> None:
    server = SilentServer()
    checks = Lookups(at_once=1, wait_s=0.05, lookup=server)
    posts = Lookups(at_once=1, wait_s=0.05, lookup=server)
    hooks = Webhooks(resolve=checks, resolve_for_posts=posts)
    assert hooks.check("https://silent.example/") == "the name server of silent.example did not answer in time"
    assert hooks.check("https://good.example/") == (
        "too many addresses are being looked up now; try again in a minute"
    )
    assert posts("good.example", 443) == ["93.184.215.14"]
    server.answers.set()
