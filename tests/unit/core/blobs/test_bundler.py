"""What goes into the store comes out again, byte for byte."""

from __future__ import annotations

import hashlib
import io
import os
import random
import zipfile
from pathlib import Path

import pytest

from core.blobs.bundler import folder_files, keep_folder, keep_zip, list_zip, pack_folder, stream_zip
from core.blobs.store import BlobStore
from core.domain.bundle import OWN_BLOB_BYTES, PACK_BYTES, FileEntry, entries_from_lines

FILES = {
    "main.py": b"print(1)\n",
    "data/large.bin": bytes(range(256)) * 6000,
    "data/empty": b"",
    "data/中文.txt": "內容".encode(),
    **{f"small/{number:03}": random.Random(number).randbytes(900_000) for number in range(20)},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "task"
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / "main.py").chmod(0o755)
    (root / "__pycache__").mkdir()
    (root / "__pycache__" / "main.pyc").write_bytes(b"x")
    os.symlink("/etc/passwd", root / "link")
    return root


def _content(store: BlobStore, entry: FileEntry) -> bytes:
    return store.read(entry.blob, entry.offset, entry.size)


def test_a_zip_and_its_folder_are_the_same_bundle(folder: Path, tmp_path: Path) -> None:
    store = BlobStore(tmp_path / "store")
    assert pack_folder(folder, tmp_path / "a.zip") == len(FILES)
    kept = keep_zip(tmp_path / "a.zip", list_zip(tmp_path / "a.zip"), store)
    assert kept.bundle_id == keep_folder(folder, store).bundle_id
    assert {entry.path: _content(store, entry) for entry in kept.entries} == FILES
    index = store.read(kept.bundle_id, 0, 1 << 20)
    assert tuple(entries_from_lines(index.splitlines())) == kept.entries
    assert [entry.path for entry in kept.entries if entry.mode & 0o111] == ["main.py"]
    for entry in kept.entries:
        assert hashlib.sha256(_content(store, entry)).hexdigest() == entry.sha256
        assert (entry.blob == entry.sha256 and entry.offset == 0) or entry.size < OWN_BLOB_BYTES
    assert all((store.size(blob) or 0) <= PACK_BYTES for blob in kept.blobs)
    assert set(kept.blobs) == {name for name, _, _ in store.names()}


def test_a_file_older_than_zip_is_packed_too(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "main.py").write_bytes(b"print(1)\n")
    os.utime(tmp_path / "old" / "main.py", (0, 0))
    assert pack_folder(tmp_path / "old", tmp_path / "old.zip") == 1


def test_folder_files_come_in_path_order_without_links_and_caches(folder: Path) -> None:
    assert [name for _, name in folder_files(folder)] == sorted(FILES)


def test_a_result_is_streamed_in_small_pieces_with_utf8_names() -> None:
    pieces = ([b"x" * 65536] * 100, [b"\xe5" * 10])
    stream = stream_zip([("0/大.bin", 0o644, pieces[0]), ("1/b", 0o755, pieces[1])])
    sent = list(stream)
    assert max(map(len, sent)) <= 65536
    with zipfile.ZipFile(io.BytesIO(b"".join(sent))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["0/大.bin", "1/b"]
        assert archive.read("0/大.bin") == b"x" * 6_553_600
