"""Posts leave for addresses of the internet alone: no name, form or trick leads into a network of the master's."""

from __future__ import annotations

import socket
import threading
import time
from ipaddress import ip_address, ip_network

import pytest

from master_app.notices.webhook import Webhooks, is_public
from master_app.ports.notices import DeliveryFailed
from tests.support.receivers import http_receiver

LOOPBACK = [ip_network("127.0.0.0/8")]
INSIDE = (
    *("127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
    *("224.0.0.1", "255.255.255.255", "192.0.2.1", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1"),
    # An inner address counts as itself: mapped, 6to4, NAT64, Teredo.
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "2002:a00:1::", "64:ff9b::7f00:1", "64:ff9b::a00:1"),
    *("2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "fec0::1"),
)


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_a_network_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))
    hooks = Webhooks(resolve=lambda host, port: [address])
    assert "inside a network" in hooks.check("https://hook.example/in")
    with pytest.raises(DeliveryFailed) as refused:
        hooks.post("https://hook.example/in", b"{}", {})
    assert refused.value.is_final and address not in refused.value.problem


def test_a_public_address_is_taken_and_one_bad_address_of_several_is_enough_to_refuse() -> None:
    for good in ("93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14"):
        assert is_public(ip_address(good))
        assert Webhooks(resolve=lambda host, port, good=good: [good]).check("https://a.example/") == ""  # type: ignore[misc]
    mixed = Webhooks(resolve=lambda host, port: ["93.184.215.14", "10.0.0.1"])
    assert "inside a network" in mixed.check("https://a.example/")


@pytest.mark.parametrize(
    "url",
    [
        *("", "hook", "ftp://a.example/", "file:///etc/passwd", "https://", "https://a.example/#x", "gopher://a/"),
        *(
            "https://user:word@a.example/",
            "https://a.example:99999/",
            "https://a.example/ x",
            "https://ä.example/",
        ),
        *("https://a.example/" + "x" * 500, "https://a.example/\r\nX: y"),
        *("http://a.example/", "https://nothing.invalid/"),
    ],
)
def test_what_is_no_good_address_is_refused_with_a_reason(url: str) -> None:
    def resolve(host: str, port: int) -> list[str]:
        if host == "nothing.invalid":
            raise OSError("no such name")
        return ["93.184.215.14"]

    assert Webhooks(resolve=resolve).check(url)


def test_a_name_that_answers_differently_a_moment_later_gains_nothing() -> None:
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])
    hooks = Webhooks(resolve=lambda host, port: next(answers))
    with http_receiver() as posted:
        url = f"https://rebinding.example:{posted.url.split(':')[2]}"
        assert hooks.check(url) == ""
        with pytest.raises(DeliveryFailed, match="inside a network"):
            hooks.post(url, b"{}", {})
        assert posted.bodies == []


def test_a_post_arrives_with_its_headers_and_anything_but_2xx_is_a_failure() -> None:
    hooks = Webhooks(allowed=LOOPBACK)
    with http_receiver() as posted:
        hooks.post(posted.url, b'{"a": 1}', {"HiveMind-Delivery": "7"})
        assert posted.bodies == [b'{"a": 1}'] and posted.headers[0]["HiveMind-Delivery"] == "7"
        assert posted.headers[0]["Host"].startswith("127.0.0.1:")
        for status, is_final in ((500, False), (404, False), (302, False), (410, True)):
            posted.answers = [status]
            with pytest.raises(DeliveryFailed, match=f"answered {status}") as failed:
                hooks.post(posted.url, b"{}", {})
            assert failed.value.is_final is is_final
        # The redirect led to another address of the same server, which nobody asked for.
        assert len(posted.bodies) == 5


@pytest.mark.parametrize(
    ("scheme", "first"), [("http", b"HTTP/1.1 200 OK\r\nX: "), ("https", b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")]
)
def test_a_receiver_that_drips_bytes_is_cut_off(scheme: str, first: bytes) -> None:
    """In its answer, or already in its handshake."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def drip() -> None:
        client, _ = listener.accept()
        with client:
            client.sendall(first)
            until = time.monotonic() + 20
            while not ended.wait(0.05) and time.monotonic() < until:
                try:
                    client.sendall(b"x")
                except OSError:
                    return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/"
    began = time.monotonic()
    with pytest.raises(DeliveryFailed, match="longer than"):
        Webhooks(allowed=LOOPBACK, total_s=0.5).post(url, b"{}", {})
    assert time.monotonic() - began < 10
    ended.set()
    listener.close()
    thread.join(10)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(DeliveryFailed, match="could not be reached"):
        Webhooks(allowed=LOOPBACK).post(f"http://127.0.0.1:{port}/", b"{}", {})
