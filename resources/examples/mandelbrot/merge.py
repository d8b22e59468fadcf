"""Joins the bands into out/mandelbrot.png. A PNG is a few headers around compressed rows: zlib is enough."""

import argparse
import os
import struct
import zlib
from pathlib import Path


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--height", type=int, required=True)
    given = parser.parse_args()
    out = Path(os.environ.get("HIVEMIND_OUT", "out"))
    parts = Path(os.environ.get("HIVEMIND_PARTS", out.parent / "parts"))
    bands = sorted(parts.rglob("band_*.rgb"), key=lambda path: int(path.stem.partition("_")[2]))
    packer = zlib.compressobj(9)
    out.mkdir(exist_ok=True)
    rows = 0
    with open(out / "mandelbrot.png", "wb") as picture:
        picture.write(b"\x89PNG\r\n\x1a\n")
        picture.write(chunk(b"IHDR", struct.pack(">IIBBBBB", given.width, given.height, 8, 2, 0, 0, 0)))
        for number, band in enumerate(bands, start=1):
            pixels = zlib.decompress(band.read_bytes())
            rows += len(pixels) // (3 * given.width + 1)
            packed = packer.compress(pixels)
            if packed:
                picture.write(chunk(b"IDAT", packed))
            print(f"hivemind_progress: {100 * number / len(bands):.1f}", flush=True)
        picture.write(chunk(b"IDAT", packer.flush()))
        picture.write(chunk(b"IEND", b""))
    if rows != given.height:
        raise SystemExit(f"hivemind_fail: {rows} rows of {given.height} have arrived")
    print(f"{len(bands)} bands merged into mandelbrot.png, {given.width} x {given.height}")


if __name__ == "__main__":
    main()
