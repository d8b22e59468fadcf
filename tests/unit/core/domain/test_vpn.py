"""Names, keys, addresses and files of WireGuard configs."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import Conflict, Invalid
from core.domain.vpn import (
    FIRST_NUMBER,
    VpnConfig,
    VpnHub,
    address_of,
    check_name,
    check_public_key,
    hub_file,
    network_of,
    peer_file,
)

KEY = base64.b64encode(bytes(range(32))).decode()


def config(name: str = "laptop", number: int = 2, address: str = "10.99.0.2") -> VpnConfig:
    return VpnConfig(
        config_id="c1", user_id="u1", name=name, number=number, address=address, public_key=KEY, created_ms=1
    )


HUB = VpnHub(public_key=KEY, endpoint="pool.example:51820", address="10.99.0.1", network="10.99.0.0/16")


def test_numbers_give_different_addresses_within_the_network_until_it_is_full() -> None:
    network = network_of("10.99.0.0/28")
    given_out = [address_of(network, number) for number in range(FIRST_NUMBER, 15)]
    assert given_out[0] == "10.99.0.2" and given_out[-1] == "10.99.0.14"
    assert len(set(given_out)) == len(given_out)
    with pytest.raises(Conflict) as caught:
        address_of(network, 15)
    assert caught.value.code == "VPN_FULL"


@pytest.mark.parametrize("text", ["8.8.8.0/24", "10.0.0.1/16", "10.0.0.0/30", "x"])
def test_a_network_is_private_exact_and_has_room(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        network_of(text)


@pytest.mark.parametrize(
    "key", ["", "abc", KEY[:-4], KEY + "AAAA", base64.b64encode(bytes(32)).decode(), "é" * 44]
)
def test_what_is_no_public_key_is_refused_with_the_fix(key: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_public_key(key)
    assert caught.value.code == "VPN_KEY_INVALID" and "wg pubkey" in caught.value.fix


def test_a_key_has_one_spelling() -> None:
    assert check_public_key(f" {KEY}\n") == KEY


@pytest.mark.parametrize("name", ["", "   ", "a\nPostUp = rm", "a" * 65, "tab\there"])
def test_a_name_cannot_carry_lines_into_a_file(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_name(name)
    assert caught.value.problems[0].key == "name"


@given(pool=st.text(max_size=60), name=st.text(max_size=60))
def test_no_text_of_people_makes_a_line_of_its_own(pool: str, name: str) -> None:
    plain = peer_file(config(""), HUB, pool_name="", private_key="k").splitlines()
    written = peer_file(config(name), HUB, pool_name=pool, private_key="k").splitlines()
    assert len(written) == len(plain)
    assert [line for line in written if not line.startswith("#")] == [
        line for line in plain if not line.startswith("#")
    ]


def test_a_device_routes_nothing_but_the_hub_through_the_tunnel() -> None:
    text = peer_file(config(), HUB, pool_name="Lab", private_key="secret")
    assert "AllowedIPs = 10.99.0.1/32" in text and "Endpoint = pool.example:51820" in text
    assert "PrivateKey = secret" in text and "Address = 10.99.0.2/32" in text


def test_the_hub_lets_each_device_in_from_its_own_address_only() -> None:
    text = hub_file("secret", 51820, [config(), config("b", 3, "10.99.0.3")], address="10.99.0.1/16")
    assert text.count("[Peer]") == 2
    assert "AllowedIPs = 10.99.0.2/32" in text and "AllowedIPs = 10.99.0.3/32" in text
    assert "Address" not in hub_file("secret", 51820, [])
