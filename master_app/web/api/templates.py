"""Templates of tasks: settings under a name, to be sent along with the next zip."""

from __future__ import annotations

from typing import Any

from core.domain.templates import TaskTemplate
from master_app.web import shapes
from master_app.web.api.parts import blueprint, done
from master_app.web.identity import caller, services, signed_in
from master_app.web.schemas import templates as schemas

bp = blueprint("templates", "Tasks")


def _template(template: TaskTemplate) -> shapes.Json:
    return {
        "name": template.name,
        "settings": dict(template.fields),
        "changed_at": shapes.moment(template.changed_ms),
    }


@bp.get("/templates")
@signed_in
@bp.output(schemas.TemplatePage)
@bp.doc(summary="Your templates", responses=[401, 403])
def list_templates() -> Any:
    """Send `settings` of one along with a zip: they are what POST /api/v1/tasks takes."""
    return shapes.page([_template(each) for each in services().templates.listed(caller())], None)


@bp.put("/templates/<name>")
@signed_in
@bp.input(schemas.TemplateIn, location="json")
@bp.output(schemas.TemplateKeptOut)
@bp.doc(summary="Keep settings as a template", responses=[401, 403, 429])
def keep_template(name: str, json_data: dict[str, Any]) -> Any:
    """In place of an older one of this name. At most 50."""
    return _template(done(services().templates.keep(caller(), name, json_data["settings"])))


@bp.delete("/templates/<name>")
@signed_in
@bp.output({}, status_code=204)
@bp.doc(summary="Forget a template", responses=[401, 403, 404])
def forget_template(name: str) -> Any:
    done(services().templates.forget(caller(), name))
    return ""
