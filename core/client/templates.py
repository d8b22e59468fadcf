"""Settings of tasks that the signed-in user keeps under a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from core.client.errors import NotFoundError
from core.client.models import Template
from core.client.transport import Transport


class TemplatesClient:
    """`HiveMind.templates`. Settings are what `HiveMind.submit` takes as fields."""

    def __init__(self, http: Transport) -> None:
        self._http = http

    def all(self) -> Sequence[Template]:
        """Return your templates by name."""
        return [Template.read(each) for each in self._http.call("GET", "/templates")["items"]]

    def get(self, name: str) -> Template:
        """Return one of them. Raises NotFoundError."""
        for template in self.all():
            if template.name == name:
                return template
        raise NotFoundError("You have no such template.", code="TEMPLATE_NOT_FOUND")

    def keep(self, name: str, settings: Mapping[str, Any]) -> Template:
        """Keep settings under a name, in place of older ones."""
        body = {"settings": {key: str(value) for key, value in settings.items()}}
        return Template.read(self._http.call("PUT", _path(name), body=body))

    def forget(self, name: str) -> None:
        self._http.call("DELETE", _path(name))


def _path(name: str) -> str:
    return f"/templates/{quote(name, safe='')}"
