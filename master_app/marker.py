"""The file that tells a mounted storage disk from its empty mount point.

    DATA/storage.json           which storage this master has: its id
    STORAGE/.hivemind-storage   the same id, on the disk itself

Without it a master whose disk is not mounted would start on an empty folder, say that all results are gone, and
fill the disk below the mount point.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Final

from core import paths
from core.domain.errors import StorageUnavailable

MARKER_FILE: Final = ".hivemind-storage"
KEPT_FILE: Final = "storage.json"


def check_storage(data_dir: Path, storage: Path) -> None:
    """Prove that `storage` is this master's; the first time, make it so.

    Raises StorageUnavailable (STORAGE_NOT_MOUNTED) where the marker is missing or of another master.
    """
    known = _known(data_dir)
    if known and _marked(storage) == known:
        return
    if known:
        raise _not_there(data_dir, storage, _marked(storage))
    found = _marked(storage)
    if found:
        raise StorageUnavailable(
            f"The folder {storage} is the storage of another master.",
            code="STORAGE_OF_ANOTHER",
            fix=f"Choose another folder with --storage; to take this one over, remove {storage / MARKER_FILE}.",
        )
    paths.private_folder(storage)
    new = secrets.token_hex(16)
    # The disk first: what the data folder knows must be there.
    paths.write_private(storage / MARKER_FILE, new.encode() + b"\n")
    paths.write_private(data_dir / KEPT_FILE, json.dumps({"id": new}).encode())


def is_there(data_dir: Path, storage: Path) -> bool:
    """Tell whether the storage of a running master is still mounted."""
    known = _known(data_dir)
    return not known or _marked(storage) == known


def _known(data_dir: Path) -> str:
    try:
        content = json.loads((data_dir / KEPT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    return str(content.get("id", "")) if isinstance(content, dict) else ""


def _marked(storage: Path) -> str:
    try:
        return (storage / MARKER_FILE).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def _not_there(data_dir: Path, storage: Path, found: str) -> StorageUnavailable:
    why = "holds the files of another master" if found else "does not hold this master's files"
    return StorageUnavailable(
        f"The storage folder {storage} {why}: its disk is probably not mounted. Nothing was changed; tasks and "
        "results are safe as long as nobody writes into the empty folder.",
        code="STORAGE_NOT_MOUNTED",
        fix=f"Mount the disk and start again. If you moved the files, move {MARKER_FILE} with them and name the "
        f"new folder with --storage. If they are lost for good, remove {data_dir / KEPT_FILE}.",
    )
