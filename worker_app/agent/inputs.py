"""Makes an attempt's inputs ready: its files in the cache, its command rendered. Implements `ports.inputs`."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.blobs.cache import BlobCache
from core.domain.bundle import FileEntry, entries_from_lines
from core.domain.errors import Invalid, NotFound
from core.domain.session import ItemSlice
from core.domain.spec import TaskSpec
from core.manifest.items import needed_files
from core.manifest.render import Rendered, render, render_merge
from worker_app.agent.fetching import Fetching, Wanted
from worker_app.agent.instructions import Prepare
from worker_app.agent.ports.inputs import OnPhase, Ready
from worker_app.agent.ports.link import SecretLink
from worker_app.agent.ports.sandbox import ImageWanted, InlineFile, LocalFile, Packages, SandboxSpec

MAX_INDEX_BYTES: Final = 64 << 20
#: Bundles whose list of files is kept in memory.
MAX_BUNDLES: Final = 8


@dataclass(slots=True)
class _Bundle:
    """A bundle as this task's subtasks share it."""

    entries: dict[str, FileEntry]
    sizes: dict[str, int]
    shared: tuple[FileEntry, ...]


class CachedInputs:
    """Used on the agent's loop; reading and hashing happen on threads."""

    def __init__(self, fetching: Fetching, cache: BlobCache, secrets: SecretLink) -> None:
        self._fetching = fetching
        self._secrets = secrets
        self._cache = cache
        self._bundles: OrderedDict[tuple[str, int, str], _Bundle] = OrderedDict()

    async def prepare(self, wanted: Prepare, on_phase: OnPhase) -> Ready:
        """See the port."""
        offer, spec = wanted.offer, wanted.spec
        is_merge = offer.index >= spec.subtask_count
        bundle = await self._bundle(wanted)
        rendered = render_merge(spec) if is_merge else render(spec, offer.index, await self._content(wanted))
        secrets = await self._values(wanted)
        own = _own(bundle, rendered)
        parts = await self._parts(wanted) if offer.parts_blob else []
        opening = wanted.open_sandbox
        needs: list[Wanted] = _blobs([*own, *(bundle.shared if opening else ())], bundle.sizes)
        needs += _blobs([entry for _, entry in parts], _sizes(entry for _, entry in parts))
        needs += _blobs(offer.checkpoint, _sizes(offer.checkpoint))
        if opening:
            needs += [Wanted(wheel.sha256, wheel.size, wheel.sha256) for wheel in wanted.brief.wheels]
        pinned = tuple(one.sha256 for one in needs)
        self._cache.pin(pinned)
        try:
            await self._fetch(offer.attempt_id, needs, on_phase)
        except BaseException:
            self._cache.unpin(pinned)
            raise
        return Ready(
            sandbox=self._sandbox(wanted, bundle, parts) if opening else None,
            argv=rendered.command,
            env={**rendered.env, **secrets, **_names(wanted)},
            workdir=rendered.workdir,
            outputs=replace(spec.outputs, required=rendered.required),
            item=tuple(
                InlineFile(path=name, content=content)
                for name, content in (
                    rendered.item_files | (missing_parts(spec, parts) if is_merge else {})
                ).items()
            ),
            source=tuple(self._local(entry) for entry in own),
            checkpoint=tuple(self._local(_inside(entry, "checkpoint/")) for entry in offer.checkpoint),
            copy=spec.run.copy,
            pinned=pinned,
            masked=tuple(secrets.values()),
        )

    def release(self, ready: Ready) -> None:
        """See the port."""
        self._cache.unpin(ready.pinned)

    async def _values(self, wanted: Prepare) -> Mapping[str, str]:
        """Ask for the task's secrets, anew for each attempt: they are kept nowhere here."""
        if not wanted.spec.secrets:
            return {}
        try:
            return await self._secrets.secrets(wanted.offer.attempt_id)
        except NotFound as error:
            if error.code == "SECRET_MISSING":
                # The submitter's to mend; another node would be told the same.
                raise Invalid(error.message, code=error.code, fix=error.fix) from error
            raise

    # ------------------------------------------------------------ what is needed

    async def _bundle(self, wanted: Prepare) -> _Bundle:
        brief, spec = wanted.brief, wanted.spec
        key = (brief.task_id, brief.revision, brief.bundle_id)
        known = self._bundles.get(key)
        if known is not None:
            self._bundles.move_to_end(key)
            return known
        entries: list[FileEntry] = []
        if brief.bundle_id:
            content = await self._fetching.whole(wanted.offer.attempt_id, brief.bundle_id, MAX_INDEX_BYTES)
            try:
                entries = list(entries_from_lines(content.splitlines()))
            except (ValueError, TypeError) as error:
                raise Invalid("The bundle's list of files cannot be read.", code="BUNDLE_INVALID") from error
        shared = await asyncio.to_thread(needed_files, spec, entries, [], merge=False)
        bundle = self._bundles[key] = _Bundle(
            {entry.path: entry for entry in entries}, _sizes(entries), tuple(shared)
        )
        while len(self._bundles) > MAX_BUNDLES:
            self._bundles.popitem(last=False)
        return bundle

    async def _content(self, wanted: Prepare) -> bytes:
        """Return the bytes of the subtask's items."""
        item: ItemSlice | None = wanted.offer.item
        if item is None or item.content or not item.length:
            return b"" if item is None else item.content
        one = Wanted(item.sha256, item.length, item.blob, item.offset)
        self._cache.pin([item.sha256])
        try:
            await self._fetching.ensure(wanted.offer.attempt_id, [one], lambda count: None)
            return await asyncio.to_thread(self._cache.store.read, item.sha256, 0, item.length)
        finally:
            self._cache.unpin([item.sha256])

    async def _parts(self, wanted: Prepare) -> list[tuple[int, FileEntry]]:
        content = await self._fetching.whole(wanted.offer.attempt_id, wanted.offer.parts_blob, MAX_INDEX_BYTES)
        try:
            return list(_parts_of(content))
        except (ValueError, TypeError, KeyError) as error:
            raise Invalid("The list of parts cannot be read.", code="PARTS_INVALID") from error

    async def _fetch(self, attempt_id: str, needs: Sequence[Wanted], on_phase: OnPhase) -> None:
        if self._fetching.has_all(needs):
            return
        total = max(1, sum(one.size for one in needs))
        done = 0

        def arrived(count: int) -> None:
            nonlocal done
            done += count
            on_phase("fetch", min(100.0, 100.0 * done / total))

        on_phase("fetch", 0.0)
        await self._fetching.ensure(attempt_id, needs, arrived)

    # ------------------------------------------------------------ as the sandbox wants it

    def _sandbox(self, wanted: Prepare, bundle: _Bundle, parts: Sequence[tuple[int, FileEntry]]) -> SandboxSpec:
        brief, spec, pin = wanted.brief, wanted.spec, wanted.brief.pin
        wheels = tuple(
            LocalFile(
                path=wheel.filename,
                local=self._cache.store.path(wheel.sha256),
                size_bytes=wheel.size,
                sha256=wheel.sha256,
            )
            for wheel in brief.wheels
        )
        return SandboxSpec(
            sandbox_id=wanted.sandbox_id,
            task_id=brief.task_id,
            owner=brief.owner_id,
            image=ImageWanted(
                ref=spec.image.ref,
                digest=pin.digest if pin else "",
                recipe=pin.recipe if pin else "",
                image_id=pin.image_id if pin else "",
            ),
            resources=wanted.offer.resources,
            isolation=spec.run.isolation,
            shm_bytes=spec.shm_bytes,
            gpu_uuids=wanted.gpu_uuids,
            source=tuple(self._local(entry) for entry in bundle.shared),
            parts=tuple(self._local(replace(entry, path=f"{index}/{entry.path}")) for index, entry in parts),
            packages=Packages(wheels=wheels) if wheels else None,
            allow_process=spec.run.allow_process,
        )

    def _local(self, entry: FileEntry) -> LocalFile:
        # An empty file has no bytes in any blob that was fetched.
        blob = entry.blob if entry.size else self._cache.store.put(b"")
        return LocalFile(
            path=entry.path,
            local=self._cache.store.path(blob),
            size_bytes=entry.size,
            offset=entry.offset,
            mode=entry.mode,
            sha256=entry.sha256,
        )


