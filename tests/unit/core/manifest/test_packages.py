"""Requirements files of real people: what cannot be taken is said with its line, before any credit is spent."""

from __future__ import annotations

from core.manifest.packages import bundled_wheels, read_requirements


def test_packages_are_read_with_comments_markers_and_a_byte_order_mark() -> None:
    content = b"\xef\xbb\xbf# mine\nPillow_SIMD==9.0 # fast\n\ntyping.extensions; python_version < '3.12'\n"
    found, problems = read_requirements(content, "r.txt")
    assert problems == []
    assert [(one.name, one.line) for one in found] == [("pillow-simd", 2), ("typing-extensions", 4)]
    assert found[0].text == "Pillow_SIMD==9.0"


def test_a_file_of_powershell_is_named_as_such() -> None:
    found, (problem,) = read_requirements("six\n".encode("utf-16"), "r.txt")
    assert found == [] and "UTF-16" in problem.reason and "UTF-8" in problem.fix


def test_options_addresses_and_paths_are_refused_at_their_line() -> None:
    content = b"six\n--index-url http://evil\ngit+https://x/y\na @ https://x/a.whl\n./local\n"
    found, problems = read_requirements(content, "r.txt")
    assert [one.name for one in found] == ["six"]
    assert [problem.line for problem in problems] == [2, 3, 4, 5]


def test_wheels_of_the_bundle_are_found() -> None:
    found = bundled_wheels(["w/a-1-py3-none-any.whl", "b.whl", "a.py"])
    assert [wheel.path for wheel in found] == ["w/a-1-py3-none-any.whl"]
