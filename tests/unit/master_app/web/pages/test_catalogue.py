"""Every word of the pages in both languages, compiled, and nothing from anywhere else."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.mofile import write_mo

from core.domain.ledger import Code
from core.domain.spec import TaskSpec
from core.domain.user import Role, Scope
from core.manifest.text import manifest_text
from master_app.web.pages import manual, words
from tests.arch.house import ROOT, tracked

WEB = ROOT / "master_app" / "web"
VENDOR = WEB / "static" / "vendor"
HOLE = re.compile(r"%\((\w+)\)s")


@pytest.fixture(scope="module")
def catalogue() -> ModuleType:
    spec = importlib.util.spec_from_file_location("catalogue", ROOT / "docs" / "tools" / "catalogue.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["catalogue"] = module
    spec.loader.exec_module(module)
    return module


def test_every_sentence_is_translated_and_keeps_its_holes(catalogue: ModuleType) -> None:
    found = catalogue.updated()
    assert catalogue.missing(found) == [], "run python docs/tools/catalogue.py and translate what it prints"
    wrong = []
    for message in found:
        if not message.id:
            continue
        sources = message.id if isinstance(message.id, tuple) else (message.id,)
        targets = message.string if isinstance(message.string, tuple) else (message.string,)
        wanted = set(HOLE.findall(sources[-1]))
        # Chinese has one form for every number, so it needs the holes of the plural.
        wrong += [message.id for text in targets if set(HOLE.findall(text)) != wanted]
    assert wrong == []


def test_the_compiled_catalogue_is_fresh(catalogue: ModuleType) -> None:
    buffer = io.BytesIO()
    write_mo(buffer, catalogue.updated())
    kept = catalogue.FILE.with_suffix(".mo").read_bytes()
    assert kept.count(b"\0") > 1000
    assert len(kept) == len(buffer.getvalue()), "run python docs/tools/catalogue.py"


def test_chinese_keeps_to_its_punctuation(catalogue: ModuleType) -> None:
    wrong = []
    for message in catalogue.updated():
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        for text in texts:
            if message.id and re.search(r"[\u4e00-\u9fff][,;!?]|[!！]|[您]", text):
                wrong.append(text)
    assert wrong == []


def test_every_code_has_a_word() -> None:
    assert set(words.MONEY) == set(Code) and set(words.SCOPES) == set(Scope) and set(words.ROLES) == set(Role)


def test_the_reference_names_exactly_what_a_manifest_may_say() -> None:
    known = tomllib.loads(manifest_text(TaskSpec()))
    for section in manual.TABLES:
        if section.name in ("params", "merge"):
            continue
        # Keys that stand only in one way of splitting, or only where they are set.
        here = {key.name for key in section.keys}
        there = set(known.get(section.name, {}))
        assert there - here == set(), section.name
        for key in section.keys:
            if key.name == "max_failed":
                continue  # a share, made a number when the count is known
            if key.name in there and key.default and isinstance(known[section.name][key.name], (int, float)):
                value = known[section.name][key.name]
                assert key.default == str(value).lower(), f"{section.name}.{key.name}"


def test_vendored_files_are_as_they_came() -> None:
    data = tomllib.loads((VENDOR / "vendor.toml").read_text(encoding="utf-8"))
    listed = {VENDOR / "vendor.toml"}
    for package in data["package"]:
        assert package["licence"] in ("MIT", "0BSD", "BSD-3-Clause", "Apache-2.0")
        assert "LICENSE" in package["files"]
        for name, digest in package["files"].items():
            path = VENDOR / package["folder"] / name
            assert hashlib.sha256(path.read_bytes()).hexdigest() == digest, name
            listed.add(path)
    here = {path for path in VENDOR.rglob("*") if path.is_file()}
    assert here == listed


def test_no_page_asks_another_host() -> None:
    outside = re.compile(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//""", re.I)
    pages = [path for path in tracked() if re.match(r"master_app/web/(templates|static)/.*\.(html|css|js)$", path)]
    assert len(pages) > 40
    assert [path for path in pages if outside.search((ROOT / path).read_text(encoding="utf-8"))] == []


def test_no_template_holds_style_or_script_of_its_own() -> None:
    """The content policy would block it, and the page would look broken only in a browser."""
    inline = re.compile(r"""\sstyle=|<style|\son[a-z]+=["']|<script(?![^>]*\bsrc=)""", re.I)
    pages = [path for path in tracked() if re.match(r"master_app/web/templates/.*\.html$", path)]
    found = [path for path in pages if inline.search((ROOT / path).read_text(encoding="utf-8"))]
    assert [path for path in found if not path.endswith("/docs.html")] == []


def test_icons_that_are_asked_for_are_there() -> None:
    text = "".join(
        Path(ROOT / p).read_text(encoding="utf-8") for p in tracked() if p.startswith("master_app/web/templates/")
    )
    names = set(re.findall(r'icon\("([\w-]+)"', text))
    assert len(names) > 30
    assert [name for name in names if not (VENDOR / "tabler-icons-3.51.0" / f"{name}.svg").is_file()] == []
