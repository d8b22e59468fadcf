"""Computes pi by the series of the Chudnovsky brothers, 14 digits a term.

Exit code 85 means: keep my checkpoint and start me again. The state of the series is all that a checkpoint needs.
"""

import json
import math
import os
import sys
from pathlib import Path

CHECKPOINT_EXIT = 85
SPARE = 20


def main():
    digits, stages = int(sys.argv[1]), int(sys.argv[2])
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)
    terms = digits // 14 + 2
    folder = Path(os.environ.get("HIVEMIND_CHECKPOINT", "checkpoint"))
    folder.mkdir(exist_ok=True)
    saved = folder / "state.json"
    unit = 10 ** (digits + SPARE)
    if saved.exists():
        state = json.loads(saved.read_text(encoding="utf-8"))
        k, a, total_a, total_b = state["k"], int(state["a"]), int(state["total_a"]), int(state["total_b"])
        print(f"going on from term {k}")
    else:
        k, a, total_a, total_b = 0, unit, unit, 0
    until = min(terms, k + -(-terms // stages))
    while k < until:
        k += 1
        a = a * -((6 * k - 5) * (2 * k - 1) * (6 * k - 1)) // (k**3 * 640320**3 // 24)
        total_a += a
        total_b += k * a
        if k % 20 == 0 or k == until:
            print(f"hivemind_progress: {100 * k / terms:.1f}", flush=True)
    if k < terms:
        state = {"k": k, "a": str(a), "total_a": str(total_a), "total_b": str(total_b)}
        fresh = saved.with_suffix(".new")
        fresh.write_text(json.dumps(state), encoding="utf-8")
        os.replace(fresh, saved)
        print(f"hivemind_status: {k} of {terms} terms are saved", flush=True)
        sys.exit(CHECKPOINT_EXIT)
    root = math.isqrt(10005 * unit * unit)
    pi = 426880 * root * unit // (13591409 * total_a + 545140134 * total_b)
    text = str(pi)[: digits + 1]
    out = Path(os.environ.get("HIVEMIND_OUT", "out"))
    out.mkdir(exist_ok=True)
    (out / "pi.txt").write_text(f"{text[0]}.{text[1:]}\n", encoding="utf-8")
    print(f"{digits} digits of pi, the last ten: {text[-10:]}")


if __name__ == "__main__":
    main()
