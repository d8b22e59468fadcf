"""WireGuard keys: X25519, as `wg genkey` and `wg pubkey` write them. The hub's is an owner-only file."""

from __future__ import annotations

import base64
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from core import paths


def new_key_pair() -> tuple[str, str]:
    """Return a private key and its public key, base64."""
    private = base64.b64encode(X25519PrivateKey.generate().private_bytes_raw()).decode("ascii")
    return private, public_of(private)


def public_of(private: str) -> str:
    """Return the public key of a private one. Raises ValueError for what is no key."""
    key = X25519PrivateKey.from_private_bytes(base64.b64decode(private, validate=True))
    return base64.b64encode(key.public_key().public_bytes_raw()).decode("ascii")


def hub_key(file: Path) -> str:
    """Return the hub's private key, made and kept at the first call. Only the folder's owner can read the file."""
    if file.is_file():
        private = file.read_text(encoding="ascii").strip()
        public_of(private)
        return private
    private, _ = new_key_pair()
    paths.write_private(file, f"{private}\n".encode())
    return private
