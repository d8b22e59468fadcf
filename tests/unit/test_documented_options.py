"""Every command of ours that a document shows has names and options that exist, whether a test types it or not."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import click
import pytest

from core.cli.app import complete
from master_app.__main__ import cli as master
from worker_app.__main__ import _parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))
    if path.is_file()
)
#: Pages whose commands a test types as they stand: tests/e2e/test_documented_commands.py, test_composed.py.
TYPED = {"README.md", "docs/start-operator.md", "docs/start-provider.md", "docs/start-submitter.md"}
TYPED |= {"docs/recipes.md", "docs/operating.md", "docs/containers.md"}
#: Page -> why its commands are not typed.
NOT_TYPED = {
    "docs/building.md": "of installed packages under systemd; tests/e2e/test_built.py runs what its units run",
}
FENCED = re.compile(r"^```(?:sh|console|)\n(.*?)^```$", re.S | re.M)
OURS = re.compile(
    r"^(?:sudo (?:-u \S+ )?)?(?:python3? -m (master_app|worker_app)|(hivemind-masterd|hivemind-agent|hivemind))"
    r"(?: |$)(.*)"
)


def commands(page: str) -> list[tuple[str, list[str]]]:
    """Return (program, words) of each of our commands in the page's blocks."""
    found = []
    text = (ROOT / page).read_text(encoding="utf-8")
    for block in FENCED.findall(text):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            inner = re.sub(r"^\w+=\$\((.*)\)$", r"\1", line.strip())
            match = OURS.match(inner)
            if match:
                words = shlex.split(re.sub(r"\s[<>|&;].*|\s+# .*|[\[\]]", "", match[3]), comments=True)
                found.append(((match[1] or match[2]).replace("hivemind-masterd", "master_app"), words))
    return found


@cache
def programs() -> dict[str, click.Command]:
    return {"hivemind": complete(), "master_app": master}


def unknown(program: str, words: Sequence[str]) -> str:
    """Return what the program does not know of these words; empty when it knows all."""
    if program in ("worker_app", "hivemind-agent"):
        return _unknown_to(_parser(), words)
    command, path = programs()[program], [program]
    rest = list(words)
    while rest:
        word = rest.pop(0)
        option = next(
            (each for each in command.params if word.split("=")[0] in (*each.opts, *each.secondary_opts)), None
        )
        if word in ("-h", "--help"):
            continue
        if word.startswith("-") and word != "-":
            if option is None:
                return f"{' '.join(path)} has no {word}"
            if isinstance(option, click.Option) and not (option.is_flag or option.count) and "=" not in word:
                rest = rest[option.nargs :]
        elif isinstance(command, click.Group):
            inner = command.commands.get(word)
            if inner is None:
                return f"{' '.join(path)} has no command {word}"
            command, path = inner, [*path, word]
        elif not any(isinstance(each, click.Argument) for each in command.params):
            return f"{' '.join(path)} takes no {word}"
    return ""


def _unknown_to(parser: argparse.ArgumentParser, words: Sequence[str]) -> str:
    subparsers = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    for word in words:
        if word.startswith("--") and word.split("=")[0] not in parser._option_string_actions:
            return f"{parser.prog} has no {word}"
        if word in subparsers.choices:
            parser = subparsers.choices[word]
    return ""


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_shows_exists(page: str) -> None:
    assert [said for program, words in commands(page) if (said := unknown(program, words))] == []


def test_pages_show_commands_and_mistakes_in_them_are_seen() -> None:
    assert sum(len(commands(page)) for page in PAGES) > 60
    assert unknown("hivemind", ["submitt", "x"]) and unknown("hivemind", ["submit", "x", "--wach"])
    assert unknown("master_app", ["serve", "now"]) and unknown("worker_app", ["run", "--jion", "-"])


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.endswith(".zh-TW.md") and page.startswith("docs/")]
)
def test_a_chinese_page_shows_the_commands_and_files_of_the_english_one(page: str) -> None:
    def shown(name: str, languages: str) -> list[str]:
        return re.findall(
            rf"^```(?:{languages})\n.*?^```$", (ROOT / name).read_text(encoding="utf-8"), re.S | re.M
        )

    english = page.replace(".zh-TW", "")
    assert shown(page, "sh") == shown(english, "sh")
    assert [block for block in shown(page, "toml|text") if block not in shown(english, "toml|text")] == []


def test_each_page_with_commands_is_typed_by_a_test_or_says_why_not() -> None:
    english = {page for page in PAGES if ".zh-TW" not in page}
    with_commands = {page for page in english if "\n```sh\n" in (ROOT / page).read_text(encoding="utf-8")}
    assert with_commands == TYPED | set(NOT_TYPED)
    typing = (ROOT / "tests" / "e2e" / name for name in ("test_documented_commands.py", "test_composed.py"))
    typed = "".join(test.read_text(encoding="utf-8") for test in typing)
    assert [page for page in TYPED if f'"{page}"' not in typed] == []
