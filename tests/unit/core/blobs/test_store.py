"""The store keeps what it took, serves nothing else, and loses nothing when the disk ends."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from core.blobs.store import BlobStore, is_sha256
from core.domain.errors import Invalid, NotFound, StorageFull

CONTENT = b"content of a blob" * 1000
NAME = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "store")


def test_what_was_put_is_there_after_a_restart(store: BlobStore) -> None:
    assert store.put(CONTENT) == NAME
    again = BlobStore(store.root)
    assert again.has(NAME) and again.size(NAME) == len(CONTENT)
    assert again.read(NAME, 3, 5) == CONTENT[3:8]
    assert b"".join(again.pieces(NAME, 10, 100)) == CONTENT[10:110]


def test_an_aborted_writer_leaves_nothing(store: BlobStore) -> None:
    with store.writer() as writer:
        writer.write(CONTENT)
    assert not store.has(NAME) and list((store.root / "tmp").iterdir()) == []


def test_a_wrong_announced_digest_is_refused(store: BlobStore) -> None:
    writer = store.writer()
    writer.write(CONTENT)
    with pytest.raises(Invalid):
        writer.finish("0" * 64)
    assert list((store.root / "tmp").iterdir()) == [] and not store.has(NAME)


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", NAME.upper(), NAME[:-1], NAME + "\n"])
def test_names_from_outside_never_become_paths(store: BlobStore, name: str) -> None:
    assert not is_sha256(name)
    with pytest.raises(NotFound):
        store.open(name)
    with pytest.raises(NotFound):
        store.receive(name, 1)


def test_a_damaged_blob_is_never_served_and_can_be_sent_again(store: BlobStore) -> None:
    store.put(CONTENT)
    path = store.path(NAME)
    path.write_bytes(b"X" + CONTENT[1:])
    for opened in (store, BlobStore(store.root)):
        path.write_bytes(b"X" + CONTENT[1:])
        with pytest.raises(NotFound) as refused:
            opened.read(NAME, 0, 10)
        assert refused.value.code == "BLOB_DAMAGED"
        assert not opened.has(NAME)
    assert len(list((store.root / "damaged").iterdir())) == 2
    assert store.put(CONTENT) == NAME and store.read(NAME, 0, 7) == CONTENT[:7]


def test_a_blob_that_is_read_whole_is_checked_on_its_way(store: BlobStore) -> None:
    content = bytes(range(256)) * 12_000
    name = store.put(content)
    fresh = BlobStore(store.root)
    assert b"".join(fresh.whole(name)) == content
    path = store.path(name)
    path.write_bytes(b"X" + content[1:])
    for opened in (store, fresh):
        given: list[bytes] = []
        with pytest.raises(NotFound) as refused:
            given.extend(opened.whole(name))
        assert refused.value.code == "BLOB_DAMAGED"
        assert len(b"".join(given)) < len(content), "nobody gets all of a damaged blob"
        assert not opened.has(name)
        path.write_bytes(b"X" + content[1:])
    with pytest.raises(NotFound):
        list(store.whole("0" * 64))


def test_sweep_takes_only_what_is_stale(store: BlobStore) -> None:
    store.put(CONTENT)
    old, new = store.root / "tmp" / "old", store.root / "partial" / ("a" * 64)
    old.write_bytes(b"")
    new.write_bytes(b"")
    os.utime(old, (1, 1))
    assert store.sweep(3600) == 1
    assert not old.exists() and new.exists() and store.has(NAME)


def test_many_threads_keep_the_same_blobs(store: BlobStore) -> None:
    contents = [bytes([number]) * 10_000 for number in range(20)]
    threads = [threading.Thread(target=lambda: [store.put(content) for content in contents]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(store.names())) == 20
    assert all(store.verify(name) for name, _, _ in store.names())


def test_a_full_disk_is_said_and_damages_nothing(store: BlobStore) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    store.put(CONTENT)
    partial = store.root / "partial" / ("b" * 64)
    partial.symlink_to("/dev/full")
    upload = store.receive("b" * 64, 100)
    with pytest.raises(StorageFull):
        upload.write(b"x" * 100)
    upload.close()
    assert store.read(NAME, 0, len(CONTENT)) == CONTENT
