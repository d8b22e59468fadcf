"""One build context has one recipe, on every computer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.domain.recipe import recipe_digest, unix_text

CONTEXT = {"Dockerfile": b"FROM x\n", "a/b.txt": b"1\n2\n"}


def test_recipe_does_not_depend_on_order_or_on_the_line_ends_of_the_checkout() -> None:
    reverse = dict(reversed(CONTEXT.items()))
    windows = {path: content.replace(b"\n", b"\r\n") for path, content in CONTEXT.items()}
    assert recipe_digest(CONTEXT) == recipe_digest(reverse) == recipe_digest(windows)
    assert unix_text(b"a\r\nb\n") == b"a\nb\n"


def test_recipe_is_stable_across_versions() -> None:
    # Nodes compare it with labels of images that were built by older programs.
    assert recipe_digest(CONTEXT) == "a29e2bb48f5177903765589ebeb10f12c47742f48cdc9a67df51b8e1773cdf40"


files = st.dictionaries(st.text(min_size=1, max_size=4), st.binary(max_size=4).map(unix_text), max_size=3)


@given(files, files)
def test_different_contexts_have_different_recipes(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    assert (recipe_digest(one) == recipe_digest(other)) == (one == other)
