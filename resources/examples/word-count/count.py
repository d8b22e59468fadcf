"""Counts the words of this subtask's lines."""

import collections
import json
import os
import re
from pathlib import Path

item = json.loads(Path(os.environ["HIVEMIND_ITEM"]).read_text(encoding="utf-8"))
lines = (Path(os.environ["HIVEMIND_ITEM"]).parent / "lines.txt").read_text(encoding="utf-8")
counts = collections.Counter(re.findall(r"[a-z]+(?:'[a-z]+)?", lines.lower()))
result = {"lines": len(lines.splitlines()), "words": sum(counts.values()), "counts": counts}
out = Path(os.environ.get("HIVEMIND_OUT", "out"))
out.mkdir(exist_ok=True)
(out / "counts.json").write_text(json.dumps(result), encoding="utf-8")
where = item["items"][0]
print(f"lines {where['first']} to {where['last']}: {result['words']} words, {len(counts)} different ones")
