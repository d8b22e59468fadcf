"""What a merge is told of the subtasks that left nothing."""

from __future__ import annotations

import json

from core.domain.bundle import FileEntry
from core.domain.spec import SplitMode, SplitSpec, TaskSpec
from worker_app.agent.inputs import missing_parts


def test_a_merge_is_told_which_subtasks_left_nothing() -> None:
    spec = TaskSpec(split=SplitSpec(mode=SplitMode.COUNT, item_count=5))
    entry = FileEntry(path="out/a", size=1, sha256="5" * 64, blob="5" * 64)
    told = missing_parts(spec, [(0, entry), (3, entry), (3, entry)])
    assert {name: json.loads(content) for name, content in told.items()} == {"missing.json": [1, 2, 4]}
