"""Draws one stretch of the film: waves that meet, as JPEG frames, one after another in one file."""

import argparse
import io
from pathlib import Path

import numpy
from PIL import Image

parser = argparse.ArgumentParser()
for name in ("part", "parts", "frames", "height"):
    parser.add_argument(f"--{name}", type=int, required=True)
given = parser.parse_args()

height, width = given.height, given.height * 16 // 9
y, x = numpy.mgrid[0:height, 0:width] / height
first = given.frames * given.part // given.parts
last = given.frames * (given.part + 1) // given.parts
with open(Path("out") / f"frames-{given.part:05}.mjpeg", "wb") as film:
    for frame in range(first, last):
        turn = 2 * numpy.pi * frame / given.frames
        waves = sum(
            numpy.sin(40 * numpy.hypot(x - 0.9 - 0.5 * numpy.cos(turn + at), y - 0.5 - 0.3 * numpy.sin(2 * turn + at)) - 6 * turn)
            for at in (0.0, 2.1, 4.2)
        )
        colour = numpy.stack([waves + 1, waves * 0.6 + 1.4, 2.6 - waves * 0.5], axis=-1)
        picture = Image.fromarray((colour.clip(0, 3) * 85).astype("uint8"), "RGB")
        packed = io.BytesIO()
        picture.save(packed, "JPEG", quality=85)
        film.write(packed.getbuffer().nbytes.to_bytes(4, "big") + packed.getvalue())
        print(f"hivemind_progress: {100 * (frame - first + 1) / (last - first):.0f}", flush=True)
