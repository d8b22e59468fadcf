"""Tasks of many kinds, as manifests."""

from __future__ import annotations

import random


def manifest(chance: random.Random, *, short: bool = False, merge: bool = False, lease_s: int = 0) -> str:
    """Return the manifest of a task of some kind. There are few, so that each is read once a process."""
    count = chance.choice((20, 60)) if short else chance.choice((1, 1, 3, 5, 8))
    lease_s = lease_s or chance.choice((60, 60, 120, 600))
    lines = ["schema = 1", "[task]", 'name = "sim"', f'lease = "{lease_s}s"']
    lines += ["[run]", 'command = ["python", "main.py"]', f'timeout = "{chance.choice((10, 60))}m"']
    if chance.random() < 0.2:
        lines.append('isolation = "subtask"')
    lines += ["[resources]", "cpu_cores = 1.0", "memory_gb = 1.0", "disk_gb = 1.0"]
    if chance.random() < 0.3:
        lines.append("on_oom_memory_gb = [2.0, 4.0]")
    lines += ["[split]", 'mode = "count"', f"count = {count}"]
    if chance.random() < 0.2:
        lines.append("max_parallel = 2")
    lines += ["[retry]", f"user = {chance.choice((0, 2, 5))}", f"infra = {chance.choice((5, 50))}"]
    limits = ['max_failed = "50%"'] if chance.random() < 0.5 else []
    if chance.random() < 0.15:
        limits.append('max_credits = "2.0"')
    if chance.random() < 0.1:
        limits.append('deadline = "20m"')
    if limits:
        lines += ["[limits]", *limits]
    if chance.random() < 0.4 or merge:
        lines += ["[merge]", 'command = ["python", "merge.py"]', "memory_gb = 1.0"]
        if chance.random() < 0.3:
            lines.append("min_success = 0.5")
    return "\n".join(lines) + "\n"
