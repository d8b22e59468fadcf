"""The ladder to an image: there already -> pull -> build from our recipe. What comes is reported for pinning."""

from __future__ import annotations

import io
import json
import re
import tarfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import docker.errors

from core.domain.errors import EngineUnavailable
from core.domain.recipe import RECIPE_LABEL, recipe_digest, unix_text
from worker_app.agent.ports.sandbox import (
    ImageFacts,
    ImageInvalid,
    ImageWanted,
    OnProgress,
    OpenProgress,
)
from worker_app.execution.engine import Engine, arch_name
from worker_app.execution.kept_images import KeptImages, remove_layers

PULL_S = 3600.0
BUILD_S = 3600.0
_LAYER = re.compile(r"---> ([0-9a-f]{12})")
DEFAULT_PULL_PREFIX = "justin308/hivemind-worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueImage:
    """One row of `resources/images/catalogue.toml` with the recipe of its build context."""

    name: str
    context: Path
    pull: str
    recipe: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyImage:
    """An image that the engine has, with what its own configuration means for the policy."""

    facts: ImageFacts
    path: str
    volumes: tuple[str, ...]


def load_catalogue(folder: Path, pull_prefix: str = DEFAULT_PULL_PREFIX) -> dict[str, CatalogueImage]:
    """Read the catalogue; the node's `pull_prefix` replaces the default repository in its pull names."""
    rows = tomllib.loads((folder / "catalogue.toml").read_text(encoding="utf-8"))["images"]
    images: dict[str, CatalogueImage] = {}
    for name, row in rows.items():
        pull = str(row["pull"])
        if pull.startswith(DEFAULT_PULL_PREFIX + ":"):
            pull = pull_prefix + pull[len(DEFAULT_PULL_PREFIX) :]
        context = folder / str(row["context"])
        recipe = recipe_digest(context_files(context))
        images[name] = CatalogueImage(name=name, context=context, pull=pull, recipe=recipe)
    return images


def context_files(context: Path) -> dict[str, bytes]:
    """Return the files of a build context by their path, as the recipe counts them."""
    return {
        path.relative_to(context).as_posix(): path.read_bytes()
        for path in sorted(context.rglob("*"))
        if path.is_file()
    }


