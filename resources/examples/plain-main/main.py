"""Just a program: no manifest, no package. What it prints is the log, what it writes is the result."""
# ruff: noqa: B905, RUF007

LIMIT = 200_000

sieve = bytearray([1]) * LIMIT
sieve[0:2] = b"\0\0"
for number in range(2, int(LIMIT**0.5) + 1):
    if sieve[number]:
        sieve[number * number :: number] = bytes(len(range(number * number, LIMIT, number)))
primes = [number for number in range(LIMIT) if sieve[number]]
gaps = {}
for smaller, larger in zip(primes, primes[1:]):
    gaps[larger - smaller] = gaps.get(larger - smaller, 0) + 1

with open("prime_gaps.csv", "w", encoding="utf-8") as table:
    table.write("gap,count\n")
    for gap in sorted(gaps):
        table.write(f"{gap},{gaps[gap]}\n")

print(f"There are {len(primes)} primes below {LIMIT}; the largest gap between two of them is {max(gaps)}.")
for gap in sorted(gaps)[:10]:
    print(f"{gap:4} {'#' * (gaps[gap] // 60)} {gaps[gap]}")
