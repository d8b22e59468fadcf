"""Idle time from whichever source answers; the answering one is named."""

from __future__ import annotations

from worker_app.agent.senses.idle import IdleChain, Logind, Mutter, ScreenSaver, sources


class Source:
    def __init__(self, name: str, *answers: float | None) -> None:
        self.name = name
        self.answers = list(answers)
        self.asked = 0

    def idle_s(self) -> float | None:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Bus:
    """Answers from a table of method or property."""

    def __init__(self, **answers: object) -> None:
        self.answers = answers

    def ask(self, name: str, path: str, interface: str, method: str, *rest: object) -> object:
        return self.answers.get(method)

    def property(self, name: str, path: str, interface: str, key: str) -> object:
        return self.answers.get(key)


def test_the_first_that_answers_is_named_and_asked_first_from_then_on() -> None:
    silent, good = Source("silent", None), Source("good", 5.0)
    chain = IdleChain([silent, good])
    assert chain.idle_s() == 5.0 and chain.source == "good"
    assert chain.idle_s() == 5.0
    assert silent.asked == 1


def test_a_source_that_falls_silent_is_replaced() -> None:
    first, second = Source("first", 1.0, None), Source("second", 7.0)
    chain = IdleChain([first, second])
    assert chain.idle_s() == 1.0
    assert chain.idle_s() == 7.0 and chain.source == "second"


def test_none_that_answers_is_unknown_and_not_asked_each_second() -> None:
    silent = Source("silent", None)
    chain = IdleChain([silent])
    assert [chain.idle_s() for _ in range(5)] == [None] * 5
    assert chain.source == "" and silent.asked == 1


def test_desktops_say_milliseconds() -> None:
    assert Mutter(Bus(GetIdletime=(90_000,))).idle_s() == 90.0  # type: ignore[arg-type]
    assert ScreenSaver(Bus(GetSessionIdleTime=(1_500,))).idle_s() == 1.5  # type: ignore[arg-type]
    assert Mutter(Bus()).idle_s() is None  # type: ignore[arg-type]


def test_nobody_signed_in_is_nobody_there() -> None:
    found = Logind(Bus(ListSessions=([],))).idle_s()  # type: ignore[arg-type]
    assert found is not None and found > 0


def test_a_session_without_a_hint_is_unknown() -> None:
    sessions = ([("1", 1000, "ann", "seat0", "/s")],)
    assert Logind(Bus(ListSessions=sessions, IdleHint=False, IdleSinceHintMonotonic=0)).idle_s() is None  # type: ignore[arg-type]
    busy = Bus(ListSessions=sessions, IdleHint=False, IdleSinceHintMonotonic=1_000_000)
    assert Logind(busy).idle_s() == 0.0  # type: ignore[arg-type]


def test_this_system_has_sources() -> None:
    assert sources(Bus(), Bus())  # type: ignore[arg-type]
