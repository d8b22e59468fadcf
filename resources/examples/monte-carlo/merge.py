"""Merges: the mean of all runs and how sure it is."""

import csv
import math
import os
import statistics
from pathlib import Path

parts = Path(os.environ.get("HIVEMIND_PARTS", "/work/parts"))
rows = [row for path in sorted(parts.glob("*/out/runs.csv")) for row in csv.reader(path.open(encoding="utf-8"))]
out = Path(os.environ.get("HIVEMIND_OUT", "out"))
with open(out / "summary.csv", "w", newline="", encoding="utf-8") as table:
    writer = csv.writer(table)
    writer.writerow(["figure", "mean", "standard error", "runs"])
    for name, column in (("people who heard it", 2), ("meetings", 3)):
        values = [float(row[column]) for row in rows]
        error = statistics.stdev(values) / math.sqrt(len(values))
        writer.writerow([name, f"{statistics.mean(values):.3f}", f"{error:.3f}", len(values)])
        print(f"{name}: {statistics.mean(values):.2f} ± {error:.2f} over {len(values)} runs")
