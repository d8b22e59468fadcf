"""Console links: `hivemind://HOST:CONTROL_PORT/console?ca=SHA256&login=...`, good for one sign-in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from core.domain.errors import Invalid

_LOGIN = re.compile(r"[A-Za-z0-9_-]{16,128}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,45}")
_MAX_LENGTH = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleLink:
    """Where a master is, by which authority it is known, and a one-time login."""

    host: str
    control_port: int
    ca_sha256: str
    login: str = field(repr=False)

    @property
    def address(self) -> str:
        return f"[{self.host}]:{self.control_port}" if ":" in self.host else f"{self.host}:{self.control_port}"


def make_console_link(link: ConsoleLink) -> str:
    """Return the text of a link. Raises Invalid for what `parse_console_link` would not take."""
    text = f"hivemind://{link.address}/console?ca={link.ca_sha256}&login={link.login}"
    parse_console_link(text)
    return text


def parse_console_link(text: str) -> ConsoleLink:
    """Read a link strictly. Raises Invalid, in words that never repeat the secret."""
    text = text.strip()
    try:
        if len(text) > _MAX_LENGTH:
            raise ValueError("too long")
        parts = urlsplit(text)
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True, max_num_fields=4)
        query = dict(pairs)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _refusal("it cannot be read") from error
    if parts.scheme != "hivemind" or parts.path != "/console" or parts.fragment or "@" in parts.netloc:
        raise _refusal("it does not begin like one")
    if len(query) != len(pairs) or set(query) != {"ca", "login"}:
        raise _refusal("its parts are not ca and login")
    if not _HOST.fullmatch(host) or not port:
        raise _refusal("the address of the master is missing or wrong")
    if not _SHA256.fullmatch(query["ca"]):
        raise _refusal("the fingerprint is not a SHA-256")
    if not _LOGIN.fullmatch(query["login"]):
        raise _refusal("the secret was cut off or changed")
    return ConsoleLink(host=host, control_port=port, ca_sha256=query["ca"], login=query["login"])


def _refusal(reason: str) -> Invalid:
    return Invalid(
        f"This is not a usable console link: {reason}.",
        code="CONSOLE_LINK_INVALID",
        fix="Copy the whole link again, or ask the operator who made it for a new one.",
    )
