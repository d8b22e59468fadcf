"""Links of our scheme are ours only while the person wants it; other programs' choices stay as they are."""

from __future__ import annotations

from pathlib import Path

from core.desktop.link_handler import LinkHandler, link_handler

OTHERS = "[Added Associations]\ntext/plain=editor.desktop;\n\n[Default Applications]\ntext/html=browser.desktop\n"


def handler(folder: Path) -> LinkHandler:
    found = link_handler(
        "hivemind-worker-links", "HiveMind", "hivemind", platform="linux", environ={"HOME": str(folder)}
    )
    assert found is not None
    return found


def test_it_is_off_until_asked_and_off_again_without_a_trace(tmp_path: Path) -> None:
    links = handler(tmp_path)
    links.defaults.parent.mkdir(parents=True)
    links.defaults.write_text(OTHERS)
    assert not links.enabled()
    links.enable(["/opt/my tools/worker", "--data-dir", "/x%y"])
    assert links.enabled() and handler(tmp_path).enabled()
    entry = links.file.read_text()
    assert "Exec='/opt/my tools/worker' --data-dir /x%%y %u\n" in entry
    assert "MimeType=x-scheme-handler/hivemind;\n" in entry
    kept = links.defaults.read_text()
    assert (
        "[Default Applications]\nx-scheme-handler/hivemind=hivemind-worker-links.desktop\ntext/html=browser"
        in kept
    )
    links.disable()
    assert not links.enabled() and not links.file.exists()
    assert links.defaults.read_text() == OTHERS


def test_it_takes_the_place_of_another_and_twice_is_once(tmp_path: Path) -> None:
    links = handler(tmp_path)
    links.defaults.parent.mkdir(parents=True)
    links.defaults.write_text("[Default Applications]\nx-scheme-handler/hivemind=older.desktop\n")
    links.enable(["worker"])
    links.enable(["worker"])
    assert links.defaults.read_text().count("x-scheme-handler/hivemind") == 1


def test_what_another_program_registered_since_is_left_to_it(tmp_path: Path) -> None:
    links = handler(tmp_path)
    links.enable(["worker"])
    theirs = "[Default Applications]\nx-scheme-handler/hivemind=theirs.desktop\n"
    links.defaults.write_text(theirs)
    assert not links.enabled()
    links.disable()
    assert links.defaults.read_text() == theirs


def test_elsewhere_the_installer_does_it() -> None:
    assert link_handler("x", "X", "x", platform="win32") is None
