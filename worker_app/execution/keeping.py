"""What the docker runtime keeps between tasks: images that it brought, and installed packages."""

from __future__ import annotations

from collections.abc import Sequence

from worker_app.agent.ports.keeping import KeptThing
from worker_app.execution.kept_images import KeptImages
from worker_app.execution.packages import PackageStore


class DockerKeeping:
    """See the port."""

    def __init__(self, images: KeptImages, packages: PackageStore | None) -> None:
        self._images = images
        self._packages = packages

    async def kept(self) -> Sequence[KeptThing]:
        return [*self._images.rows(), *(self._packages.rows() if self._packages else ())]

    async def discard(self, thing: KeptThing) -> bool:
        if thing.kind == "image":
            return await self._images.discard(thing.name)
        return self._packages is not None and await self._packages.discard(thing.name)
