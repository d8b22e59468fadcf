"""WireGuard keys. That they are those of `wg` is seen in tests/integration/vpn."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from master_app.vpn.keys import hub_key, new_key_pair, public_of


def test_every_pair_is_new_and_fits() -> None:
    first, second = new_key_pair(), new_key_pair()
    assert first != second and public_of(first[0]) == first[1]
    assert len(base64.b64decode(first[1])) == 32


def test_the_hub_keeps_its_key_in_an_owner_only_file(tmp_path: Path) -> None:
    file = tmp_path / "hub.key"
    made = hub_key(file)
    assert hub_key(file) == made
    assert file.stat().st_mode & 0o077 == 0


def test_a_damaged_key_file_is_not_replaced_in_silence(tmp_path: Path) -> None:
    file = tmp_path / "hub.key"
    file.write_text("half a ke")
    with pytest.raises(ValueError, match=r"."):
        hub_key(file)
    assert file.read_text() == "half a ke"
