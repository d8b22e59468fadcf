"""What a task is called that does not say it: as its zip or folder is."""

from __future__ import annotations

import pytest

from core.manifest.overrides import apply_overrides
from core.manifest.tables import Lines, Problems


def name(given: dict[str, object], task: dict[str, str] | None = None) -> str:
    data: dict[str, object] = {"task": task} if task is not None else {}
    problems = Problems(Lines(""))
    apply_overrides(data, given, problems)
    assert problems.found == []
    found = data.get("task")
    return str(found.get("name", "")) if isinstance(found, dict) else ""


@pytest.mark.parametrize(
    ("file_name", "called"),
    [
        ("night run.zip", "night run"),
        ("D:\\data\\相片.ZIP", "相片"),
        ("/data/photos/", "photos"),
        ("a\x00b\n.zip", "a b"),
        (".zip", ""),
        ("x" * 300 + ".zip", "x" * 128),
    ],
)
def test_a_task_without_a_name_is_called_as_its_file(file_name: str, called: str) -> None:
    assert name({"file_name": file_name}) == called


def test_a_name_that_was_given_wins() -> None:
    assert name({"file_name": "a.zip"}, {"name": "mine"}) == "mine"
    assert name({"task_name": "chosen", "file_name": "a.zip"}) == "chosen"
    assert name({"file_name": "a.zip", "task_name": "chosen"}) == "chosen"
