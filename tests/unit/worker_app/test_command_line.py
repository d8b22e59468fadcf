"""How the worker is called by the system: by a link that somebody clicked."""

from __future__ import annotations

import argparse

import pytest

from worker_app import __main__ as program


def test_a_clicked_link_opens_the_window_with_it_and_brings_no_arguments_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[argparse.Namespace] = []

    def tray(arguments: argparse.Namespace) -> int:
        seen.append(arguments)
        return 0

    monkeypatch.setattr(program, "_tray", tray)
    link = "hivemind://pool.example:50052/join?ca=00&token=t"
    assert program.main([link, "--runtime", "process", "run"]) == 0
    assert program.main([]) == 0
    assert [(one.link, one.runtime) for one in seen] == [(link, None), ("", None)]
