"""The ladder's names and answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.recipe import recipe_digest
from worker_app.agent.ports.sandbox import OpenProgress
from worker_app.execution.images import (
    facts_label,
    facts_of_label,
    follow_build,
    follow_pull,
    load_catalogue,
    ready_image_of,
    repository_of,
)


def test_the_catalogue_takes_the_nodes_own_repository(tmp_path: Path) -> None:
    (tmp_path / "python").mkdir()
    (tmp_path / "python/Dockerfile").write_bytes(b"FROM x\r\n")
    (tmp_path / "catalogue.toml").write_text(
        '[images."hivemind/python"]\ncontext = "python"\npull = "justin308/hivemind-worker:python"\n'
    )
    image = load_catalogue(tmp_path, "registry.lab/hm")["hivemind/python"]
    assert image.pull == "registry.lab/hm:python"
    assert image.recipe == recipe_digest({"Dockerfile": b"FROM x\n"})


@pytest.mark.parametrize(
    ("ref", "repository"),
    [("a", "a"), ("a:1", "a"), ("h:5000/a/b:1", "h:5000/a/b"), ("a@sha256:x", "a"), ("h:5000/a", "h:5000/a")],
)
def test_repositories(ref: str, repository: str) -> None:
    assert repository_of(ref) == repository


def test_a_pull_reports_bytes_and_its_error() -> None:
    seen: list[OpenProgress] = []
    rows = [
        {"id": "1", "status": "Downloading", "progressDetail": {"current": 5, "total": 10}},
        {"id": "2", "status": "Downloading", "progressDetail": {"current": 1, "total": 2}},
        {"error": "no such manifest"},
    ]
    assert follow_pull(rows, seen.append) == "no such manifest"
    assert [(one.done_bytes, one.total_bytes) for one in seen] == [(5, 10), (6, 12)]
    assert follow_build(iter([{"stream": "Step 1/2 : FROM x\n"}]), seen.append, []) == ""


def test_an_images_facts_survive_as_a_label() -> None:
    record = {"Id": "sha256:1", "RepoDigests": ["a@sha256:d"], "Config": {"Volumes": {"/d": {}}}}
    image = ready_image_of("a:1", record)
    assert (image.facts.digest, image.volumes) == ("sha256:d", ("/d",))
    assert facts_of_label(facts_label(image.facts)) == image.facts
    assert facts_of_label("{").image_id == ""
