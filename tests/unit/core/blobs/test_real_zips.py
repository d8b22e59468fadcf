"""Zips as the programs that people have really write them: 7-Zip itself, macOS, Windows in Traditional Chinese."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import unicodedata
import zipfile
import zlib
from pathlib import Path

import pytest

from core.blobs.bundler import keep_zip
from core.blobs.listing import list_zip
from core.blobs.store import BlobStore
from core.manifest.files import StoredFiles
from tests.support.engine import absent

FILES = {"main.py": b"print(1)\n", "資料/許功蓋.csv": b"a,b\n1,2\n" * 100, "empty.txt": b""}


def kept(path: Path, folder: Path) -> dict[str, bytes]:
    """Return what a bundle of this zip holds."""
    listing = list_zip(path)
    assert listing.problems == []
    store = BlobStore(folder / "store")
    files = StoredFiles(store, keep_zip(path, listing, store).entries)
    return {fact.path: b"".join(files.pieces(fact.path)) for fact in files.facts()}


def seven_zip(folder: Path, name: str, *options: str) -> Path:
    program = shutil.which("7z")
    if program is None:
        absent("p7zip-full is not installed")
    source = folder / "task"
    for path, content in FILES.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_bytes(content)
    command = [str(program), "a", *options, str(folder / name), "."]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    return folder / name


@pytest.mark.parametrize("method", ["Deflate", "BZip2", "LZMA", "Copy"])
def test_a_zip_of_7_zip_is_read_whole(tmp_path: Path, method: str) -> None:
    assert kept(seven_zip(tmp_path, "a.zip", "-tzip", f"-mm={method}"), tmp_path) == FILES


def test_a_method_of_7_zip_that_is_not_read_is_named(tmp_path: Path) -> None:
    listing = list_zip(seven_zip(tmp_path, "a.zip", "-tzip", "-mm=Deflate64"))
    assert {problem.code for problem in listing.problems} == {"ZIP_METHOD"}
    assert "Deflate" in listing.problems[0].fix


def test_a_7z_archive_is_no_zip_and_said_so(tmp_path: Path) -> None:
    listing = list_zip(seven_zip(tmp_path, "a.7z", "-t7z"))
    (problem,) = listing.problems
    assert problem.code == "ZIP_BROKEN"
    assert problem.fix


def windows_zip(path: Path) -> None:
    """As Explorer writes it: made by FAT, names in the code page of the system, no flag for UTF-8."""
    body, directory = io.BytesIO(), io.BytesIO()
    for name, content in FILES.items():
        raw = name.encode("cp950")
        packed = zlib.compressobj(wbits=-15)
        data = packed.compress(content) + packed.flush()
        common = struct.pack(
            "<HHHHHIIIHH", 20, 0, 8, 0x6000, 0x5921, zlib.crc32(content), len(data), len(content), len(raw), 0
        )
        offset = body.tell()
        body.write(b"PK\x03\x04" + common + raw + data)
        directory.write(b"PK\x01\x02\x14\x00" + common + struct.pack("<HHHII", 0, 0, 0, 0x20, offset) + raw)
    start = body.tell()
    body.write(directory.getvalue())
    body.write(b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 3, 3, len(directory.getvalue()), start, 0))
    path.write_bytes(body.getvalue())


def test_a_zip_of_windows_in_traditional_chinese_is_read_whole(tmp_path: Path) -> None:
    windows_zip(tmp_path / "a.zip")
    assert kept(tmp_path / "a.zip", tmp_path) == FILES
    assert any("CP950" in change for change in list_zip(tmp_path / "a.zip").changes)


class _Pipe(io.RawIOBase):
    """A target that cannot seek, so that sizes follow their content, as macOS writes them."""

    def __init__(self) -> None:
        self.content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        self.content += memoryview(content)  # type: ignore[arg-type]
        return len(memoryview(content))  # type: ignore[arg-type]


def test_a_zip_of_macos_is_read_whole(tmp_path: Path) -> None:
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in FILES.items():
            decomposed = unicodedata.normalize("NFD", f"my task/{name}")
            archive.writestr(decomposed, content)
            folder, _, last = decomposed.rpartition("/")
            archive.writestr(f"__MACOSX/{folder}/._{last}", b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X")
        archive.writestr("my task/.DS_Store", b"\0\0\0\1Bud1")
    (tmp_path / "a.zip").write_bytes(bytes(pipe.content))
    assert kept(tmp_path / "a.zip", tmp_path) == FILES
