"""Simulates how a rumour spreads among people who meet at random, and writes a line for each run.

The seed is the subtask's number: the same task gives the same numbers, whichever node computes which part.
"""

import csv
import os
import random
import sys
from pathlib import Path

part, runs, people = (int(word) for word in sys.argv[1:4])
chance = random.Random(part)


def one_run():
    """Return how many heard it in the end, and after how many meetings nobody told it any more."""
    heard, telling, meetings = {0}, [0], 0
    while telling:
        meetings += 1
        teller, other = chance.choice(telling), chance.randrange(people)
        if other in heard:
            telling.remove(teller)
        else:
            heard.add(other)
            telling.append(other)
    return len(heard), meetings


out = Path(os.environ.get("HIVEMIND_OUT", "out"))
with open(out / "runs.csv", "w", newline="", encoding="utf-8") as table:
    rows = csv.writer(table)
    for number in range(runs):
        rows.writerow([part, number, *one_run()])
        if number % 10 == 9:
            print(f"hivemind_progress: {100 * (number + 1) / runs:.0f}", flush=True)
