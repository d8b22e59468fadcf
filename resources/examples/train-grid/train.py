"""Trains a network with one hidden layer to tell two spirals apart; plain Python, stochastic gradient descent."""
# ruff: noqa: B905

import argparse
import json
import math
import os
import random
from pathlib import Path

POINTS = 160


def spirals(chance):
    """Return (x, y, label) of two spirals that wind around each other."""
    points = []
    for number in range(POINTS):
        label = number % 2
        turn = 0.5 + 3.5 * (number // 2) / (POINTS // 2)
        angle = turn + math.pi * label
        noise = chance.gauss(0, 0.04)
        points.append((turn / 4 * math.cos(angle) + noise, turn / 4 * math.sin(angle) + noise, label))
    return points


def forward(weights, x, y):
    first, second = weights
    hidden = [math.tanh(a * x + b * y + c) for a, b, c in first]
    total = second[-1] + sum(w * h for w, h in zip(second, hidden))
    return hidden, 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))


def train(rate, size, epochs, chance, points):
    first = [[chance.gauss(0, 2) for _ in range(3)] for _ in range(size)]
    second = [chance.gauss(0, 0.5) for _ in range(size + 1)]
    curve = []
    for epoch in range(epochs):
        chance.shuffle(points)
        loss = 0.0
        for x, y, label in points:
            hidden, guess = forward((first, second), x, y)
            loss -= math.log(max(1e-12, guess if label else 1 - guess))
            error = guess - label
            for row, (value, weight) in zip(first, zip(hidden, second[:-1])):
                slope = error * weight * (1 - value * value)
                row[0] -= rate * slope * x
                row[1] -= rate * slope * y
                row[2] -= rate * slope
            for place, value in enumerate(hidden):
                second[place] -= rate * error * value
            second[-1] -= rate * error
        curve.append(loss / len(points))
        if epoch % 10 == 9 or epoch == epochs - 1:
            print(f"hivemind_progress: {100 * (epoch + 1) / epochs:.1f}")
            print(f"hivemind_metric: loss={curve[-1]:.5f}", flush=True)
    right = sum((forward((first, second), x, y)[1] > 0.5) == bool(label) for x, y, label in points)
    return curve, right / len(points)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--hidden", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    given = parser.parse_args()
    points = spirals(random.Random(1))
    curve, accuracy = train(given.rate, given.hidden, given.epochs, random.Random(given.seed), points)
    out = Path(os.environ.get("HIVEMIND_OUT", "out"))
    out.mkdir(exist_ok=True)
    result = {**vars(given), "loss": curve[-1], "accuracy": accuracy, "curve": curve}
    (out / "result.json").write_text(json.dumps(result), encoding="utf-8")
    print(f"rate {given.rate}, {given.hidden} hidden: loss {curve[-1]:.4f}, accuracy {accuracy:.1%}")


if __name__ == "__main__":
    main()
