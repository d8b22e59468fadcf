"""A set of packages has one name, which every part of it decides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from worker_app.agent.ports.sandbox import LocalFile, Packages
from worker_app.execution.packages import packages_key

A = LocalFile(path="a.whl", local=Path("x"), size_bytes=1, sha256="1")
B = LocalFile(path="b.whl", local=Path("y"), size_bytes=1, sha256="2")


def test_the_order_of_wheels_does_not_matter_and_everything_else_does() -> None:
    key = packages_key("image", "x86_64", "owner", Packages(wheels=(A, B)))
    assert packages_key("image", "x86_64", "owner", Packages(wheels=(B, A))) == key
    others = [
        packages_key("other", "x86_64", "owner", Packages(wheels=(A, B))),
        packages_key("image", "arm64", "owner", Packages(wheels=(A, B))),
        packages_key("image", "x86_64", "else", Packages(wheels=(A, B))),
        packages_key("image", "x86_64", "owner", Packages(wheels=(A,))),
        packages_key("image", "x86_64", "owner", Packages(wheels=(A, replace(B, sha256="3")))),
    ]
    assert key not in others
    assert len(set(others)) == 5
