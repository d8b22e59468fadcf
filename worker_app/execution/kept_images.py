"""Which images this worker brought into the engine, by a file of its own: only those may it take out again.

An engine belongs to everybody on the computer. What was there before us, or was tagged by somebody, stays. A name
may have gone on to another image since: we take back our own names only from the image that we brought.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import docker
import docker.errors

from core.domain.images import parse_image
from core.paths import write_private
from worker_app.agent.ports.keeping import KeptThing
from worker_app.execution.engine import Engine


@dataclass(slots=True)
class _Image:
    names: list[str]
    size_bytes: int
    used_ms: int


class KeptImages:
    """The file is read at each change: the doctor and the agent may write it, one after the other."""

    def __init__(
        self, engine: Engine, index: Path | None, now_ms: Callable[[], int] = lambda: time.time_ns() // 10**6
    ) -> None:
        self._engine = engine
        self._index = index
        self._now_ms = now_ms

    def brought(self, image_id: str, names: Sequence[str], size_bytes: int) -> None:
        """Note an image that was not there before we pulled or built it."""
        images = self._read()
        images[image_id] = _Image(names=list(names), size_bytes=size_bytes, used_ms=self._now_ms())
        self._write(images)

    def used(self, image_id: str) -> None:
        """Note that an image is used now, if it is one of ours."""
        images = self._read()
        if image_id in images:
            images[image_id].used_ms = self._now_ms()
            self._write(images)

    def rows(self) -> list[KeptThing]:
        return [
            KeptThing(kind="image", name=image_id, size_bytes=one.size_bytes, used_ms=one.used_ms)
            for image_id, one in self._read().items()
        ]

    async def discard(self, image_id: str) -> bool:
        """Take it out by what it is, not by what it is called; False while a container stands on it."""
        images = self._read()
        one = images.get(image_id)
        if one is None:
            return False
        if not await self._engine.call(partial(_take_out, image_id=image_id, names=one.names)):
            return False
        images = self._read()
        images.pop(image_id, None)
        self._write(images)
        return True

    def _read(self) -> dict[str, _Image]:
        if self._index is None:
            return {}
        try:
            return {key: _Image(**row) for key, row in json.loads(self._index.read_text()).items()}
        except (OSError, ValueError, TypeError, AttributeError):
            # Without it they count as somebody else's, and stay.
            return {}

    def _write(self, images: dict[str, _Image]) -> None:
        if self._index is not None:
            self._index.parent.mkdir(parents=True, exist_ok=True)
            write_private(self._index, json.dumps({key: asdict(one) for key, one in images.items()}).encode())


def _take_out(api: docker.APIClient, image_id: str, names: Sequence[str]) -> bool:
    """Take this image out, and no other that has come to bear one of our names since."""
    record = _record(api, image_id)
    if record is None:
        return True
    if api.containers(all=True, quiet=True, filters={"ancestor": image_id}):
        return False
    ours = {_whole(name) for name in names}
    tags = [str(tag) for tag in record.get("RepoTags") or () if tag != "<none>:<none>"]
    mine = [tag for tag in tags if _whole(tag) in ours]
    try:
        for tag in mine:
            api.remove_image(tag)
        if len(mine) == len(tags) and _record(api, image_id) is not None:
            # Nobody names it: our names have gone on to another image, or a digest was all it had.
            api.remove_image(image_id)
    except docker.errors.NotFound:
        return True
    except docker.errors.APIError as error:
        if error.status_code == 409:
            return False
        raise
    return True


def _record(api: docker.APIClient, image_id: str) -> dict[str, Any] | None:
    try:
        return dict(api.inspect_image(image_id))
    except docker.errors.NotFound:
        return None


def _whole(name: str) -> object:
    """Return a name with what it leaves to convention, so that two ways to say it are one."""
    return parse_image(name) or name


def remove_layers(api: docker.APIClient, ids: Sequence[str]) -> None:
    """Remove what a build that failed left behind; the newest first, as each stands on the one before."""
    for image_id in reversed(ids):
        try:
            api.remove_image(image_id)
        except docker.errors.APIError as error:
            # Used by somebody after all, or gone with the one above.
            if error.status_code not in (404, 409):
                raise
