"""What this disk has spoilt is never given to an attempt: it is fetched again."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from core.blobs.cache import BlobCache
from core.blobs.store import BlobStore
from core.blobs.writing import PartialBlob
from tests.fakes.link import FakeMaster
from worker_app.agent.fetching import MAX_GATHERED, Fetching, Wanted
from worker_app.agent.pauses import Pauses

CONTENT = b"what the master has" * 500


@pytest.fixture
def master() -> FakeMaster:
    return FakeMaster()


def fetching(folder: Path, master: FakeMaster) -> tuple[Fetching, BlobStore]:
    """As after a start of the agent: nothing of the cache is known to be whole."""
    store = BlobStore(folder)
    return Fetching(master, BlobCache(store, 1 << 30), Pauses()), store


@pytest.mark.parametrize("spoilt", [b"something else" * 500, CONTENT[:-1], b""])
async def test_a_spoilt_blob_of_the_cache_is_fetched_again(
    tmp_path: Path, master: FakeMaster, spoilt: bytes
) -> None:
    sha256 = master.keep(CONTENT)
    wanted = [Wanted(sha256, len(CONTENT), sha256)]
    first, store = fetching(tmp_path, master)
    await first.ensure("a1", wanted, lambda count: None)
    assert first.has_all(wanted)
    store.path(sha256).write_bytes(spoilt)
    again, store = fetching(tmp_path, master)
    assert not again.has_all(wanted)
    came: list[int] = []
    await again.ensure("a2", wanted, came.append)
    assert store.path(sha256).read_bytes() == CONTENT and sum(came) == len(CONTENT)
    assert [file.name.partition(".")[0] for file in (tmp_path / "damaged").iterdir()] == [sha256]


async def test_a_spoilt_list_of_files_is_fetched_again(tmp_path: Path, master: FakeMaster) -> None:
    sha256 = master.keep(CONTENT)
    first, store = fetching(tmp_path, master)
    assert await first.whole("a1", sha256, 1 << 20) == CONTENT
    store.path(sha256).write_bytes(b"x")
    again, _ = fetching(tmp_path, master)
    assert await again.whole("a2", sha256, 1 << 20) == CONTENT


async def test_what_is_whole_is_not_fetched_twice(tmp_path: Path, master: FakeMaster) -> None:
    sha256 = master.keep(CONTENT)
    wanted = [Wanted(sha256, len(CONTENT), sha256)]
    first, _ = fetching(tmp_path, master)
    await first.ensure("a1", wanted, lambda count: None)
    again, _ = fetching(tmp_path, master)
    came: list[int] = []
    await again.ensure("a2", wanted, came.append)
    assert came == [] and again.has_all(wanted)


class _InPieces(FakeMaster):
    """Gives content in pieces, and notes when the third was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.given = 0
        self.ahead = threading.Event()

    async def fetch(
        self, attempt_id: str, digest: str, *, offset: int = 0, length: int = 0
    ) -> AsyncIterator[bytes]:
        content = self.blobs[digest][offset : offset + length if length else None]
        for at in range(0, len(content), 700):
            self.given += 1
            if self.given == 3:
                self.ahead.set()
            yield content[at : at + 700]


async def test_pieces_arrive_while_earlier_ones_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    master = _InPieces()
    sha256 = master.keep(CONTENT)
    fetcher, store = fetching(tmp_path, master)
    write_all, groups = PartialBlob.write_all, list[int]()

    def slow(partial: PartialBlob, pieces: Sequence[bytes]) -> None:
        assert master.ahead.wait(20), "nothing arrived while the first piece was written"
        groups.append(len(pieces))
        write_all(partial, pieces)

    monkeypatch.setattr(PartialBlob, "write_all", slow)
    came: list[int] = []
    await fetcher.ensure("a1", [Wanted(sha256, len(CONTENT), sha256)], came.append)
    assert store.path(sha256).read_bytes() == CONTENT and sum(came) == len(CONTENT)
    assert groups[0] == 1 and max(groups) <= MAX_GATHERED
