"""Names of container images: what two people mean by the same one, and which a list allows.

python                 docker.io/library/python:latest
lab.example:5000/tool:2@sha256:...
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from core.domain.session import ImagePin

HUB: Final = "docker.io"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_{1,2}|-+|/)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_REGISTRY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?|\[[0-9a-fA-F:]+\](?::\d{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageName:
    """A reference with everything said that it leaves to convention."""

    registry: str
    repository: str
    tag: str = "latest"
    digest: str = ""

    @property
    def full(self) -> str:
        """Registry and repository, which lists name."""
        return f"{self.registry}/{self.repository}"


def parse_image(ref: str) -> ImageName | None:
    """Return the parts of a reference; None for a text that is none."""
    plain, _, digest = ref.partition("@")
    head, slash, rest = plain.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost"):
        registry = HUB if head == "index.docker.io" else head
    else:
        registry, rest = HUB, plain
    repository, _, tag = rest.partition(":")
    if registry == HUB and "/" not in repository:
        repository = f"library/{repository}"
    good = _REPOSITORY.fullmatch(repository) and _REGISTRY.fullmatch(registry) and _TAG.fullmatch(tag or "latest")
    if not good or (digest and not _DIGEST.fullmatch(digest)) or ("@" in ref and not digest):
        return None
    return ImageName(registry=registry, repository=repository, tag=tag or "latest", digest=digest)


def image_allowed(ref: str, allowed: Iterable[str]) -> bool:
    """Tell whether a list allows an image. Entries are names, with or without a tag, or patterns with * ? [...].

    A name without a tag allows every tag and digest of it; `docker.io/library/` may be left out on both sides.
    """
    wanted = parse_image(ref)
    for entry in allowed:
        if entry == ref:
            return True
        if wanted is None:
            continue
        if any(sign in entry for sign in "*?["):
            spoken = {
                ref,
                wanted.full,
                f"{wanted.full}:{wanted.tag}",
                _short(wanted),
                f"{_short(wanted)}:{wanted.tag}",
            }
            if any(fnmatchcase(text, entry) for text in spoken):
                return True
            continue
        name = parse_image(entry)
        if name is None or name.full != wanted.full:
            continue
        bare = entry.rpartition("/")[2]
        if name.digest:
            if name.digest == wanted.digest:
                return True
        elif ":" not in bare or name.tag == wanted.tag:
            return True
    return False


def _short(name: ImageName) -> str:
    """Return the name as people write it."""
    if name.registry != HUB:
        return name.full
    return name.repository.removeprefix("library/")


def tagged(ref: str) -> str:
    """Return a reference as engines list it: with its tag."""
    bare = ref.rpartition("/")[2]
    return ref if ":" in bare or "@" in bare else f"{ref}:latest"


def settled_pin(pin: ImagePin, ref: str) -> ImagePin | None:
    """Return what a node reported of the image that it ran, as the one thing that all nodes go by.

    A registry's digest first, for it can be pulled anywhere; else a recipe; else the id, on nodes that have it.
    None for a report that names nothing well-formed.
    """
    if _DIGEST.fullmatch(pin.digest):
        return ImagePin(ref=ref, digest=pin.digest)
    if re.fullmatch(r"[0-9a-f]{64}", pin.recipe):
        return ImagePin(ref=ref, recipe=pin.recipe)
    if _DIGEST.fullmatch(pin.image_id):
        return ImagePin(ref=ref, image_id=pin.image_id)
    return None
