"""On the real engine: only what this worker brought goes, only when nobody uses it, and nothing else with it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.recipe import recipe_digest
from tests.support.engine import docker
from tests.support.sandboxes import sandbox_spec, unwatched
from worker_app.agent.ports.sandbox import ImageInvalid, ImageWanted
from worker_app.execution.docker_runtime import DockerRuntime
from worker_app.execution.engine import default_engine
from worker_app.execution.images import CatalogueImage, context_files

pytestmark = pytest.mark.docker


def recipe(folder: Path, name: str, text: str) -> CatalogueImage:
    context = folder / "context"
    context.mkdir(exist_ok=True)
    (context / "Dockerfile").write_text(text)
    digest = recipe_digest(context_files(context))
    return CatalogueImage(name=name, context=context, pull="localhost:1/none:1", recipe=digest)


@pytest.fixture
def name() -> Iterator[str]:
    made = f"hivemind-test/kept-{secrets.token_hex(4)}:1"
    yield made
    docker("rmi", "-f", made, f"{made.partition(':')[0]}:theirs", check=False)


def present(name: str) -> bool:
    return bool(docker("images", "-q", name))


async def test_an_image_that_we_built_goes_when_nothing_uses_it(
    base_image: str, node_id: str, name: str, tmp_path: Path
) -> None:
    row = recipe(tmp_path, name, f"FROM {base_image}\nENV KEPT={name}\n")
    runtime = DockerRuntime(default_engine(), node_id, {name: row}, images_index=tmp_path / "images.json")
    sandbox = await runtime.open(replace(sandbox_spec(base_image), image=ImageWanted(ref=name)), unwatched)
    (thing,) = await runtime.keeping.kept()
    assert thing.size_bytes > 0 and docker("images", "-q", "--no-trunc", name) == thing.name
    # A container stands on it.
    assert await runtime.keeping.discard(thing) is False and present(name)
    await sandbox.close()
    await runtime.release_task(sandbox.task_id)
    # What somebody gave a name of their own stays under that name.
    theirs = f"{name.partition(':')[0]}:theirs"
    docker("tag", name, theirs)
    assert await runtime.keeping.discard(thing) is True
    assert not present(name) and present(theirs) and present(base_image)
    assert await runtime.keeping.kept() == []
    await runtime.shut()


async def test_only_the_image_that_we_brought_goes_whatever_bears_its_name_now(
    base_image: str, node_id: str, name: str, tmp_path: Path
) -> None:
    row = recipe(tmp_path, name, f"FROM {base_image}\nENV KEPT={name}\n")
    runtime = DockerRuntime(default_engine(), node_id, {name: row}, images_index=tmp_path / "images.json")
    sandbox = await runtime.open(replace(sandbox_spec(base_image), image=ImageWanted(ref=name)), unwatched)
    await sandbox.close()
    await runtime.release_task(sandbox.task_id)
    (thing,) = await runtime.keeping.kept()
    # A container of the owner's own, not started, is a use too.
    theirs = docker("create", thing.name, "true")
    assert await runtime.keeping.discard(thing) is False and present(name)
    docker("rm", theirs)
    # The owner gives our name to an image of theirs.
    docker("tag", base_image, name)
    assert await runtime.keeping.discard(thing) is True
    assert docker("images", "-q", "--no-trunc", name) == docker("images", "-q", "--no-trunc", base_image)
    assert docker("inspect", thing.name, check=False) in ("", "[]")
    assert await runtime.keeping.kept() == []
    await runtime.shut()


async def test_an_image_that_was_there_before_us_is_not_ours(
    base_image: str, node_id: str, tmp_path: Path
) -> None:
    runtime = DockerRuntime(default_engine(), node_id, {}, images_index=tmp_path / "images.json")
    sandbox = await runtime.open(sandbox_spec(base_image), unwatched)
    await sandbox.close()
    await runtime.release_task(sandbox.task_id)
    assert await runtime.keeping.kept() == []
    await runtime.shut()


async def test_a_build_that_fails_leaves_no_layers(
    base_image: str, node_id: str, name: str, tmp_path: Path
) -> None:
    text = f"FROM {base_image}\nENV LEFT={name}\nRUN mkdir /made\nRUN exit 3\n"
    row = recipe(tmp_path, name, text)
    before = set(docker("images", "-aq", "--no-trunc").split())
    runtime = DockerRuntime(default_engine(), node_id, {name: row}, images_index=tmp_path / "images.json")
    with pytest.raises(ImageInvalid):
        await runtime.open(replace(sandbox_spec(base_image), image=ImageWanted(ref=name)), unwatched)
    await runtime.shut()
    marked = [
        one
        for one in set(docker("images", "-aq", "--no-trunc").split()) - before
        if name in docker("inspect", "--format", "{{.Config.Env}}", one, check=False)
    ]
    assert marked == []
    assert await runtime.keeping.kept() == []
