"""What the failure card says, from real tracebacks."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from core.domain.attempt import FailureClass
from master_app.web.pages.failure import Diagnosis, Failed, Files, causes, diagnose, read_traceback

BIG5 = "測站,值\n基隆,1\n".encode("cp950")


def files(**contents: str | bytes) -> Files:
    named: Mapping[str, bytes] = {
        name.replace("__", "/").replace("_DOT_", "."): (value.encode() if isinstance(value, str) else value)
        for name, value in contents.items()
    }
    return Files({name: len(value) for name, value in named.items()}, lambda name, limit: named[name][:limit])


def trace(path: str, line: int, source: str, error: str) -> str:
    return (
        "warming up\nTraceback (most recent call last):\n"
        f'  File "/work/run/{path}", line {line}, in <module>\n    {source}\n'
        '  File "/usr/lib/python3/json/decoder.py", line 355, in raw_decode\n    raise X\n'
        f"{error}\n"
    )


def user(stderr: str, bundle: Files, exit_code: int = 1) -> Diagnosis:
    failed = Failed(failure_class=FailureClass.USER, message="it failed", exit_code=exit_code)
    return diagnose(failed, stderr, bundle)


def test_the_frame_inside_the_bundle_is_shown_not_the_librarys() -> None:
    found = user(trace("main.py", 2, "go()", "ValueError: no"), files(main_DOT_py="import json\ngo()\n"))
    assert (found.cause, found.path, found.line) == ("error", "main.py", 2)
    assert found.error == "ValueError: no"


def test_only_the_last_traceback_counts() -> None:
    text = trace("main.py", 1, "a", "KeyError: 'x'") + trace("main.py", 2, "b", "ValueError: y")
    found = read_traceback(text)
    assert found is not None and (found.kind, found.frames[0].line) == ("ValueError", 2)


def test_a_missing_package_is_added_to_requirements() -> None:
    bundle = files(main_DOT_py="import cv2\n", requirements_DOT_txt="numpy\n")
    found = user(trace("main.py", 1, "import cv2", "ModuleNotFoundError: No module named 'cv2'"), bundle)
    assert found.cause == "module" and found.change is not None
    assert found.change.path == "requirements.txt"
    assert found.change.text == "numpy\nopencv-python-headless\n"


def test_a_wrong_encoding_is_found_by_reading_the_files_with_it() -> None:
    source = "import csv\nrows = list(csv.reader(open(path)))\n"
    bundle = files(main_DOT_py=source, data__a_DOT_csv=BIG5, data__b_DOT_csv="plain,ascii\n")
    error = "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xb4 in position 0: invalid start byte"
    found = user(trace("main.py", 2, "rows", error), bundle)
    assert found.cause == "encoding" and found.facts["encoding"] == "Big5" and found.change is not None
    assert found.change.new == ('rows = list(csv.reader(open(path, encoding="cp950")))',)
    assert found.proof == {"count": "1", "encoding": "cp950"}


def test_no_encoding_is_promised_that_does_not_read_all_files() -> None:
    bundle = files(main_DOT_py="x = open(p).read()\n", data__a_DOT_csv=b"\xff\xfe\x81\xff\x00\xd8\x81\x8d")
    error = "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"
    assert user(trace("main.py", 1, "x", error), bundle).change is None


@pytest.mark.parametrize("written", ["D:\\\\data\\\\mei\\\\stations.csv", "/media/mei/stations.csv"])
def test_a_path_of_somebodys_own_computer_is_replaced_by_the_bundles(written: str) -> None:
    source = f'df = load("{written}")\n'
    wanted = written.replace("\\\\", "\\")
    error = f"FileNotFoundError: [Errno 2] No such file or directory: '{wanted}'"
    found = user(trace("main.py", 1, source, error), files(main_DOT_py=source, data__stations_DOT_csv="a\n"))
    assert found.cause == "path" and found.change is not None
    assert found.change.new == ('df = load("data/stations.csv")',)


def test_a_file_that_is_nowhere_is_said_so() -> None:
    error = "FileNotFoundError: [Errno 2] No such file or directory: 'x.bin'"
    found = user(trace("main.py", 1, "open('x.bin')", error), files(main_DOT_py="open('x.bin')\n"))
    assert (found.cause, found.change) == ("no_file", None)


def test_memory_and_time_are_mended_by_settings() -> None:
    oom = Failed(failure_class=FailureClass.OOM, message="", exit_code=137, memory_bytes=2 << 30)
    assert diagnose(oom, "", files()).settings == {"memory_gb": "4"}
    late = Failed(failure_class=FailureClass.TIMEOUT, message="", exit_code=None, timeout_s=600)
    assert diagnose(late, "", files()).settings == {"timeout": "30m"}


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "network"),
        ("OSError: [Errno 30] Read-only file system: '/usr/x'", "read_only"),
        ("MemoryError", "memory_error"),
        ("NameError: name 'pritn' is not defined. Did you mean: 'print'?", "name"),
    ],
)
def test_other_known_causes(error: str, cause: str) -> None:
    assert user(trace("main.py", 1, "x", error), files(main_DOT_py="pritn(1)\n")).cause == cause


def test_without_a_traceback_the_last_line_speaks() -> None:
    assert user("one\n\ntwo\n", files(), exit_code=3).facts["message"] == "two"
    missing = "python: can't open file '/work/run/mian.py': [Errno 2] No such file or directory\n"
    assert user(missing, files(), exit_code=2).cause == "no_entry"


def test_failures_are_grouped_by_cause_not_by_index() -> None:
    found = list(causes([(1, "user", "line 4 bad"), (2, "user", "line 9 bad"), (3, "oom", "full")]))
    assert [indices for _, indices in found] == [[1, 2], [3]]


def test_nothing_that_a_program_prints_breaks_the_reading() -> None:
    for text in ('  File "', "Traceback (most recent call last):", "\x00" * 100, 'File "a", line 1\n' * 1000):
        user(text, files())
