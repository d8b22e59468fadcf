"""What operators call nodes: labels that tasks may ask for, over those that an agent gives itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Final

from core.domain.audit import audited
from core.domain.console_near import LabelChange
from core.domain.errors import Invalid, NotFound
from core.domain.node import NodeAdmin
from core.domain.user import Action, Principal, require
from master_app.ports.unit_of_work import UnitOfWork, Writer

MAX_LABELS: Final = 32
MAX_NODES: Final = 10_000
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,62}")
_MAX_VALUE: Final = 200


class NodeLabels:
    """All nodes of a change are changed, or none is."""

    def __init__(self, *, writer: Writer, dispatch: Callable[[UnitOfWork], object]) -> None:
        self._writer = writer
        self._dispatch = dispatch

    def change(self, who: Principal, wanted: LabelChange) -> Future[None]:
        """Give nodes labels and take some away; what they may run is looked at anew. For operators."""
        require(who, Action.NODE_CONTROL_ANY)
        put = _checked(wanted.put)
        if not wanted.node_ids or len(wanted.node_ids) > MAX_NODES:
            raise Invalid(f"Labels are changed of 1 to {MAX_NODES:,} nodes at once.", code="LABEL_INVALID")
        said = ", ".join(
            [*(f"{key}={value}" for key, value in put.items()), *(f"-{key}" for key in wanted.remove)]
        )

        def command(uow: UnitOfWork) -> None:
            for node_id in dict.fromkeys(wanted.node_ids):
                node = uow.nodes.get(node_id)
                if node is None or node.admin is NodeAdmin.REVOKED:
                    raise NotFound("There is no such node.", code="NODE_NOT_FOUND")
                kept = {key: value for key, value in node.labels.items() if key not in wanted.remove}
                node.labels = {**kept, **put}
                if len(node.labels) > MAX_LABELS:
                    raise Invalid(f"A node has at most {MAX_LABELS} labels.", code="LABEL_INVALID")
                uow.nodes.save(node)
                hot = uow.pool.nodes.get(node_id)
                if hot is not None:
                    uow.pool.change(hot, labels={**hot.facts.labels, **node.labels})
                uow.publish(audited(who, "node.label", node_id, said[:500], at_ms=uow.now_ms))
            self._dispatch(uow)

        return self._writer.execute(command)


def _checked(labels: Mapping[str, str]) -> dict[str, str]:
    for key, value in labels.items():
        if not _KEY.fullmatch(key):
            raise Invalid(
                f"{key!r} is no name of a label.",
                code="LABEL_INVALID",
                fix="Letters, digits, dot, dash, slash and underscore, at most 63.",
            )
        if not value or len(value) > _MAX_VALUE or any(character < " " for character in value):
            raise Invalid(
                f"The value of the label {key} is empty, too long or has control characters.",
                code="LABEL_INVALID",
                fix=f"Use 1 to {_MAX_VALUE} characters of text.",
            )
    return dict(labels)
