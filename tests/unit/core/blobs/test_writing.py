"""Uploads in pieces: they go on where they broke, and what is not what its name says is dropped."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.blobs import writing
from core.blobs.store import BlobStore
from core.blobs.writing import PartialBlob
from core.domain.errors import Busy, Invalid, TooLarge

CONTENT = b"content of a blob" * 1000
NAME = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


def test_an_upload_goes_on_where_it_broke(store: BlobStore) -> None:
    first = store.receive(NAME, len(CONTENT))
    first.write(CONTENT[:5000])
    with pytest.raises(Busy):
        store.receive(NAME, len(CONTENT))
    first.close()
    assert BlobStore(store.root).partial_size(NAME) == 5000
    second = store.receive(NAME, len(CONTENT))
    assert second.offset == 5000
    second.write(CONTENT[5000:])
    second.commit()
    assert store.read(NAME, 0, len(CONTENT)) == CONTENT and store.partial_size(NAME) == 0


@pytest.mark.parametrize("restarted", [True, False])
def test_an_upload_that_changed_on_the_disk_between_its_pieces_is_dropped(
    store: BlobStore, restarted: bool
) -> None:
    first = store.receive(NAME, len(CONTENT))
    first.write(CONTENT[:5000])
    first.close()
    path = store.root / "partial" / NAME
    path.write_bytes(bytes(5000))
    os.utime(path, ns=(0, 0))  # a clock of the file system may be too coarse to tell the two writes apart
    second = (BlobStore(store.root) if restarted else store).receive(NAME, len(CONTENT))
    second.write(CONTENT[5000:])
    with pytest.raises(Invalid):
        second.commit()
    second.close()
    assert not store.has(NAME) and store.partial_size(NAME) == 0


def test_an_upload_of_many_pieces_is_not_read_again_at_its_end(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PartialBlob, "_file_digest", lambda _upload: pytest.fail("it was read again"))
    for start in range(0, len(CONTENT), 1000):
        upload = store.receive(NAME, len(CONTENT))
        upload.write(CONTENT[start : start + 1000])
        if upload.offset == len(CONTENT):
            upload.commit()
        upload.close()
    assert store.read(NAME, 0, len(CONTENT)) == CONTENT


def test_an_upload_of_something_else_is_dropped(store: BlobStore) -> None:
    upload = store.receive(NAME, 4)
    with pytest.raises(TooLarge):
        upload.write(b"12345")
    upload.write(b"1234")
    with pytest.raises(Invalid):
        upload.commit()
    upload.close()
    assert not store.has(NAME) and store.partial_size(NAME) == 0


@pytest.mark.parametrize("short", [False, True])
def test_pieces_are_kept_in_order_whatever_the_system_takes_at_once(
    store: BlobStore, short: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def writev(descriptor: int, buffers: Sequence[bytes]) -> int:
        return os.write(descriptor, b"".join(buffers)[:3_000])

    if short:
        monkeypatch.setattr(os, "writev", writev)
    pieces = [bytes([number]) * (1_000 + number) for number in range(60)]
    content = b"".join(pieces)
    name = hashlib.sha256(content).hexdigest()
    upload = store.receive(name, len(content))
    for first, last in ((0, 1), (1, 1), (1, 9), (9, 40), (40, 60)):
        upload.write_all(pieces[first:last])
        assert upload.offset == sum(map(len, pieces[:last]))
    with pytest.raises(TooLarge):
        upload.write_all([b"x"])
    upload.commit()
    assert store.read(name, 0, len(content)) == content


def test_what_was_handed_to_the_disk_early_is_the_same_file(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "WRITE_BACK_BYTES", 1_000)
    with store.writer() as writer:
        for number in range(20):
            writer.write(bytes([number]) * 700)
        name, size = writer.finish()
    assert size == 14_000 and BlobStore(store.root).is_sound(name)
