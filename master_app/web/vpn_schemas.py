"""Shapes of the VPN's part of the API."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import Boolean, Integer, List, Nested, String
from apiflask.validators import Length

from core.domain.vpn import MAX_NAME

_NAME = "What the device is called: laptop, lab-3."
_KEY = "The device's WireGuard public key (`wg pubkey`), 44 characters. Its private key never leaves the device."
_SERVER_KEY = "True: let the master make the key pair and answer the private key, once. It is not kept."


class VpnConfigIn(Schema):
    name = String(required=True, validate=Length(1, MAX_NAME), metadata={"description": _NAME})
    public_key = String(load_default="", validate=Length(0, 64), metadata={"description": _KEY})
    make_key = Boolean(load_default=False, metadata={"description": _SERVER_KEY})


class VpnKeyIn(Schema):
    public_key = String(load_default="", validate=Length(0, 64), metadata={"description": _KEY})
    make_key = Boolean(load_default=False, metadata={"description": _SERVER_KEY})


class VpnHubOut(Schema):
    public_key = String(required=True)
    endpoint = String(required=True)
    address = String(required=True)
    network = String(required=True)


class VpnConfigOut(Schema):
    config_id = String(required=True)
    user_id = String(required=True)
    name = String(required=True)
    address = String(required=True)
    public_key = String(required=True)
    created_at = String(required=True)
    rotated_at = String(required=True, allow_none=True)


class VpnMadeOut(VpnConfigOut):
    hub = Nested(VpnHubOut, required=True)
    file = String(required=True, metadata={"description": "The .conf to import."})
    has_private_key = Boolean(required=True)
    file_name = String(required=True)
    qr_svg = String(
        required=True,
        metadata={"description": "The file as a QR code; empty without the private key: it would not work."},
    )


class VpnHubStateOut(Schema):
    runs = Boolean(required=True, metadata={"description": "The hub runs with today's configs."})
    peers = Integer(required=True)
    applied_at = String(required=True, allow_none=True)
    problem = String(required=True)
    command = String(
        required=True, metadata={"description": "For operators, where the master does not run the hub itself."}
    )


class VpnPage(Schema):
    items = List(Nested(VpnConfigOut), required=True)
    next = String(required=True, allow_none=True)
    hub = Nested(VpnHubOut, required=True)
    hub_state = Nested(VpnHubStateOut, required=True)


class VpnQuery(Schema):
    all = Boolean(load_default=False, metadata={"description": "Everybody's; operators only."})
