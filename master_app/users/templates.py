"""Templates of tasks: settings that a user keeps under a name, to start the next task from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future

from core.domain.errors import NotFound, RateLimited
from core.domain.templates import MAX_TEMPLATES, TaskTemplate, check_template
from core.domain.user import Action, Principal, require
from master_app.ports.templates import TemplateReads
from master_app.ports.unit_of_work import UnitOfWork, Writer


class Templates:
    """Everything is the caller's own. Thread-safe."""

    def __init__(self, *, writer: Writer, reads: TemplateReads) -> None:
        self._writer = writer
        self._reads = reads

    def listed(self, who: Principal) -> Sequence[TaskTemplate]:
        require(who, Action.TASK_READ)
        return self._reads.templates(who.user_id)

    def keep(self, who: Principal, name: str, fields: Mapping[str, str]) -> Future[TaskTemplate]:
        """Keep settings under a name, in place of older ones. Raises Invalid, RateLimited."""
        require(who, Action.TASK_SUBMIT)
        check_template(name, fields)

        def command(uow: UnitOfWork) -> TaskTemplate:
            names = set(uow.templates.names(who.user_id))
            if name not in names and len(names) >= MAX_TEMPLATES:
                raise RateLimited(
                    f"You have {MAX_TEMPLATES} templates, as many as one user may have.",
                    code="QUOTA_TEMPLATES",
                    retry_after_s=60,
                    fix="Remove one first.",
                )
            made = TaskTemplate(owner_id=who.user_id, name=name, fields=dict(fields), changed_ms=uow.now_ms)
            uow.templates.put(made)
            return made

        return self._writer.execute(command)

    def forget(self, who: Principal, name: str) -> Future[None]:
        """Remove one. Raises NotFound."""
        require(who, Action.TASK_SUBMIT)

        def command(uow: UnitOfWork) -> None:
            if not uow.templates.remove(who.user_id, name):
                raise NotFound("You have no such template.", code="TEMPLATE_NOT_FOUND")

        return self._writer.execute(command)
