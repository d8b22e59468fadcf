"""Which text files of a bundle were written in Traditional Chinese by Windows, not in UTF-8."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from core.manifest.files import BundleFiles, FileFacts

TEXT_ENDINGS: Final = (".csv", ".txt", ".tsv", ".json", ".xml", ".md", ".dat", ".ini", ".html")
MAX_FILES: Final = 50
SAMPLE_BYTES: Final = 64 << 10
#: Of the characters beyond ASCII, this many must be Han, kana or full-width, or it is something else.
_COMMON = re.compile("[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]")
_SHARE: Final = 0.9


def big5_files(facts: Sequence[FileFacts], files: BundleFiles) -> Mapping[str, str]:
    """Return the files that read as CP950 and not as UTF-8, each with the name of that encoding."""
    found = {}
    texts = [fact for fact in facts if fact.path.lower().endswith(TEXT_ENDINGS)]
    for fact in texts[:MAX_FILES]:
        if is_big5(files.read(fact.path, SAMPLE_BYTES), whole=fact.size <= SAMPLE_BYTES):
            found[fact.path] = "cp950"
    return found


def is_big5(content: bytes, *, whole: bool = True) -> bool:
    """Tell whether bytes are Traditional Chinese in CP950. A sample may end in the middle of a character."""
    if content.isascii() or _reads(content, "utf-8", whole=whole) is not None:
        return False
    text = _reads(content, "cp950", whole=whole)
    if text is None:
        return False
    beyond = [sign for sign in text if ord(sign) > 127]
    return len(_COMMON.findall(text)) >= _SHARE * len(beyond)


def _reads(content: bytes, encoding: str, *, whole: bool) -> str | None:
    for cut in range(1 if whole else 4):
        try:
            return content[: len(content) - cut].decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
