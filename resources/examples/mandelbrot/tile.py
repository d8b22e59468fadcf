"""Computes one horizontal band of the picture and writes its pixels, compressed, to out/."""
# ruff: noqa: B905, RUF007

import argparse
import math
import os
import zlib
from pathlib import Path

try:
    import numpy
except ImportError:  # a node with nothing but Python computes the same picture, more slowly
    numpy = None

CENTRE_X, CENTRE_Y, SPAN = -0.7436, 0.1318, 0.0065
#: Colours of the gradient, as (place, red, green, blue).
STOPS = [
    (0.0, 8, 12, 48),
    (0.16, 32, 107, 203),
    (0.42, 237, 250, 255),
    (0.64, 255, 170, 0),
    (0.86, 96, 16, 32),
    (1.0, 8, 12, 48),
]


def palette(size=2048):
    """Return the gradient as a list of colours, to be used round and round."""
    colours = []
    for number in range(size):
        place = number / size
        for (low, *first), (high, *second) in zip(STOPS, STOPS[1:]):
            if low <= place < high:
                share = (place - low) / (high - low)
                colours.append(tuple(round(a + (b - a) * share) for a, b in zip(first, second)))
                break
    return colours


def shade(steps, magnitude):
    """Return the smooth place of a point in the gradient."""
    return math.sqrt(max(0.0, steps + 1 - math.log(math.log(magnitude) / 2, 2))) * 150


def row_plain(real, imaginary, iterations, colours):
    """Return the pixels of one row, with Python alone."""
    pixels = bytearray()
    for x in real:
        zx = zy = 0.0
        for steps in range(iterations):
            square_x, square_y = zx * zx, zy * zy
            if square_x + square_y > 256.0:
                pixels += bytes(colours[int(shade(steps, square_x + square_y)) % len(colours)])
                break
            zy = 2.0 * zx * zy + imaginary
            zx = square_x - square_y + x
        else:
            pixels += b"\0\0\0"
    return bytes(pixels)


def row_numpy(real, imaginary, iterations, colours):
    """Return the pixels of one row, all at once."""
    points = numpy.asarray(real) + 1j * imaginary
    places = numpy.full(points.shape, -1.0)
    z = numpy.zeros_like(points)
    inside = numpy.arange(points.size)
    for steps in range(iterations):
        size = z.real**2 + z.imag**2
        out = size > 256.0
        if out.any():
            smooth = steps + 1 - numpy.log2(numpy.log(size[out]) / 2)
            places[inside[out]] = numpy.sqrt(numpy.maximum(0.0, smooth)) * 150
            inside, z, points = inside[~out], z[~out], points[~out]
            if not inside.size:
                break
        z = z * z + points
    table = numpy.asarray(colours, dtype=numpy.uint8)
    pixels = table[places.astype(int) % len(colours)]
    pixels[places < 0] = 0
    return pixels.tobytes()


def main():
    parser = argparse.ArgumentParser()
    for name in ("index", "count", "width", "height", "iterations"):
        parser.add_argument(f"--{name}", type=int, required=True)
    given = parser.parse_args()
    first = given.height * given.index // given.count
    last = given.height * (given.index + 1) // given.count
    scale = SPAN / given.width
    real = [CENTRE_X + (x - given.width / 2) * scale for x in range(given.width)]
    colours = palette()
    row = row_plain if numpy is None else row_numpy
    packer = zlib.compressobj()
    target = Path(os.environ.get("HIVEMIND_OUT", "out")) / f"band_{given.index}.rgb"
    target.parent.mkdir(exist_ok=True)
    with open(target, "wb") as band:
        for y in range(first, last):
            pixels = row(real, CENTRE_Y + (y - given.height / 2) * scale, given.iterations, colours)
            band.write(packer.compress(b"\0" + pixels))  # 0: this row is stored as it is (PNG filter "none")
            print(f"hivemind_progress: {100 * (y - first + 1) / (last - first):.1f}", flush=True)
        band.write(packer.flush())
    print(f"rows {first} to {last - 1} are done")


if __name__ == "__main__":
    main()
