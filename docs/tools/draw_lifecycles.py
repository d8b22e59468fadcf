"""Draws docs/lifecycles.md from the tables in core.domain. Run it after a table has changed:

python docs/tools/draw_lifecycles.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "lifecycles.md"


def page() -> str:
    """Return the whole page, the same text each time."""
    from core.domain.attempt import ATTEMPT_TABLE
    from core.domain.node import ADMIN_TABLE, HEALTH_TABLE
    from core.domain.subtask import SUBTASK_TABLE
    from core.domain.task import TASK_TABLE

    parts = [
        "# Lifecycles\n\nDrawn from the tables in `core/domain` by `python docs/tools/draw_lifecycles.py`; "
        "a test fails when this page is out of date.\n"
    ]
    for table in (TASK_TABLE, SUBTASK_TABLE, ATTEMPT_TABLE, ADMIN_TABLE, HEALTH_TABLE):
        parts.append(f"## {table.name.capitalize()}\n\n```mermaid\n{table.mermaid()}```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
