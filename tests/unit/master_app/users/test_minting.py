"""Secrets are made with a prefix that scanners know, and never shown by accident."""

from __future__ import annotations

from core.domain.user import TokenKind
from master_app.ports.users import UserRecord
from master_app.users.minting import Issued, Minting


def test_a_token_is_known_by_its_prefix_and_stays_out_of_reprs() -> None:
    minting = Minting(new_id=str, new_secret=lambda: "s" * 40)
    secret = minting.token()
    issued = Issued(
        secret=secret, token_id="t", kind=TokenKind.API, expires_ms=0, user=UserRecord(user_id="u", username="u")
    )
    assert secret == "hm_" + "s" * 40
    assert secret not in repr(issued)
