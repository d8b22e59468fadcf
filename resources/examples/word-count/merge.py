"""Adds the counts of all slices into out/words.csv and prints the most frequent words."""

import collections
import csv
import json
import os
from pathlib import Path

out = Path(os.environ.get("HIVEMIND_OUT", "out"))
parts = Path(os.environ.get("HIVEMIND_PARTS", out.parent / "parts"))
total = collections.Counter()
lines = 0
for path in sorted(parts.rglob("counts.json")):
    part = json.loads(path.read_text(encoding="utf-8"))
    total.update(part["counts"])
    lines += part["lines"]
out.mkdir(exist_ok=True)
ranked = sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))
with open(out / "words.csv", "w", newline="", encoding="utf-8") as table:
    writer = csv.writer(table)
    writer.writerow(["word", "count"])
    writer.writerows(ranked)
print(f"{sum(total.values())} words in {lines} lines, {len(total)} different ones")
for word, count in ranked[:10]:
    print(f"{word:>12} {count:4} {'#' * count}")
