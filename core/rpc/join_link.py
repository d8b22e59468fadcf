"""Join links: `hivemind://HOST:CONTROL_PORT/join?ca=SHA256&token=...&owner=...`. Bearer secrets."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlsplit

from core.domain.errors import Invalid
from core.domain.session import JoinLink

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,45}")
_MAX_LENGTH = 2048


def make_join_link(link: JoinLink) -> str:
    """Return the text of a link. Raises Invalid for what `parse_join_link` would not take."""
    host = f"[{link.host}]" if ":" in link.host else link.host
    text = f"hivemind://{host}:{link.control_port}/join?ca={link.ca_sha256}&token={link.token}"
    if link.owner:
        text += f"&owner={quote(link.owner, safe='')}"
    parse_join_link(text)
    return text


def mask_join_link(text: str) -> str:
    """Return the link with its secret hidden, for screens and logs."""
    return re.sub(r"(token=)[^&\s]*", r"\1****", text)


def parse_join_link(text: str) -> JoinLink:
    """Read a link strictly. Raises Invalid, in words that never repeat the secret."""
    text = text.strip()
    try:
        if len(text) > _MAX_LENGTH:
            raise ValueError("too long")
        parts = urlsplit(text)
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True, max_num_fields=8)
        query = dict(pairs)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _refusal("it cannot be read") from error
    if parts.scheme != "hivemind" or parts.path != "/join" or parts.fragment or "@" in parts.netloc:
        raise _refusal("it does not begin like one")
    if len(query) != len(pairs) or not {"ca", "token"} <= set(query) <= {"ca", "token", "owner"}:
        raise _refusal("its parts are not ca, token and owner")
    if not _HOST.fullmatch(host) or not port:
        raise _refusal("the address of the master is missing or wrong")
    if not _SHA256.fullmatch(query["ca"]):
        raise _refusal("the fingerprint is not a SHA-256")
    if not _TOKEN.fullmatch(query["token"]):
        raise _refusal("the secret was cut off or changed")
    return JoinLink(
        host=host,
        control_port=port,
        ca_sha256=query["ca"],
        token=query["token"],
        owner=query.get("owner", ""),
    )


def _refusal(reason: str) -> Invalid:
    return Invalid(
        f"This is not a usable join link: {reason}.",
        code="JOIN_LINK_INVALID",
        fix="Copy the whole link again from the master, or ask for a new one.",
    )
