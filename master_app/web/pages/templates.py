"""Templates: settings of a draft kept under a name."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request
from flask_babel import gettext as _

from core.domain.errors import HiveMindError
from core.domain.user import Action, require
from master_app.web.api.parts import done
from master_app.web.identity import services
from master_app.web.pages import drafts
from master_app.web.pages.frame import back_to, done_or_error, page_blueprint
from master_app.web.pages.session import signed_in_visitor

bp = page_blueprint("templates")


@bp.get("/account/templates")
def show() -> Any:
    """All of the visitor's."""
    who = signed_in_visitor()
    require(who, Action.TASK_SUBMIT)
    return render_template("templates.html", templates=services().templates.listed(who))


@bp.post("/account/templates/forget")
def forget() -> Any:
    try:
        done(services().templates.forget(signed_in_visitor(), request.form.get("name", "")[:100]))
    except HiveMindError as error:
        done_or_error(error)
    else:
        flash(_("Removed."), "good")
    return back_to("page_templates.show")


@bp.post("/submit/<sha256>/template")
def save(sha256: str) -> Any:
    """Keep what the form of a draft says, and go on with the draft."""
    form = {
        key: value for key, value in request.form.items() if key not in ("csrf_token", "do", "key", "template")
    }
    fields = {name: str(value) for name, value in drafts.fields_of(form).items() if name != "task_name"}
    name = " ".join(request.form.get("template", "").split())
    try:
        done(services().templates.keep(signed_in_visitor(), name, fields))
    except HiveMindError as error:
        done_or_error(error)
    else:
        flash(_("Saved as the template “%(name)s”.", name=name), "good")
    return back_to("page_submit.draft", sha256=sha256, **{key: value for key, value in form.items() if value})
