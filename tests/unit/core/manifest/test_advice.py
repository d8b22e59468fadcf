"""Hints at submit: what fails far away is said before, with its fix; what works draws none."""

from __future__ import annotations

import pytest

from core.manifest.advice import MAX_ADVICE, Advice
from core.manifest.encodings import is_big5
from core.manifest.reading import read_manifest
from tests.unit.core.manifest.folders import MemoryFiles

MODULES = {"hivemind/python": frozenset({"numpy", "pandas", "matplotlib", "PIL"})}
CHINESE = "日期,地點,氣溫\n2024-01-01,臺北市,16.5\n2024-01-02,高雄市許功蓋,21.0\n"


def hints(main: str | bytes, **files: bytes) -> list[Advice]:
    source = main.encode() if isinstance(main, str) else main
    named = {name.replace("__", "."): content for name, content in files.items()}
    reading = read_manifest(MemoryFiles({"main.py": source, **named}), {}, MODULES)
    assert reading.problems == ()
    return list(reading.advice)


def codes(main: str | bytes, **files: bytes) -> list[str]:
    return [hint.code for hint in hints(main, **files)]


def test_a_missing_package_can_be_added_with_one_click() -> None:
    (hint,) = hints("import cv2, numpy\nfrom numpy import array\n")
    assert (hint.code, hint.add_package, hint.line) == ("MODULE_MISSING", "opencv-python-headless", 1)
    assert codes("import cv2", requirements__txt=b"opencv-python-headless==4.10\n") == []


@pytest.mark.parametrize(
    "code",
    [
        "try:\n    import cupy\nexcept ImportError:\n    cupy = None\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n",
        "from . import sibling",
        "import helper",
    ],
)
def test_imports_that_need_not_work_or_are_own_draw_no_hint(code: str) -> None:
    assert codes(code, helper__py=b"") == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x = input('?')", "INPUT"),
        ("import getpass\ngetpass.getpass()", "INPUT"),
        ("import matplotlib.pyplot as plt\nplt.show()", "SHOW"),
        ("import tkinter", "SHOW"),
        ("open('C:\\\\Users\\\\mei\\\\a.csv')", "WINDOWS_PATH"),
        ("open(r'\\\\server\\share\\a.csv')", "WINDOWS_PATH"),
        ("def f(:\n", "SYNTAX"),
        ("s = '中文'".encode("cp950"), "SOURCE_ENCODING"),
        ("# -*- coding: no-such -*-\n", "SOURCE_ENCODING"),
    ],
)
def test_what_fails_without_a_person_or_a_screen_is_said(code: str | bytes, expected: str) -> None:
    assert codes(code) == [expected]


def test_a_source_that_declares_its_encoding_is_fine() -> None:
    assert codes("# -*- coding: cp950 -*-\ns = '中文'\n".encode("cp950")) == []


def test_a_notebook_is_named() -> None:
    assert codes("", work__ipynb=b"{}") == ["NOTEBOOK"]


@pytest.mark.parametrize(
    "code",
    [
        "open('data.csv').read()",
        "import pandas as pd\npd.read_csv('data.csv')",
        "from pathlib import Path\nPath('data.csv').read_text()",
        "import sys\nopen(sys.argv[1])",
        "open('./data.csv', 'r')",
    ],
)
def test_reading_big5_without_saying_so_is_said(code: str) -> None:
    (hint,) = hints(code, data__csv=CHINESE.encode("cp950"))
    assert hint.code == "BIG5"
    assert "data.csv" in hint.text and 'encoding="cp950"' in hint.fix


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("open('data.csv', encoding='cp950')", CHINESE.encode("cp950")),
        ("open('data.csv', 'r', -1, 'cp950')", CHINESE.encode("cp950")),
        ("open('data.csv', 'rb')", CHINESE.encode("cp950")),
        ("open('out/a.txt', 'w')", CHINESE.encode("cp950")),
        ("open('other.csv')", CHINESE.encode("cp950")),
        ("open('data.csv', **options)", CHINESE.encode("cp950")),
        ("open('data.csv')", CHINESE.encode()),
        ("open('data.csv')", b"plain"),
        ("open('data.csv')", "caf\u00e9, r\u00e9sum\u00e9".encode("latin-1")),
    ],
)
def test_what_is_read_rightly_draws_no_hint(code: str, content: bytes) -> None:
    assert codes(code, data__csv=content) == []


def test_a_sample_may_end_within_a_character() -> None:
    assert is_big5("許功蓋".encode("cp950")[:-1], whole=False)
    assert not is_big5("許功蓋".encode()[:-1], whole=False)
    assert not is_big5(bytes(range(128, 256)) * 4)


def test_hints_are_bounded() -> None:
    assert len(hints("\n".join(f"import absent{number}" for number in range(200)))) == MAX_ADVICE
