"""One subtask of a folder on this computer's own engine: for trying a task before it is sent to a pool."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from core.blobs.bundler import keep_folder
from core.blobs.cache import BlobCache
from core.blobs.store import BlobStore
from core.domain.errors import Invalid, NotFound
from core.domain.session import ItemSlice, Offer, TaskBrief
from core.domain.spec import TaskSpec
from core.manifest.files import StoredFiles
from core.manifest.items import index_items, slice_at
from core.manifest.reading import read_manifest
from worker_app.agent.fetching import Fetching
from worker_app.agent.inputs import CachedInputs
from worker_app.agent.instructions import Prepare
from worker_app.agent.pauses import Pauses
from worker_app.agent.ports.inputs import Ready
from worker_app.agent.ports.sandbox import CollectOrder, Ended, OpenProgress, Output, RunOrder, Runtime, Sandbox

NAME: Final = "run-once"
LEASE_S: Final = 24 * 3600


class _NoMaster:
    """Everything is on this machine already."""

    async def missing(self, attempt_id: str, digests: Sequence[str]) -> frozenset[str]:
        return frozenset()

    async def fetch(
        self, attempt_id: str, digest: str, *, offset: int = 0, length: int = 0
    ) -> AsyncIterator[bytes]:
        raise NotFound("There is no such file in this folder.", code="BLOB_NOT_FOUND")
        yield b""

    async def store(self, attempt_id: str, digest: str, file: Path, size_bytes: int) -> None:
        """Results stay here."""


class _OwnSecrets:
    """Without a master the person's own environment stands in for what a pool keeps."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    async def secrets(self, attempt_id: str) -> Mapping[str, str]:
        for name in self._names:
            if name not in os.environ:
                raise NotFound(f'The secret "{name}" is not set.', code="SECRET_MISSING", fix=f"export {name}=...")
        return {name: os.environ[name] for name in self._names}


async def run(folder: Path, index: int, runtime: Runtime) -> int:
    """Run subtask `index` of `folder`, print its log, leave its results in ./out-<index>; return its exit code.

    Raises Invalid with the manifest's problems, and what the runtime raises.
    """
    with tempfile.TemporaryDirectory(prefix="hivemind-") as temporary:
        store = BlobStore(Path(temporary) / "blobs")
        wanted = _wanted(folder, index, store)
        cache = BlobCache(store, 1 << 62)
        inputs = CachedInputs(Fetching(_NoMaster(), cache, Pauses()), cache, _OwnSecrets(wanted.spec.secrets))
        ready = await inputs.prepare(wanted, lambda phase, percent: None)
        assert ready.sandbox is not None
        sandbox = await runtime.open(replace(ready.sandbox, lease_s=LEASE_S), _say)
        try:
            ended = await _follow(sandbox, wanted, ready)
            await _collect(sandbox, wanted.spec, ready, ended, Path(temporary) / "out", Path(f"out-{index}"))
        finally:
            await sandbox.close()
    return _explain(ended)


def _wanted(folder: Path, index: int, store: BlobStore) -> Prepare:
    bundle = keep_folder(folder, store)
    files = StoredFiles(store, bundle.entries)
    reading = read_manifest(files)
    spec = reading.spec
    if spec is None:
        raise Invalid("The manifest has problems.", reading.problems, code="MANIFEST_INVALID")
    if not 0 <= index < spec.subtask_count:
        raise Invalid(
            f"There is no subtask {index}.",
            code="INDEX_OUT_OF_RANGE",
            fix=f"Choose one from 0 to {spec.subtask_count - 1}.",
        )
    item: ItemSlice | None = None
    items_blob, _ = index_items(spec.split, reading.listed, files, store.writer)
    if items_blob:
        item = slice_at(store.read, items_blob, index)
        if item.length and not item.content:
            item = replace(item, content=store.read(item.blob, item.offset, item.length))
    offer = Offer(
        attempt_id=NAME,
        task_id=NAME,
        revision=1,
        index=index,
        epoch=1,
        attempt_number=1,
        resources=spec.resources,
        lease_s=LEASE_S,
        item=item,
    )
    brief = TaskBrief(
        task_id=NAME, revision=1, owner_id=NAME, owner_name="", spec_json="", bundle_id=bundle.bundle_id
    )
    # Whoever starts this is the submitter and the node's owner at once.
    spec = replace(spec, run=replace(spec.run, allow_process=True))
    return Prepare(0, NAME, True, (), offer, brief, spec, LEASE_S * 1000)


def _say(progress: OpenProgress) -> None:
    if progress.text:
        print(f"{progress.phase}: {progress.text}", file=sys.stderr)


async def _follow(sandbox: Sandbox, wanted: Prepare, ready: Ready) -> Ended:
    order = RunOrder(
        attempt_id=NAME,
        index=wanted.offer.index,
        count=wanted.spec.subtask_count,
        argv=ready.argv,
        env=ready.env,
        workdir=ready.workdir,
        item=ready.item,
        source=ready.source,
        copy=ready.copy,
        masked=ready.masked,
        timeout_s=wanted.spec.run.timeout_s,
        grace_s=wanted.spec.run.grace_s,
        lease_s=LEASE_S,
    )
    async for event in sandbox.run(order):
        if isinstance(event, Output):
            stream = sys.stderr if event.stream == "stderr" else sys.stdout
            stream.write(event.content.decode("utf-8", "replace"))
            stream.flush()
        elif isinstance(event, Ended):
            return event
    return Ended(exit_code=None, problem="the sandbox did not say how it ended")


async def _collect(
    sandbox: Sandbox, spec: TaskSpec, ready: Ready, ended: Ended, folder: Path, target: Path
) -> None:
    succeeded = ended.exit_code in spec.run.success_exit
    order = CollectOrder(
        target_folder=folder,
        include=ready.outputs.include,
        required=ready.outputs.required if succeeded else (),
        changes=spec.run.collect_changes,
        max_bytes=ready.outputs.max_bytes,
    )
    for file in await sandbox.collect(order):
        # `path` was judged by the sandbox's room: relative, no links, no dots.
        place = target / file.path.removeprefix("out/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(file.local, place)
        print(f"result: {place}", file=sys.stderr)


def _explain(ended: Ended) -> int:
    if ended.problem:
        print(f"it did not start: {ended.problem}", file=sys.stderr)
    if ended.timed_out:
        print("it ran longer than its timeout", file=sys.stderr)
    if ended.oom_killed:
        print("it needed more memory than it reserved", file=sys.stderr)
    return ended.exit_code if ended.exit_code is not None else 1
