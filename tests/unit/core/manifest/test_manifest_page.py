"""docs/manifest.md: its tables are what the readers ask for, and every block in it is a good manifest."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from types import ModuleType

import pytest

from core.manifest.reading import read_manifest
from core.paths import resources
from tests.unit.core.manifest.folders import MemoryFiles

ROOT = resources().parent
PAGE = (ROOT / "docs" / "manifest.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.S | re.M)
FILES = {
    **{f"photos/{number}.jpg": b"x" for number in range(3)},
    **{f"data/{number}.csv": b"x" for number in range(9)},
    **{name: b"" for name in ("thumb.py", "main.py", "tile.py", "clean.py", "fetch.py", "train.py", "city.py")},
    **{name: b"" for name in ("upload.py", "merge.py")},
    "urls.txt": b"url\n" + b"http://x\n" * 2500,
}


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("manifest_reference", ROOT / "docs/tools/manifest_reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_its_tables_are_what_the_readers_ask_for() -> None:
    assert _tool().page(PAGE) == PAGE, "run: python docs/tools/manifest_reference.py"


def test_a_key_that_nobody_reads_would_be_noticed() -> None:
    tool = _tool()
    tool.__dict__["MEANINGS"] = {**tool.__dict__["MEANINGS"], "run.shell": "no such key"}
    with pytest.raises(KeyError, match="shell"):
        tool.page(PAGE)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_is_a_good_manifest(block: str) -> None:
    tomllib.loads(block)
    reading = read_manifest(MemoryFiles({**FILES, "hivemind.toml": block.encode()}))
    assert reading.problems == ()
    assert reading.spec is not None


def test_there_are_blocks() -> None:
    assert len(BLOCKS) >= 9
