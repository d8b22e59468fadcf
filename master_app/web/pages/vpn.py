"""VPN: WireGuard configs of one's own. The file with its key is in one answer, and never again."""

from __future__ import annotations

from typing import Any

import segno
from flask import flash, render_template, request
from flask_babel import gettext as _

from core.domain.errors import HiveMindError
from core.domain.user import Action, require
from master_app.web.api.parts import done
from master_app.web.identity import services
from master_app.web.pages.frame import back_to, done_or_error, page_blueprint
from master_app.web.pages.session import signed_in_visitor

bp = page_blueprint("vpn")


@bp.get("/vpn")
def show() -> Any:
    """The devices that have a config."""
    return _show(None)


def _show(made: Any) -> Any:
    who = signed_in_visitor()
    require(who, Action.ACCOUNT_READ)
    vpn = services().vpn
    code = None
    if made is not None:
        code = segno.make(made.file, error="l", micro=False).svg_data_uri(
            scale=3, border=2, dark="#16202b", light="#fff"
        )
    return render_template("vpn.html", configs=vpn.configs(who), hub=vpn.hub(), made=made, code=code)


@bp.post("/vpn")
def make() -> Any:
    """Make a config for a device. A public key from the device keeps the private one there."""
    who = signed_in_visitor()
    form = request.form
    try:
        made = done(services().vpn.make(who, form.get("name", "").strip(), form.get("public_key", "").strip()))
    except HiveMindError as error:
        done_or_error(error)
        return back_to("page_vpn.show")
    return _show(made)


@bp.post("/vpn/<config_id>")
def act(config_id: str) -> Any:
    """Give a device a new key, or take its access away."""
    who = signed_in_visitor()
    try:
        if request.form.get("do") == "rotate":
            return _show(done(services().vpn.rotate(who, config_id)))
        done(services().vpn.revoke(who, config_id))
    except HiveMindError as error:
        done_or_error(error)
    else:
        flash(_("The config is revoked."), "good")
    return back_to("page_vpn.show")