def context_tar(files: Mapping[str, bytes]) -> bytes:
    """Return a build context; contexts are small texts."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, content in files.items():
            text = unix_text(content)
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(text), 0o755
            tar.addfile(entry, io.BytesIO(text))
    return buffer.getvalue()


class Images:
    """Makes images present. Raises ImageInvalid where every attempt would fail for the same reason."""

    def __init__(self, engine: Engine, catalogue: Mapping[str, CatalogueImage], kept: KeptImages) -> None:
        self._engine = engine
        self._kept = kept
        self._catalogue = catalogue

    async def ensure(self, wanted: ImageWanted, on_progress: OnProgress) -> ReadyImage:
        """Return the wanted image, having pulled or built it when it was not there."""
        row = self._catalogue.get(wanted.ref)
        recipe = wanted.recipe or (row.recipe if row else "")
        present = await self._present(wanted, recipe)
        if present is not None:
            self._kept.used(present.facts.image_id)
            return present
        if wanted.image_id:
            raise ImageInvalid(
                f"the image {wanted.ref} exists on other nodes only, and not on this one; push it to a registry "
                "that the nodes can reach"
            )
        before = await self._engine.call(lambda api: {str(one["Id"]) for one in api.images(all=True)})
        name = row.pull if row else _pull_name(wanted)
        pull_error = await self._pull(name, row, on_progress)
        present = await self._present(wanted, recipe)
        if present is None and row is not None and row.recipe == recipe:
            await self._build(row, on_progress, before)
            present = await self._present(wanted, recipe)
        if present is None:
            problem = pull_error or "what was pulled is another version"
            raise ImageInvalid(
                f"the image {wanted.ref} cannot be had: {problem}; check its name, and that the registry can be "
                "reached from the nodes"
            )
        if present.facts.image_id not in before:
            names = [name, row.name] if row is not None else [name]
            self._kept.brought(present.facts.image_id, names, present.facts.size_bytes)
        return present

    async def _present(self, wanted: ImageWanted, recipe: str) -> ReadyImage | None:
        names = [wanted.image_id] if wanted.image_id else _names(wanted)
        row = self._catalogue.get(wanted.ref)
        if row is not None:
            names.append(row.pull)
        for name in names:
            image = await self._inspect(name)
            if image is None or (recipe and image.facts.recipe != recipe):
                continue
            if wanted.digest and image.facts.digest != wanted.digest:
                continue
            return image
        return None

    async def _inspect(self, name: str) -> ReadyImage | None:
        def inspect(api: docker.APIClient) -> dict[str, Any] | None:
            try:
                return dict(api.inspect_image(name))
            except docker.errors.NotFound:
                return None

        record = await self._engine.call(inspect)
        return None if record is None else ready_image_of(name, record)

    async def _pull(self, name: str, row: CatalogueImage | None, on_progress: OnProgress) -> str:
        """Pull; return why it did not work, "" when it did. A catalogue image also gets its own name."""

        def pull(api: docker.APIClient) -> str:
            return follow_pull(api.pull(name, stream=True, decode=True), on_progress)

        try:
            problem = await self._engine.call(pull, PULL_S)
        except ImageInvalid as error:
            problem = error.message
        except EngineUnavailable as error:
            # A registry that cannot be reached is the engine's 500, and the ladder's next step may help.
            problem = error.message
        if not problem and row is not None:
            await self._engine.call(lambda api: api.tag(name, row.name))
        return problem

    async def _build(self, row: CatalogueImage, on_progress: OnProgress, before: Set[str]) -> None:
        content = context_tar(context_files(row.context))
        layers: list[str] = []

        def build(api: docker.APIClient) -> str:
            answer = api.build(
                fileobj=io.BytesIO(content),
                custom_context=True,
                tag=row.name,
                labels={RECIPE_LABEL: row.recipe},
                rm=True,
                forcerm=True,
                decode=True,
            )
            problem = follow_build(answer, on_progress, layers)
            if problem:
                remove_layers(api, [one for one in layers if not any(_is_short(one, old) for old in before)])
            return problem

        problem = await self._engine.call(build, BUILD_S)
        if problem:
            raise ImageInvalid(f"the image {row.name} cannot be built here: {problem}")


def _names(wanted: ImageWanted) -> list[str]:
    if wanted.digest:
        return [f"{repository_of(wanted.ref)}@{wanted.digest}", wanted.ref]
    return [wanted.ref]


def _pull_name(wanted: ImageWanted) -> str:
    if wanted.digest:
        return f"{repository_of(wanted.ref)}@{wanted.digest}"
    # Without a tag the engine would pull every tag there is.
    name = wanted.ref.rsplit("/", 1)[-1]
    return wanted.ref if ":" in name or "@" in name else f"{wanted.ref}:latest"


def repository_of(ref: str) -> str:
    """Return a reference without its tag and digest."""
    plain = ref.split("@", 1)[0]
    head, _, last = plain.rpartition("/")
    last = last.split(":", 1)[0]
    return f"{head}/{last}" if head else last


def ready_image_of(name: str, record: Mapping[str, Any]) -> ReadyImage:
    """Translate the engine's record of an image."""
    config = record.get("Config") or {}
    repository = repository_of(name)
    digests = [str(one).split("@", 1) for one in record.get("RepoDigests") or ()]
    digest = next((parts[1] for parts in digests if parts[0] == repository), "")
    if not digest and len(digests) == 1:
        digest = digests[0][1]
    path = next((one[5:] for one in config.get("Env") or () if str(one).startswith("PATH=")), "")
    facts = ImageFacts(
        ref=name,
        image_id=str(record["Id"]),
        digest=digest,
        recipe=str((config.get("Labels") or {}).get(RECIPE_LABEL, "")),
        size_bytes=int(record.get("Size") or 0),
        arch=arch_name(str(record.get("Architecture") or "")),
        os=str(record.get("Os") or ""),
    )
    return ReadyImage(
        facts=facts,
        path=path or "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        volumes=tuple(sorted(config.get("Volumes") or {})),
    )


def follow_pull(rows: Iterable[Any], on_progress: OnProgress) -> str:
    """Add up the layers' bytes while a pull goes on; return its error, if any."""
    done: dict[str, int] = {}
    total: dict[str, int] = {}
    for row in rows:
        if row.get("error"):
            return str(row["error"])[:300]
        detail = row.get("progressDetail") or {}
        if row.get("status") == "Downloading" and detail.get("total"):
            done[row["id"]], total[row["id"]] = int(detail["current"]), int(detail["total"])
            on_progress(
                OpenProgress(phase="image", done_bytes=sum(done.values()), total_bytes=sum(total.values()))
            )
    return ""


def _is_short(short: str, image_id: str) -> bool:
    return image_id.removeprefix("sha256:").startswith(short)


def follow_build(rows: Iterator[Any], on_progress: OnProgress, layers: list[str]) -> str:
    """Report a build's steps and note the layers that it makes; return its error, if any."""
    for row in rows:
        if row.get("error"):
            return str(row["error"])[:300]
        text = str(row.get("stream") or "").strip()
        if text.startswith("Step "):
            on_progress(OpenProgress(phase="image", text=text[:200]))
        made = _LAYER.fullmatch(text)
        if made:
            layers.append(made[1])
    return ""


def facts_label(facts: ImageFacts) -> str:
    """Return image facts as a label, so that a restarted agent knows what an old sandbox runs."""
    names = ("ref", "image_id", "digest", "recipe", "arch", "os")
    return json.dumps({name: getattr(facts, name) for name in names})


def facts_of_label(text: str) -> ImageFacts:
    """Read `facts_label`; labels are ours, yet a damaged one must not stop an adoption."""
    try:
        return ImageFacts(**json.loads(text))
    except (ValueError, TypeError):
        return ImageFacts(ref="", image_id="")
