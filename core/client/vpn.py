"""WireGuard configs of the signed-in user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.client.transport import Transport


class VpnClient:
    """`HiveMind.vpn`. Keys are base64 as `wg` prints them."""

    def __init__(self, http: Transport) -> None:
        self._http = http

    def configs(self) -> Sequence[Mapping[str, Any]]:
        """Return the live configs, newest first."""
        items: Sequence[Mapping[str, Any]] = self._http.call("GET", "/vpn/configs")["items"]
        return items

    def make(self, name: str, public_key: str = "") -> Mapping[str, Any]:
        """Make a config. Without `public_key` the master makes the key, and `file` of the answer holds it."""
        answer: Mapping[str, Any] = self._http.call(
            "POST", "/vpn/configs", body={"name": name, **_whose_key(public_key)}
        )
        return answer

    def rotate(self, config_id: str, public_key: str = "") -> Mapping[str, Any]:
        """Give a config a new key; its address stays."""
        answer: Mapping[str, Any] = self._http.call(
            "POST", f"/vpn/configs/{config_id}/rotate", body=_whose_key(public_key)
        )
        return answer

    def revoke(self, config_id: str) -> None:
        """End a config for good."""
        self._http.call("DELETE", f"/vpn/configs/{config_id}")


def _whose_key(public_key: str) -> dict[str, Any]:
    return {"public_key": public_key} if public_key else {"make_key": True}
