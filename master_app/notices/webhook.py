"""Posts to addresses that users name, and to nothing else: never to the master's own network.

The name is resolved once, every address that it has must be public, and the connection goes to one of exactly
those: a name that answers differently a moment later gains nothing. Redirects are not followed, proxies not asked,
and no more than the first line of an answer is used. Operators may open networks of their own.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from master_app.notices.lookups import Lookup, Lookups, LookupsBusy
from master_app.ports.notices import DeliveryFailed

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MAX_URL: Final = 500
_CONNECT_S: Final = 5.0
_TOTAL_S: Final = 15.0
#: IPv6 prefixes that carry an IPv4 address, at these bits: NAT64 and 6to4 reach what the inner one names.
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class _Target:
    scheme: str
    host: str
    port: int
    path: str


class Webhooks:
    """See the port `WebhookSender`. `allowed`: networks that operators open although they are not public."""

    def __init__(
        self,
        *,
        allowed: Sequence[Network] = (),
        resolve: Lookup | None = None,
        resolve_for_posts: Lookup | None = None,
        context: ssl.SSLContext | None = None,
        total_s: float = _TOTAL_S,
    ) -> None:
        self._allowed = tuple(allowed)
        # Of its own each: names that people try out take no place from posts, nor the other way round.
        self._for_check = resolve or Lookups()
        self._for_post = resolve_for_posts or resolve or Lookups()
        self._context = context or ssl.create_default_context()
        self._total_s = total_s

    def check(self, url: str) -> str:
        try:
            self._addresses(_parse(url), self._for_check)
        except DeliveryFailed as failure:
            return failure.problem
        return ""

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> None:
        target = _parse(url)
        address = self._addresses(target, self._for_post)[0]
        connection = _connection(target, str(address), self._context)
        # Time limits of a socket begin again with each byte: this one does not.
        too_late = threading.Event()
        ender = threading.Timer(self._total_s, _cut, [connection, too_late])
        ender.daemon = True
        ender.start()
        try:
            connection.request("POST", target.path, body, {"User-Agent": "HiveMind-Webhook/1", **headers})
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException, ValueError) as error:
            if too_late.is_set():
                raise DeliveryFailed(f"{target.host} took longer than {self._total_s:g} s") from error
            raise DeliveryFailed(f"{target.host} could not be reached: {error or type(error).__name__}") from error
        finally:
            ender.cancel()
            connection.close()
        if too_late.is_set():
            raise DeliveryFailed(f"{target.host} took longer than {self._total_s:g} s")
        if not 200 <= status < 300:
            raise DeliveryFailed(f"{target.host} answered {status}", is_final=status == 410)

    def _addresses(self, target: _Target, lookup: Lookup) -> list[Address]:
        try:
            found = [ipaddress.ip_address(text.partition("%")[0]) for text in lookup(target.host, target.port)]
        except LookupsBusy as error:
            raise DeliveryFailed("too many addresses are being looked up now; try again in a minute") from error
        except TimeoutError as error:
            raise DeliveryFailed(f"the name server of {target.host} did not answer in time") from error
        except (OSError, UnicodeError, ValueError) as error:
            raise DeliveryFailed(f"{target.host} has no address") from error
        if not found:
            raise DeliveryFailed(f"{target.host} has no address")
        for address in found:
            opened = any(address in network for network in self._allowed if network.version == address.version)
            if not opened and not is_public(address):
                raise DeliveryFailed(
                    f"{target.host} is inside a network; only addresses on the internet are allowed",
                    is_final=True,
                )
            if not opened and target.scheme != "https":
                raise DeliveryFailed("an address on the internet must be encrypted: https", is_final=True)
        return found


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the internet, also when it carries another one inside."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _parse(url: str) -> _Target:
    """Return the parts of an address. Raises DeliveryFailed for what is none."""
    if len(url) > MAX_URL or any(ord(letter) <= 32 or ord(letter) > 126 for letter in url):
        raise DeliveryFailed("an address has at most 500 plain characters and no spaces", is_final=True)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise DeliveryFailed("this is no address", is_final=True) from error
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise DeliveryFailed("an address begins with https and names a host", is_final=True)
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise DeliveryFailed("an address has no user name, password or fragment", is_final=True)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Target(parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80), path)


class _ToAddress(http.client.HTTPConnection):
    """Speaks to the host, connected to an address that was looked at."""

    def __init__(self, target: _Target, address: str, context: ssl.SSLContext | None) -> None:
        super().__init__(target.host, target.port, timeout=_CONNECT_S)
        self._address = address
        self._tls = context
        if context is not None and target.port == 443:
            self.default_port = 443

    def connect(self) -> None:
        # It is ours from the start, so that `_cut` and `close` reach it while the other side drips its handshake.
        self.sock = socket.create_connection((self._address, self.port), _CONNECT_S)
        if self._tls is not None:
            wrapped = self._tls.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock = wrapped
            wrapped.do_handshake()


def _connection(target: _Target, address: str, context: ssl.SSLContext) -> _ToAddress:
    return _ToAddress(target, address, context if target.scheme == "https" else None)


def _cut(connection: http.client.HTTPConnection, too_late: threading.Event) -> None:
    # Before the cut: what was read so far may look like a whole answer.
    too_late.set()
    sock = connection.sock
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
