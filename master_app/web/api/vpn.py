"""WireGuard configs. The private key is the device's; the master makes one only when it is asked to."""

from __future__ import annotations

import io
import re
from typing import Any

import segno

from core.domain.errors import Invalid, NotFound
from core.domain.ids import is_ulid
from core.domain.user import Action
from core.domain.vpn import HubState, VpnConfig, VpnHub
from master_app.vpn.configs import VpnMade
from master_app.web import shapes, vpn_schemas
from master_app.web.api.parts import blueprint, done
from master_app.web.identity import caller, services, signed_in

bp = blueprint("vpn", "VPN")


@bp.get("/vpn/configs")
@signed_in
@bp.input(vpn_schemas.VpnQuery, location="query")
@bp.output(vpn_schemas.VpnPage)
@bp.doc(summary="Your WireGuard configs, and the hub that they lead to", responses=[401, 403])
def list_vpn_configs(query_data: dict[str, Any]) -> Any:
    """Newest first. Revoked ones are not listed."""
    vpn, who = services().vpn, caller()
    found = vpn.configs(who, of_all=query_data["all"])
    state = vpn.hub_state(who)
    return {
        **shapes.page([_config(config) for config in found], None),
        "hub": _hub(vpn.hub()),
        "hub_state": _hub_state(state, to_operator=who.may(Action.VPN_READ_ANY)),
    }


@bp.post("/vpn/configs")
@signed_in
@bp.input(vpn_schemas.VpnConfigIn, location="json")
@bp.output(vpn_schemas.VpnMadeOut, status_code=201)
@bp.doc(summary="Make a WireGuard config for a device", responses=[401, 403, 409, 429])
def make_vpn_config(json_data: dict[str, Any]) -> Any:
    """The answer holds the file to import. With `public_key` it has a place for the device's own private key."""
    _one_key(json_data)
    return _made(done(services().vpn.make(caller(), json_data["name"], json_data["public_key"])))


@bp.post("/vpn/configs/<config_id>/rotate")
@signed_in
@bp.input(vpn_schemas.VpnKeyIn, location="json")
@bp.output(vpn_schemas.VpnMadeOut)
@bp.doc(summary="Give a config a new key; its address stays", responses=[401, 403, 404, 409])
def rotate_vpn_config(config_id: str, json_data: dict[str, Any]) -> Any:
    _one_key(json_data)
    return _made(done(services().vpn.rotate(caller(), _id(config_id), json_data["public_key"])))


@bp.delete("/vpn/configs/<config_id>")
@signed_in
@bp.output({}, status_code=204)
@bp.doc(summary="Revoke a config for good", responses=[401, 403, 404])
def revoke_vpn_config(config_id: str) -> Any:
    """Operators may revoke anybody's. The address is not handed out again."""
    done(services().vpn.revoke(caller(), _id(config_id)))
    return ""


def _id(config_id: str) -> str:
    if not is_ulid(config_id):
        raise NotFound("There is no such VPN config.", code="VPN_CONFIG_NOT_FOUND")
    return config_id


def _one_key(json_data: dict[str, Any]) -> None:
    if bool(json_data["public_key"]) == json_data["make_key"]:
        raise Invalid(
            "Say whose key it is.",
            code="VPN_KEY_CHOICE",
            fix="Send public_key of a key made on the device (better), or make_key: true.",
        )


def _made(made: VpnMade) -> dict[str, Any]:
    return {
        **_config(made.config),
        "hub": _hub(services().vpn.hub()),
        "file": made.file,
        "has_private_key": made.has_private_key,
        "file_name": file_name(made.config),
        "qr_svg": qr_svg(made.file) if made.has_private_key else "",
    }


def file_name(config: VpnConfig) -> str:
    """Return the name of the file to save: WireGuard takes it as the interface's, of at most 15 characters."""
    plain = re.sub(r"[^a-z0-9]+", "-", config.name.casefold()).strip("-")[:12]
    return f"hm-{plain or config.number}.conf"[:15].removesuffix(".conf").rstrip("-") + ".conf"


def qr_svg(text: str) -> str:
    """Return a QR code as one SVG element, black on white."""
    out = io.BytesIO()
    segno.make(text, error="l").save(out, kind="svg", scale=4, border=3, light="#fff", xmldecl=False, nl=False)
    return out.getvalue().decode("utf-8")


def _config(config: VpnConfig) -> dict[str, Any]:
    return {
        "config_id": config.config_id,
        "user_id": config.user_id,
        "name": config.name,
        "address": config.address,
        "public_key": config.public_key,
        "created_at": shapes.moment(config.created_ms),
        "rotated_at": shapes.moment(config.rotated_ms),
    }


def _hub(hub: VpnHub) -> dict[str, Any]:
    return {
        "public_key": hub.public_key,
        "endpoint": hub.endpoint,
        "address": hub.address,
        "network": hub.network,
    }


def _hub_state(state: HubState, *, to_operator: bool) -> dict[str, Any]:
    return {
        "runs": bool(state.applied_ms),
        "peers": state.peers,
        "applied_at": shapes.moment(state.applied_ms),
        # Paths and the system's words are the operator's business.
        "problem": state.problem if to_operator else "",
        "command": state.command if to_operator else "",
    }
