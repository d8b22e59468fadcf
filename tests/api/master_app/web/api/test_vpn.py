"""WireGuard configs over REST; the tunnel itself runs in tests/e2e/test_vpn.py."""

from __future__ import annotations

import base64
import os

from tests.support.web_pool import Person, code_of

KEY = base64.b64encode(os.urandom(32)).decode()


def test_a_config_for_a_devices_own_key_has_no_private_one(ann: Person) -> None:
    made = ann.post("/vpn/configs", {"name": "laptop", "public_key": KEY})
    assert made.status_code == 201, made.text
    assert made.json["public_key"] == KEY and made.json["has_private_key"] is False and made.json["qr_svg"] == ""
    assert made.json["file_name"] == "hm-laptop.conf"


def test_a_key_of_the_masters_is_made_on_request_and_shown_once(ann: Person, bob: Person) -> None:
    made = ann.post("/vpn/configs", {"name": "phone", "make_key": True}).json
    assert made["has_private_key"] is True and "<svg" in made["qr_svg"]
    private = next(line for line in made["file"].splitlines() if line.startswith("PrivateKey"))
    listed = ann.get("/vpn/configs")
    assert private.partition("= ")[2] not in listed.text
    assert [each["name"] for each in listed.json["items"]] == ["phone"]
    assert bob.get("/vpn/configs").json["items"] == []
    assert code_of(bob.delete(f"/vpn/configs/{made['config_id']}")) == "VPN_CONFIG_NOT_FOUND"


def test_rotating_keeps_the_address_and_revoking_ends_it(ann: Person) -> None:
    made = ann.post("/vpn/configs", {"name": "phone", "make_key": True}).json
    path = f"/vpn/configs/{made['config_id']}"
    rotated = ann.post(f"{path}/rotate", {"make_key": True}).json
    assert rotated["address"] == made["address"] and rotated["public_key"] != made["public_key"]
    assert ann.delete(path).status_code == 204
    assert code_of(ann.post(f"{path}/rotate", {"make_key": True})) == "VPN_CONFIG_NOT_FOUND"
    assert ann.post("/vpn/configs", {"name": "next", "make_key": True}).json["address"] != made["address"]


def test_it_must_be_said_whose_key_it_is(ann: Person) -> None:
    for body in ({"name": "x"}, {"name": "x", "make_key": True, "public_key": KEY}):
        assert code_of(ann.post("/vpn/configs", body)) == "VPN_KEY_CHOICE"
