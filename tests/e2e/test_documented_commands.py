"""The commands of the user's pages, typed as they stand there, in their order, on a stage with the real programs.

What is left out is listed here with its reason; that its options exist is checked all the same
(tests/unit/test_documented_options.py).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.support.network import missing
from tests.support.postgres import Postgres, postgres
from tests.support.stage import PASSWORD, ROOT, Stage, blocks, logical_lines, typed

pytestmark = [pytest.mark.timeout(900), pytest.mark.docker]

#: Line -> why it is not typed.
LEFT_OUT: Final[Mapping[str, str]] = {
    r"python3 -m venv|pip install": "installs from a registry; `dev.py test` itself began with it",
    r"sudo apt": "changes the machine; dev.py installs the same packages",
    r"python -m worker_app$|python -m master_app$": "opens a window: tests/ui start it",
    r"python dev\.py demo": "is the demo; it starts and stops for itself",
}
#: Where a person is asked for a password, standard input answers.
ASKED: Final[Mapping[str, str]] = {
    r"^(hivemind .*(?:register|login) \w+)$": rf"\1 --password-stdin <<< '{PASSWORD}'",
}
POOL: Final = """
python -m master_app setup
python -m master_app user add root --role operator --role submitter --role provider --password-stdin < password.txt
python -m master_app serve
"""


@pytest.fixture
def stage(tmp_path: Path, base_image: str) -> Iterator[Stage]:
    reason = missing()
    if reason:
        pytest.skip(reason)
    with Stage(tmp_path) as built:
        (built.copy / "password.txt").write_text(f"{PASSWORD}\n", encoding="utf-8")
        yield built


def play(stage: Stage, page: str, *, rewrites: Mapping[str, str] | None = None) -> str:
    """Type all commands of a page; return all that was said."""
    text = (ROOT / page).read_text(encoding="utf-8")
    said, count = "", 0
    for block in blocks(text):
        for line in logical_lines(block):
            if not any(re.match(pattern, line) for pattern in LEFT_OUT):
                said += stage.type(typed(line, {**ASKED, **(rewrites or {})}))
                count += 1
    assert count > 0, f"{page} has no commands to type"
    return said


def names_in(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


FETCHED: Final = (
    r"task=$(hivemind submit resources/examples/\1\2) && test -n \"$task\" && hivemind result \"$task\" -o \1.zip"
).replace(r"\"", '"')


def test_the_three_starts_and_the_recipes_follow_each_other(stage: Stage) -> None:
    said = play(stage, "docs/start-operator.md")
    assert "hivemind:" in said, "the join link"
    assert (stage.copy / "pool.backup").stat().st_size > 4_000
    stage.type("python -m master_app join-link --owner root > link.txt")
    assert "ready" in play(stage, "docs/start-provider.md")
    said = play(stage, "docs/start-submitter.md")
    assert names_in(stage.copy / "result.zip") >= {"prime_gaps.csv"}
    assert "17984 primes" in said, "the log"
    assert said.count("SUCCEEDED") >= 2
    play(stage, "docs/recipes.md", rewrites={r"^hivemind submit resources/examples/(\S+)(.*)$": FETCHED})
    results = {
        "plain-main": "prime_gaps.csv",
        "photo-sheet": "sheet.png",
        "animation": "film.avi",
        "monte-carlo": "summary.csv",
        "train-grid": "results.csv",
        "shell-pipeline": "report.txt",
        "pi-checkpoint": "pi.txt",
        "word-count": "words.csv",
    }
    absent = [name for name, file in results.items() if file not in str(names_in(stage.copy / f"{name}.zip"))]
    assert absent == []
    with zipfile.ZipFile(stage.copy / "animation.zip") as archive:
        film = archive.read(next(name for name in archive.namelist() if name.endswith("film.avi")))
    assert film[:4] == b"RIFF" and film.count(b"00dc") >= 48


def test_the_readme_leads_to_a_result(stage: Stage) -> None:
    play(stage, "README.md")
    assert names_in(stage.copy / "result.zip") >= {"prime_gaps.csv"}


@pytest.fixture
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.mark.postgres
def test_an_operator_keeps_a_pool_going(stage: Stage, server: Postgres, tmp_path: Path) -> None:
    stage.environ |= {"PGHOST": str(server.socket_folder), "PGUSER": "hivemind"}
    url = f"postgresql://hivemind@/hivemind?host={server.socket_folder}"
    (tmp_path / "disk").mkdir()
    text = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
    rewrites = {
        "/mnt/disk": str(tmp_path / "disk"),
        "postgresql://hivemind:PASSWORD@localhost/hivemind": f"'{url}'",
        r"setup (?=--tls own)": "setup --data-dir other ",
    }
    for line in [line for block in blocks(text) for line in logical_lines(block)]:
        if line == "python -m master_app conditions":
            stage.type(POOL)
        if line.startswith("createdb"):
            stage.stop()
        said = stage.type(typed(line, rewrites))
        if "/metrics" in line:
            assert "hivemind_commands_waiting" in said
    assert "postgresql" in next(stage.folder.rglob("master.toml")).read_text(encoding="utf-8")
    stage.type("python -m master_app serve\npython -m master_app ledger verify")
