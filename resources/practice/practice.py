"""Counts primes for a dozen seconds, so that a new provider sees work, progress, a log and an earning."""

import time
from pathlib import Path

SECONDS = 12
STEP = 20_000


def main():
    print("A practice subtask: it counts primes, as long as a kettle takes to begin to sing.", flush=True)
    began = time.monotonic()
    primes, number, told = 0, 2, -1
    while (passed := time.monotonic() - began) < SECONDS:
        for candidate in range(number, number + STEP):
            primes += all(candidate % divisor for divisor in range(2, int(candidate**0.5) + 1))
        number += STEP
        if int(passed) > told:
            told = int(passed)
            print(f"hivemind_progress: {min(99, 100 * passed / SECONDS):.0f}", flush=True)
            print(f"{primes} primes below {number}", flush=True)
    Path("out").mkdir(exist_ok=True)
    Path("out/primes.txt").write_text(f"{primes} primes below {number}\n", encoding="utf-8")
    print("hivemind_progress: 100", flush=True)
    print("Done. What this earned is explained on the page of earnings.", flush=True)


if __name__ == "__main__":
    main()
