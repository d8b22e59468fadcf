"""The recipe of a catalogue image: one number for its build context, the same on every computer.

An image carries it as the label `hivemind.recipe`, so a copy built on one node counts as the copy pulled on
another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

RECIPE_LABEL: Final = "hivemind.recipe"


def unix_text(content: bytes) -> bytes:
    """Return the file with line ends as in the repository; a checkout on Windows may have others.

    Whoever packs a build context sends this form, or its scripts would not start.
    """
    return content.replace(b"\r\n", b"\n")


def recipe_digest(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256, in hex, of the paths and contents of a build context, whatever their order.

    `files` maps each path below the context, with `/`, to its content. Contexts hold text only.
    """
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        text = unix_text(content)
        # Lengths in front, so that no two different contexts run together to the same bytes.
        digest.update(b"%d:%b%d:%b" % (len(path.encode()), path.encode(), len(text), text))
    return digest.hexdigest()
