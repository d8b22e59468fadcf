"""Notices of the signed-in user: what happened, and where it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.client.transport import Transport


class NoticesClient:
    """`HiveMind.notices`."""

    def __init__(self, http: Transport) -> None:
        self._http = http

    def listed(self, *, unread: bool = False, limit: int = 50) -> Sequence[Mapping[str, Any]]:
        """Return the newest notices, newest first."""
        params = {"unread": "true" if unread else None, "limit": limit}
        items: Sequence[Mapping[str, Any]] = self._http.call("GET", "/notices", params=params)["items"]
        return items

    def mark_read(self, up_to: int) -> int:
        """Mark all up to this notice_id as read; return how many were not."""
        return int(self._http.call("POST", "/notices/read", body={"up_to": up_to})["count"])

    def ask_for_credits(self, words: str) -> Mapping[str, Any]:
        """Ask the operators for credits; the answer comes as a notice."""
        return dict(self._http.call("POST", "/credit-asks", body={"words": words}))

    def settings(self) -> Mapping[str, Any]:
        """Return where notices go."""
        return dict(self._http.call("GET", "/notices/settings"))

    def set_webhook(self, url: str) -> str:
        """Post notices to an address; return the secret that signs them, once."""
        return str(self._http.call("PUT", "/notices/webhook", body={"url": url})["secret"])

    def switch_off(self, channel: str) -> None:
        """Forget the address of "mail" or "webhook"."""
        self._http.call("DELETE", f"/notices/channels/{channel}")
