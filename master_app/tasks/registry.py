"""Asks an image's registry which digest a tag has now, so that every subtask of a task runs the same bytes.

Never more than a few seconds, and never in the way: where no answer comes, the first node that has the image says
what it is. No credentials: what only an account may see is pinned by a node as well.
"""

from __future__ import annotations

import logging
import re
import time
from typing import Final
from urllib.parse import urlsplit

import httpx2

from core.domain.images import HUB, ImageName, parse_image
from core.domain.session import ImagePin

logger = logging.getLogger(__name__)

LIMIT_S: Final = 5.0
_HUB_HOST: Final = "registry-1.docker.io"
_MANIFESTS: Final = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LOCAL = re.compile(r"(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?")


class Registry:
    """Thread-safe."""

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s

    def pin(self, ref: str) -> ImagePin | None:
        """Return the pin of a reference, None where its registry does not say. Bounded in time, never raises."""
        name = parse_image(ref)
        if name is None:
            return None
        digest = name.digest or self._digest(name)
        return ImagePin(ref=ref, digest=digest) if digest else None

    def _digest(self, name: ImageName) -> str:
        until = time.monotonic() + self._limit_s
        host = _HUB_HOST if name.registry == HUB else name.registry
        # As container engines do: plain HTTP to this computer alone.
        scheme = "http" if _LOCAL.fullmatch(host) else "https"
        url = f"{scheme}://{host}/v2/{name.repository}/manifests/{name.tag}"
        headers = {"Accept": _MANIFESTS}
        try:
            with httpx2.Client(follow_redirects=False) as client:
                answer = client.head(url, headers=headers, timeout=_left(until))
                if answer.status_code == 401:
                    token = self._token(client, answer.headers.get("WWW-Authenticate", ""), until)
                    if token:
                        headers["Authorization"] = f"Bearer {token}"
                        answer = client.head(url, headers=headers, timeout=_left(until))
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
            logger.info("a registry did not answer", extra={"registry": host, "reason": type(error).__name__})
            return ""
        digest = str(answer.headers.get("Docker-Content-Digest", ""))
        if answer.status_code == 200 and _DIGEST.fullmatch(digest):
            return digest
        logger.info("a registry did not say a digest", extra={"registry": host, "status": answer.status_code})
        return ""

    @staticmethod
    def _token(client: httpx2.Client, challenge: str, until: float) -> str:
        """Get the token that a registry gives to anybody."""
        scheme, _, rest = challenge.partition(" ")
        parts = dict(_CHALLENGE.findall(rest))
        realm = parts.pop("realm", "")
        if scheme.lower() != "bearer" or urlsplit(realm).scheme != "https":
            return ""
        query = {key: parts[key] for key in ("service", "scope") if key in parts}
        answer = client.get(realm, params=query, timeout=_left(until))
        body = answer.json() if answer.status_code == 200 and len(answer.content) < 65536 else {}
        return str(body.get("token") or body.get("access_token") or "") if isinstance(body, dict) else ""


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
