"""Packages of a task: wheels, resolved and pinned at submit, unpacked once into a read-only volume.

Keyed by (image, architecture, set of wheels, submitter): owners never share what one of them chose. The work is
done by our own unpacker in a sandbox of its own under the same policy, without network or index; no code of a
wheel runs. Least recently used sets leave when the disk budget is met.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from core.domain.errors import StorageFull
from core.paths import write_private
from worker_app.agent.ports.keeping import KeptThing
from worker_app.agent.ports.sandbox import Ended, Metric, Output, Packages, PackagesInvalid, RunOrder, Sandbox
from worker_app.execution.images import ReadyImage
from worker_app.execution.policy import PACKAGES_FOLDER
from worker_app.execution.volumes import Volumes

#: A wheel is mostly compressed code; unpacked sizes are told by the unpacker, this only guards the start.
GROWTH = 5
INSTALL_S = 1800.0

Install = Callable[[str, Sequence[str]], Awaitable[int]]

#: Runs inside, as an ordinary attempt. argv: target, then wheels. Prints the bytes that it wrote.
UNPACKER = r"""
import configparser, os, sys, zipfile
target, total = sys.argv[1], 0
def place(name, content, mode=0o644):
    global total
    parts = [part for part in name.split('/') if part]
    if name.startswith('/') or '..' in parts or '\\' in name:
        sys.exit('hivemind_fail: a wheel holds the path ' + name[:200])
    path = os.path.join(target, *parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as out:
        out.write(content)
    os.chmod(path, mode)
    total += len(content)
for wheel in sys.argv[2:]:
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            name = info.filename
            if name.endswith('/'):
                continue
            content, mode, head = archive.read(info), 0o644, name.split('/')
            if head[0].endswith('.data') and len(head) > 2:
                scheme, rest = head[1], '/'.join(head[2:])
                if scheme in ('purelib', 'platlib'):
                    name = rest
                elif scheme == 'scripts':
                    name, mode = 'bin/' + rest, 0o755
                    if content.startswith(b'#!python'):
                        content = b'#!/usr/bin/env python3\n' + content.split(b'\n', 1)[-1]
                elif scheme == 'data':
                    name = rest
                else:
                    continue
            place(name, content, mode)
            if name.endswith('.dist-info/entry_points.txt'):
                points = configparser.ConfigParser(delimiters=('=',))
                points.optionxform = str
                points.read_string(content.decode())
                for key in points['console_scripts'] if points.has_section('console_scripts') else ():
                    module, _, call = points['console_scripts'][key].split('[')[0].strip().partition(':')
                    place('bin/' + key, ('#!/usr/bin/env python3\nimport sys\nfrom %s import %s\nsys.exit(%s())\n'
                          % (module, call.split('.')[0], call)).encode(), 0o755)
print('hivemind_metric: bytes=%d' % total)
"""


@dataclass(slots=True)
class _Set:
    """A set that is completely installed."""

    volume: str
    bytes: int
    used_ms: int


def packages_key(image_id: str, arch: str, owner: str, packages: Packages) -> str:
    """Return the name of a set; changes with anything that could change what is in it."""
    digest = hashlib.sha256()
    wheels = sorted((wheel.path, wheel.sha256) for wheel in packages.wheels)
    digest.update(json.dumps([image_id, arch, owner, wheels]).encode())
    return digest.hexdigest()[:32]


class PackageStore:
    """Which sets this node has; the index is a file, so that it outlives the agent."""

    def __init__(
        self,
        volumes: Volumes,
        index: Path,
        budget_bytes: int,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 10**6,
    ) -> None:
        self._volumes = volumes
        self._index = index
        self._budget_bytes = budget_bytes
        self._now_ms = now_ms
        self._sets = _read_index(index)

    async def ensure(self, owner: str, image: ReadyImage, packages: Packages, install: Install) -> str:
        """Return the volume of a set, installing it first by `install(volume, wheels)`, which tells its size."""
        if any(not wheel.sha256 or not wheel.path.endswith(".whl") for wheel in packages.wheels):
            raise PackagesInvalid("packages are pinned wheels only")
        key = packages_key(image.facts.image_id, image.facts.arch, owner, packages)
        known = self._sets.get(key)
        if known is not None:
            known.used_ms = self._now_ms()
            self._write()
            return known.volume
        wanted = sum(wheel.size_bytes for wheel in packages.wheels) * GROWTH
        await self._make_room(wanted)
        volume = f"hivemind-packages-{key}"
        # What an interrupted installation left is not to be trusted.
        await self._volumes.remove(volume)
        self._volumes.remember(volume)
        try:
            await self._volumes.create_writable(volume, "packages", image.facts.image_id)
            size = await install(volume, [wheel.path for wheel in packages.wheels])
        except BaseException:
            await self._volumes.remove(volume)
            raise
        self._sets[key] = _Set(volume=volume, bytes=size, used_ms=self._now_ms())
        self._write()
        return volume

    def rows(self) -> list[KeptThing]:
        """Return the sets that are kept."""
        return [
            KeptThing(kind="packages", name=one.volume, size_bytes=one.bytes, used_ms=one.used_ms)
            for one in self._sets.values()
        ]

    async def discard(self, volume: str) -> bool:
        """Remove a set; False when a sandbox uses it."""
        key = next((key for key, one in self._sets.items() if one.volume == volume), "")
        if not key or not await self._volumes.remove(volume):
            return False
        del self._sets[key]
        self._write()
        return True

    async def _make_room(self, wanted_bytes: int) -> None:
        if wanted_bytes > self._budget_bytes:
            raise StorageFull("the packages are larger than this node's budget for packages")
        oldest = sorted(self._sets.items(), key=lambda item: item[1].used_ms)
        for key, one in oldest:
            if sum(some.bytes for some in self._sets.values()) + wanted_bytes <= self._budget_bytes:
                return
            # One that a sandbox uses stays.
            if await self._volumes.remove(one.volume):
                del self._sets[key]
        self._write()

    def _write(self) -> None:
        self._index.parent.mkdir(parents=True, exist_ok=True)
        content = {key: asdict(one) for key, one in self._sets.items()}
        write_private(self._index, json.dumps(content).encode())


def _read_index(index: Path) -> dict[str, _Set]:
    try:
        return {key: _Set(**row) for key, row in json.loads(index.read_text()).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        # A lost index costs an installation, never a wrong set: volumes are made anew.
        return {}


async def unpack(sandbox: Sandbox, wheels: Sequence[str]) -> int:
    """Run the unpacker; return the bytes that it wrote."""
    size, words = 0, "the unpacker failed"
    argv = ("python3", "-I", "-S", "-c", UNPACKER, PACKAGES_FOLDER, *(f"/work/src/{name}" for name in wheels))
    order = RunOrder(
        attempt_id="packages", index=0, count=1, argv=argv, timeout_s=INSTALL_S, lease_s=INSTALL_S + 60
    )
    async for event in sandbox.run(order):
        if isinstance(event, Metric):
            size = int(event.value)
        elif isinstance(event, Output) and event.stream == "stderr":
            words = event.content.decode("utf-8", "replace").strip()[-300:]
        elif isinstance(event, Ended) and event.exit_code != 0:
            raise PackagesInvalid(f"the packages cannot be installed: {event.problem or words}")
    return size
