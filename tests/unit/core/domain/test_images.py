"""Names of images: what is the same one, what a list allows, what a report pins."""

from __future__ import annotations

import pytest

from core.domain.images import image_allowed, parse_image, settled_pin, tagged
from core.domain.session import ImagePin

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("ref", "full", "tag"),
    [
        ("python", "docker.io/library/python", "latest"),
        ("python:3.12-slim", "docker.io/library/python", "3.12-slim"),
        ("docker.io/library/python", "docker.io/library/python", "latest"),
        ("justin308/hivemind-worker:python", "docker.io/justin308/hivemind-worker", "python"),
        ("ghcr.io/a/b/c:v1", "ghcr.io/a/b/c", "v1"),
        ("localhost/x", "localhost/x", "latest"),
        ("127.0.0.1:5001/tool:2", "127.0.0.1:5001/tool", "2"),
        (f"lab.example:5000/tool@{DIGEST}", "lab.example:5000/tool", "latest"),
    ],
)
def test_a_reference_is_read_as_engines_read_it(ref: str, full: str, tag: str) -> None:
    name = parse_image(ref)
    assert name is not None
    assert (name.full, name.tag) == (full, tag)


@pytest.mark.parametrize(
    "ref", ["", "A", "a b", "a@sha256:1", "a@", "http://x/y", "a:b:c", "../x", "-x", "a/../b"]
)
def test_what_is_no_reference_is_none(ref: str) -> None:
    assert parse_image(ref) is None


@pytest.mark.parametrize(
    ("ref", "allowed", "answer"),
    [
        ("python:3.12", ["python"], True),
        ("docker.io/library/python:3.12", ["python"], True),
        ("python", ["docker.io/library/python"], True),
        ("python:3.12", ["python:3.11"], False),
        ("python:3.12", ["python:3.*"], True),
        ("pythonista", ["python"], False),
        ("evil/python", ["python"], False),
        ("ghcr.io/lab/tool:1", ["ghcr.io/lab/*"], True),
        ("ghcr.io/labs/tool:1", ["ghcr.io/lab/*"], False),
        ("evil.example/ghcr.io/lab/x", ["ghcr.io/lab/*"], False),
        (f"tool@{DIGEST}", ["tool"], True),
        (f"tool@{DIGEST}", [f"tool@{DIGEST}"], True),
        (f"tool@sha256:{'b' * 64}", [f"tool@{DIGEST}"], False),
        ("hivemind/python", ["hivemind/*"], True),
        ("anything", ["*"], True),
        ("not a name", ["not a name"], True),
        ("anything", [], False),
    ],
)
def test_a_list_allows_names_and_patterns(ref: str, allowed: list[str], answer: bool) -> None:
    assert image_allowed(ref, allowed) is answer


def test_a_report_is_settled_to_the_one_thing_that_others_can_go_by() -> None:
    everything = ImagePin(ref="x:1", digest=DIGEST, recipe="c" * 64, image_id="sha256:" + "d" * 64)
    assert settled_pin(everything, "x") == ImagePin(ref="x", digest=DIGEST)
    assert settled_pin(ImagePin(ref="", recipe="c" * 64, image_id=DIGEST), "x") == ImagePin(
        ref="x", recipe="c" * 64
    )
    assert settled_pin(ImagePin(ref="", image_id=DIGEST), "x") == ImagePin(ref="x", image_id=DIGEST)
    assert settled_pin(ImagePin(ref="", digest="latest", image_id="7"), "x") is None


def test_engines_list_images_with_their_tag() -> None:
    assert [tagged(ref) for ref in ("a", "a:1", "h:5/a", "h:5/a:1")] == [
        "a:latest",
        "a:1",
        "h:5/a:latest",
        "h:5/a:1",
    ]
