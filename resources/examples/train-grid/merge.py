"""Writes out/results.csv, best first, and a plot of all learning curves (PNG by matplotlib, else SVG)."""

import csv
import json
import os
from pathlib import Path

COLOURS = ["#1b6ac9", "#e07a1f", "#2a9d4b", "#c23b4b", "#7a52b3", "#8a6d3b"]


def plot_png(results, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 5.5))
    for number, result in enumerate(results):
        axes.plot(result["curve"], color=COLOURS[number % len(COLOURS)], label=label(result), alpha=0.85)
    axes.set(xlabel="epoch", ylabel="loss", title="Two spirals: learning curves, best first")
    axes.grid(alpha=0.25)
    axes.legend(fontsize=7, ncols=2)
    figure.tight_layout()
    figure.savefig(path, dpi=130)


def plot_svg(results, path):
    high = max(max(result["curve"]) for result in results) or 1
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 520" font-family="sans-serif" font-size="12">',
        '<rect width="900" height="520" fill="white"/><path d="M60 20V470H640" fill="none" stroke="#888"/>',
        '<text x="60" y="500">epoch</text><text x="10" y="30">loss</text>',
    ]
    for number, result in enumerate(results):
        curve = result["curve"]
        step = 580 / max(1, len(curve) - 1)
        points = " ".join(f"{60 + i * step:.1f},{470 - 440 * value / high:.1f}" for i, value in enumerate(curve))
        colour = COLOURS[number % len(COLOURS)]
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        lines.append(f'<text x="660" y="{36 + 18 * number}" fill="{colour}">{label(result)}</text>')
    path.write_text("\n".join([*lines, "</svg>\n"]), encoding="utf-8")


def label(result):
    return f"rate {result['rate']}, {result['hidden']} hidden, seed {result['seed']}: {result['loss']:.3f}"


def main():
    out = Path(os.environ.get("HIVEMIND_OUT", "out"))
    parts = Path(os.environ.get("HIVEMIND_PARTS", out.parent / "parts"))
    results = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(parts.rglob("result.json"))]
    results.sort(key=lambda result: result["loss"])
    out.mkdir(exist_ok=True)
    with open(out / "results.csv", "w", newline="", encoding="utf-8") as table:
        writer = csv.writer(table)
        writer.writerow(["rate", "hidden", "seed", "loss", "accuracy"])
        for result in results:
            writer.writerow(
                [
                    result["rate"],
                    result["hidden"],
                    result["seed"],
                    f"{result['loss']:.5f}",
                    f"{result['accuracy']:.4f}",
                ]
            )
    try:
        plot_png(results, out / "curves.png")
    except ImportError:
        plot_svg(results, out / "curves.svg")
    print(f"best of {len(results)}: {label(results[0])}, accuracy {results[0]['accuracy']:.1%}")


if __name__ == "__main__":
    main()