def _names(wanted: Prepare) -> dict[str, str]:
    offer = wanted.offer
    return {
        "HIVEMIND_TASK_ID": offer.task_id,
        "TASK_ID": offer.task_id,
        "HIVEMIND_ATTEMPT": str(offer.attempt_number),
        "HIVEMIND_DEADLINE": str(offer.deadline_ms // 1000) if offer.deadline_ms else "",
    }


def missing_parts(spec: TaskSpec, parts: Sequence[tuple[int, FileEntry]]) -> dict[str, bytes]:
    """Return the list of subtasks that left nothing for the merge, as a file of its own."""
    there = {index for index, _ in parts}
    return {
        "missing.json": json.dumps([index for index in range(spec.subtask_count) if index not in there]).encode()
    }


def _own(bundle: _Bundle, rendered: Rendered) -> list[FileEntry]:
    """Return the files that are this subtask's items."""
    entries = [bundle.entries.get(str(item["path"])) for item in rendered.items if "sha256" in item]
    return [entry for entry in entries if entry is not None]


def _inside(entry: FileEntry, prefix: str) -> FileEntry:
    """A checkpoint's files are named as they were collected; its folder is where they go back to."""
    return replace(entry, path=entry.path.removeprefix(prefix))


def _sizes(entries: Iterable[FileEntry]) -> dict[str, int]:
    """Return the size of each blob that the entries name: where the last of them ends."""
    sizes: dict[str, int] = {}
    for entry in entries:
        sizes[entry.blob] = max(sizes.get(entry.blob, 0), entry.offset + entry.size)
    return sizes


def _blobs(entries: Iterable[FileEntry], sizes: dict[str, int]) -> list[Wanted]:
    names = dict.fromkeys(entry.blob for entry in entries if entry.size)
    return [Wanted(name, sizes[name], name) for name in names]


def _parts_of(content: bytes) -> Iterable[tuple[int, FileEntry]]:
    for line in content.splitlines():
        if line.strip():
            row = json.loads(line)
            for file in row["files"]:
                path, size, sha256, mode, blob, offset = file
                yield (
                    int(row["index"]),
                    FileEntry(path=path, size=size, sha256=sha256, mode=mode, blob=blob, offset=offset),
                )
