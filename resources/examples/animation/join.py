"""Merges: joins the frames of all subtasks into out/film.avi (Motion JPEG, which every player opens)."""

import io
import struct
from pathlib import Path

from PIL import Image

RATE = 24


def chunk(name, content):
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def frames():
    for path in sorted(Path("/work/parts").glob("*/out/frames-*.mjpeg"), key=lambda path: path.name):
        content = path.read_bytes()
        at = 0
        while at < len(content):
            size = int.from_bytes(content[at : at + 4], "big")
            yield content[at + 4 : at + 4 + size]
            at += 4 + size


movie, index, count, largest, at = [], [], 0, 0, 4
for picture in frames():
    count, largest = count + 1, max(largest, len(picture))
    index.append(b"00dc" + struct.pack("<III", 0x10, at, len(picture)))
    movie.append(chunk(b"00dc", picture))
    at += len(movie[-1])
with Image.open(io.BytesIO(movie[0][8:])) as first:
    width, height = first.size

main = struct.pack("<14I", 1_000_000 // RATE, largest * RATE, 0, 0x10, count, 0, 1, largest, width, height, 0, 0, 0, 0)
stream = b"vidsMJPG" + struct.pack("<IHHIIIIIIII4H", 0, 0, 0, 0, 1, RATE, 0, count, largest, 0xFFFFFFFF, 0, 0, 0, width, height)
look = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, b"MJPG", width * height * 3, 0, 0, 0, 0)
streams = chunk(b"LIST", b"strl" + chunk(b"strh", stream) + chunk(b"strf", look))
head = chunk(b"LIST", b"hdrl" + chunk(b"avih", main) + streams)
body = head + chunk(b"LIST", b"movi" + b"".join(movie)) + chunk(b"idx1", b"".join(index))
Path("out/film.avi").write_bytes(chunk(b"RIFF", b"AVI " + body))
print(f"{count} frames of {width} x {height}, {count / RATE:.1f} s, {len(body) / 1e6:.1f} MB")
