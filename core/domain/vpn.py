"""WireGuard configs: what one is, and the rules for keys and addresses.

The pool's VPN is a star: each device reaches the hub (the master) and nothing else. The address of a config is
`network + number`; numbers only grow, so an address is never handed out twice, not even after a revocation.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from dataclasses import dataclass
from typing import Final

from core.domain.errors import Conflict, Invalid, Problem

KEY_BYTES: Final = 32
#: The hub is the first address of the network.
HUB_NUMBER: Final = 1
FIRST_NUMBER: Final = 2
MAX_NAME: Final = 64

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class VpnHub:
    """The master's end, as every device needs to know it."""

    public_key: str
    #: HOST:PORT, an IPv6 host in brackets.
    endpoint: str
    address: str
    network: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VpnConfig:
    """One device of one user. The private key is not part of it: the pool never keeps one."""

    config_id: str
    user_id: str
    name: str
    number: int
    address: str
    public_key: str
    created_ms: int
    #: When the key was last replaced; 0: never.
    rotated_ms: int = 0
    #: 0: live.
    revoked_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HubState:
    """Whether the hub runs with the configs of today.

    `applied_ms` 0: the master does not run the hub itself, or could not; then `problem` says why and `command`
    is what an operator runs.
    """

    peers: int
    changed_ms: int
    applied_ms: int = 0
    problem: str = ""
    command: str = ""


def check_name(name: str) -> str:
    """Return a device name without surrounding space. Raises Invalid: it is written into files of others."""
    stripped = name.strip()
    if not stripped or len(stripped) > MAX_NAME or not stripped.isprintable():
        raise _invalid(
            "name", "VPN_NAME_INVALID", f"A name has 1 to {MAX_NAME} printable characters.", "Write, say: laptop."
        )
    return stripped


def check_public_key(key: str) -> str:
    """Return a WireGuard public key (32 bytes, base64) in its one spelling. Raises Invalid."""
    try:
        raw = base64.b64decode(key.strip(), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES or not any(raw):
        raise _invalid(
            "public_key",
            "VPN_KEY_INVALID",
            "That is no WireGuard public key: it has 44 characters and ends with =.",
            "Send what `wg pubkey` prints.",
        )
    return base64.b64encode(raw).decode("ascii")


def network_of(text: str) -> Network:
    """Return the pool's VPN network. Raises ValueError."""
    network = ipaddress.ip_network(text, strict=True)
    if not network.is_private or network.num_addresses < 8:
        raise ValueError("must be a private network with room for devices, for example 10.99.0.0/16")
    return network


def address_of(network: Network, number: int) -> str:
    """Return the address of a number. Raises Conflict when the network has no more (its last is not used)."""
    if number > network.num_addresses - 2:
        raise Conflict(
            f"The VPN network {network} has no free address left.",
            code="VPN_FULL",
            fix="An operator can set a larger vpn_network; existing configs are then made anew.",
        )
    return str(network.network_address + number)


def peer_file(config: VpnConfig, hub: VpnHub, *, pool_name: str, private_key: str) -> str:
    """Return the file that a device imports. Only the hub is routed: devices do not reach each other."""
    lines = (
        "[Interface]",
        f"# {_one_line(pool_name)}: {_one_line(config.name)}",
        f"PrivateKey = {private_key}",
        f"Address = {config.address}/{_bits(config.address)}",
        "",
        "[Peer]",
        f"PublicKey = {hub.public_key}",
        f"Endpoint = {hub.endpoint}",
        f"AllowedIPs = {hub.address}/{_bits(hub.address)}",
        "PersistentKeepalive = 25",
    )
    return "\n".join(lines) + "\n"


def hub_file(private_key: str, port: int, configs: list[VpnConfig], *, address: str = "") -> str:
    """Return the hub's file: with `address` (10.99.0.1/16) as `wg-quick` reads it, else as `wg syncconf` does."""
    lines = ["[Interface]", f"PrivateKey = {private_key}", f"ListenPort = {port}"]
    if address:
        lines.append(f"Address = {address}")
    for config in configs:
        lines += [
            "",
            "[Peer]",
            f"# {config.config_id}",
            f"PublicKey = {config.public_key}",
            f"AllowedIPs = {config.address}/{_bits(config.address)}",
        ]
    return "\n".join(lines) + "\n"


def _bits(address: str) -> int:
    return ipaddress.ip_address(address).max_prefixlen


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _invalid(key: str, code: str, reason: str, fix: str) -> Invalid:
    return Invalid(reason, [Problem(code=code, reason=reason, fix=fix, key=key)], code=code, fix=fix)
