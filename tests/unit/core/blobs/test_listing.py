"""What a zip may hold: real zips of real people pass, attacks are refused, and both are told in words."""

from __future__ import annotations

import stat
import tempfile
import unicodedata
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.blobs import listing as rules
from core.blobs.bundler import keep_zip
from core.blobs.listing import list_zip
from core.blobs.store import BlobStore
from core.domain.errors import Invalid
from tests.unit.core.blobs.zips import write_zip


def _paths(path: Path) -> list[str]:
    listing = list_zip(path)
    assert listing.problems == []
    return [member.path for member in listing.members]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../evil.py", "ZIP_TRAVERSAL"),
        ("a/../../evil.py", "ZIP_TRAVERSAL"),
        ("/etc/passwd", "ZIP_TRAVERSAL"),
        ("C:/Windows/evil.dll", "ZIP_TRAVERSAL"),
        ("..\\evil.py", "ZIP_TRAVERSAL"),
        ("a/" * 40 + "deep.py", "NAME_TOO_DEEP"),
        ("n" * 300, "NAME_TOO_LONG"),
        ("bell\x07.py", "NAME_INVALID"),
        ("out/result.txt", "NAME_RESERVED"),
        ("checkpoint", "NAME_RESERVED"),
    ],
)
def test_names_that_harm_are_refused_with_a_fix(tmp_path: Path, name: str, code: str) -> None:
    listing = list_zip(write_zip(tmp_path / "a.zip", [("main.py", b""), (name, b"x")]))
    assert [problem.code for problem in listing.problems] == [code]
    assert listing.problems[0].fix
    with pytest.raises(Invalid):
        keep_zip(tmp_path / "a.zip", listing, BlobStore(tmp_path / "store"))


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (stat.S_IFLNK, "ZIP_LINK"),
        (stat.S_IFCHR, "ZIP_DEVICE"),
        (stat.S_IFIFO, "ZIP_DEVICE"),
        (stat.S_IFSOCK, "ZIP_DEVICE"),
    ],
)
def test_links_and_devices_are_refused(tmp_path: Path, kind: int, code: str) -> None:
    listing = list_zip(write_zip(tmp_path / "a.zip", [("x", b"/etc/passwd")], mode=kind | 0o777))
    assert [problem.code for problem in listing.problems] == [code]


@pytest.mark.parametrize(
    ("one", "other"),
    [("A.txt", "a.txt"), ("caf\u00e9", "cafe\u0301"), ("stra\u00dfe", "STRASSE"), ("data", "data/x"), ("a", "a")],
)
def test_names_that_meet_on_some_computer_are_refused(tmp_path: Path, one: str, other: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        zip_path = write_zip(tmp_path / "a.zip", [(one, b"1"), (other, b"2")])
    assert {problem.code for problem in list_zip(zip_path).problems} == {"NAME_COLLISION"}


def test_the_same_file_twice_is_taken_once(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        zip_path = write_zip(tmp_path / "a.zip", [("a", b"1"), ("a", b"1")])
    listing = list_zip(zip_path)
    assert len(listing.members) == 1 and listing.problems == []
    assert "twice" in listing.changes[0]


@pytest.mark.parametrize("word", ["許", "功", "蓋", "資料", "中文檔名"])
def test_names_of_traditional_chinese_windows_are_read(tmp_path: Path, word: str) -> None:
    name = f"{word}.csv".encode("cp950")
    listing = list_zip(write_zip(tmp_path / "a.zip", [(name, b"1"), ("main.py", b"")]))
    assert {member.path for member in listing.members} == {f"{word}.csv", "main.py"}
    assert any("CP950" in change for change in listing.changes)


def test_a_zip_of_macos_is_cleaned_and_said_so(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "résumé.py")
    listing = list_zip(
        write_zip(
            tmp_path / "a.zip",
            [
                ("project/main.py", b""),
                (f"project/{decomposed}", b""),
                ("project/.DS_Store", b""),
                ("project/venv/lib/x.py", b""),
                ("__MACOSX/project/._main.py", b""),
            ],
        )
    )
    assert [member.path for member in listing.members] == ["main.py", "résumé.py"]
    assert len(listing.changes) == 3 and listing.problems == []


def test_backslashes_of_old_windows_programs_are_folders(tmp_path: Path) -> None:
    assert _paths(write_zip(tmp_path / "a.zip", [("src\\a.py", b""), ("main.py", b"")])) == ["main.py", "src/a.py"]


def test_bombs_are_refused_by_ratio(tmp_path: Path) -> None:
    bomb = write_zip(tmp_path / "a.zip", [("zeros", bytes(8 << 20))])
    assert [problem.code for problem in list_zip(bomb).problems] == ["ZIP_BOMB"]


def test_too_many_entries_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MAX_ENTRIES", 5)
    many = write_zip(tmp_path / "a.zip", [(str(number), b"") for number in range(6)])
    assert [problem.code for problem in list_zip(many).problems] == ["ZIP_TOO_MANY_FILES"]
    assert not rules.directory_is_bounded(many)
    few = write_zip(tmp_path / "b.zip", [(str(number), b"") for number in range(5)])
    assert rules.directory_is_bounded(few)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [("a.py", b"secret")])
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))
    assert [problem.code for problem in list_zip(path).problems] == ["ZIP_ENCRYPTED"]


@given(st.lists(st.tuples(st.text(min_size=1, max_size=30), st.binary(max_size=20)), max_size=6))
@settings(max_examples=300, deadline=None)
def test_no_name_escapes_whatever_it_is(files: list[tuple[str, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        path = Path(folder) / "a.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files:
                try:
                    archive.writestr(name, content)
                except (UnicodeEncodeError, IndexError):
                    continue
        listing = list_zip(path)
        for member in listing.members:
            parts = member.path.split("/")
            assert not {"", ".", ".."} & set(parts) and "\\" not in member.path and "\0" not in member.path
            assert member.path == unicodedata.normalize("NFC", member.path)
        folded = [member.path.casefold() for member in listing.members]
        assert len(folded) == len(set(folded))


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_damaged_zip_gives_problems_and_nothing_else(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write_zip(Path(folder) / "a.zip", [("a.py", b"print(1)" * 50), ("b/c.txt", b"text"), ("d", b"")])
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 8))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
        listing = list_zip(path)
        if not listing.problems:
            try:
                keep_zip(path, listing, BlobStore(Path(folder) / "store"))
            except Invalid:
                assert list((Path(folder) / "store" / "tmp").iterdir()) == []


def test_a_member_without_a_name_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [(b"\x00\x00\x00\x00", b"x"), ("main.py", b"")])
    assert [problem.code for problem in list_zip(path).problems] == ["NAME_INVALID"]
