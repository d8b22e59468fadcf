"""Secrets of users: sealed before they reach the writer, opened only for a node that runs an attempt of theirs.

The key is a file of its own beside the database, so that a copy of the database alone tells nothing. Owner and
name are sealed in with each value: a row that was moved to another user cannot be opened.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from core.domain.audit import audited
from core.domain.errors import Invalid, NotFound, RateLimited, StorageUnavailable
from core.domain.user import Action, Principal, require
from core.paths import write_private
from master_app.ports.secrets import SecretReads, SecretRecord
from master_app.ports.unit_of_work import UnitOfWork, Writer

KEY_FILE: Final = "secrets.key"
MAX_SECRETS: Final = 100
#: Shorter ones could not be masked in logs without destroying them.
MIN_CHARACTERS: Final = 4
MAX_BYTES: Final = 32 << 10
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_NONCE_BYTES = 12


class Vault:
    """Seals and opens. `folder` is the master's private data folder."""

    def __init__(self, key: bytes) -> None:
        self._cipher = ChaCha20Poly1305(key)

    @classmethod
    def open(cls, folder: Path) -> Vault:
        """Read the key, or make one at the first start. Raises StorageUnavailable for a damaged one."""
        path = folder / KEY_FILE
        if not path.exists():
            write_private(path, ChaCha20Poly1305.generate_key())
        key = path.read_bytes()
        if len(key) != 32:
            raise StorageUnavailable(
                f"The key file {path} is damaged.",
                code="SECRETS_KEY_DAMAGED",
                fix="Put its backup back; without it, remove it and let users set their secrets again.",
            )
        return cls(key)

    def seal(self, owner_id: str, name: str, value: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, value.encode(), _place(owner_id, name))

    def unseal(self, record: SecretRecord) -> str:
        """Return the value. Raises Invalid when the key is not the one that it was sealed with."""
        nonce, content = record.sealed[:_NONCE_BYTES], record.sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, content, _place(record.owner_id, record.name)).decode()
        except InvalidTag:
            raise Invalid(
                f'The secret "{record.name}" cannot be opened with this master\'s key.',
                code="SECRET_UNREADABLE",
                fix="Set it again.",
            ) from None


def _place(owner_id: str, name: str) -> bytes:
    return f"{owner_id}\0{name}".encode()


class UserSecrets:
    """Set, list and forget one's own; give those of a task to the node that runs it. Thread-safe."""

    def __init__(self, *, vault: Vault, writer: Writer, reads: SecretReads) -> None:
        self._vault = vault
        self._writer = writer
        self._reads = reads

    def keep(self, who: Principal, name: str, value: str) -> Future[None]:
        """Keep a value under a name, in place of an older one. Raises Invalid, Forbidden, RateLimited."""
        require(who, Action.TASK_SUBMIT)
        _check(name, value)
        sealed = self._vault.seal(who.user_id, name, value)

        def command(uow: UnitOfWork) -> None:
            names = {record.name for record in uow.secrets.of(who.user_id)}
            if name not in names and len(names) >= MAX_SECRETS:
                raise RateLimited(
                    f"You have {MAX_SECRETS} secrets, as many as one user may have.",
                    code="QUOTA_SECRETS",
                    retry_after_s=60,
                    fix="Remove one first.",
                )
            uow.secrets.put(SecretRecord(owner_id=who.user_id, name=name, sealed=sealed, changed_ms=uow.now_ms))
            uow.publish(audited(who, "secret.set", name, at_ms=uow.now_ms))

        return self._writer.execute(command)

    def forget(self, who: Principal, name: str) -> Future[None]:
        """Remove one. Attempts that run have it still; the next ones fail and say so. Raises NotFound."""
        require(who, Action.TASK_SUBMIT)

        def command(uow: UnitOfWork) -> None:
            if not uow.secrets.remove(who.user_id, name):
                raise NotFound("You have no such secret.", code="SECRET_NOT_FOUND")
            uow.publish(audited(who, "secret.remove", name, at_ms=uow.now_ms))

        return self._writer.execute(command)

    def listed(self, who: Principal) -> Sequence[SecretRecord]:
        """Return the caller's, sealed as they are: names and dates are what there is to see."""
        require(who, Action.TASK_READ)
        return self._reads.secrets_of(who.user_id)

    def missing(self, owner_id: str, names: Iterable[str]) -> list[str]:
        """Return those of `names` that the user has not set."""
        kept = {record.name for record in self._reads.secrets_of(owner_id)}
        return [name for name in names if name not in kept]

    def values(self, owner_id: str, names: Sequence[str]) -> Mapping[str, str]:
        """Open these. Raises NotFound (SECRET_MISSING) naming one that is not there any more."""
        records = {record.name: record for record in self._reads.secrets_of(owner_id)} if names else {}
        for name in names:
            if name not in records:
                raise NotFound(
                    f'The secret "{name}" is not set.', code="SECRET_MISSING", fix=f"hivemind secret set {name}"
                )
        return {name: self._vault.unseal(records[name]) for name in names}


def _check(name: str, value: str) -> None:
    if not _NAME.fullmatch(name) or name.startswith("HIVEMIND_"):
        raise Invalid(
            "This cannot name a secret.",
            code="SECRET_NAME",
            fix="Use letters, digits and _, as for environment variables; not HIVEMIND_...",
        )
    if len(value) < MIN_CHARACTERS or len(value.encode()) > MAX_BYTES or "\0" in value:
        raise Invalid(
            f"A secret has {MIN_CHARACTERS} characters to {MAX_BYTES >> 10} KiB of text.",
            code="SECRET_VALUE",
            fix="Shorter ones cannot be masked in logs; put large ones into a file elsewhere.",
        )
