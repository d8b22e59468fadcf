"""Settings: four layers in a fixed order, and no name or value that nobody declared."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import BaseModel, Field, SecretStr

from core.domain.errors import Invalid, Problem
from core.settings import Settings, load, write_back


class Web(BaseModel, extra="forbid", frozen=True):
    host: str = "127.0.0.1"
    port: int = Field(default=5000, ge=0, le=65535)


class Example(Settings):
    data_dir: Path = Path("data")
    web: Web = Web()
    slots: int = 1
    labels: tuple[str, ...] = ()
    smtp_password: SecretStr = SecretStr("")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.toml"


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _problems(file: Path | None = None, **given: dict[str, str]) -> tuple[Problem, ...]:
    with pytest.raises(Invalid) as caught:
        load(Example, file=file, environ=given.get("environ"), flags=given.get("flags"))
    assert caught.value.code == "SETTINGS_INVALID"
    return caught.value.problems


def test_each_layer_overrules_the_one_below_it(file: Path) -> None:
    _write(file, 'slots = 2\nlabels = ["a"]\n[web]\nport = 1\nhost = "0.0.0.0"\n')
    environ = {"HIVEMIND_SLOTS": "3", "HIVEMIND_WEB__PORT": "2", "HIVEMIND_LABELS": '["b"]'}
    found = load(Example, file=file, environ=environ, flags={"slots": 4, "data_dir": None})
    assert (found.slots, found.web.port, found.web.host) == (4, 2, "0.0.0.0")
    assert (found.labels, found.data_dir) == (("b",), Path("data"))


def test_the_environment_of_the_process_counts_only_when_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIVEMIND_SLOTS", "9")
    assert load(Example).slots == 1


def test_unknown_name_in_the_file_is_refused_with_its_line_and_the_nearest(file: Path) -> None:
    _write(file, "# mine\nslots = 2\n\n[web]\nprot = 1\n")
    (problem,) = _problems(file)
    assert (problem.key, problem.line) == ("web.prot", 5)
    assert '"web.port"' in problem.fix


def test_wrong_value_names_where_it_stands(file: Path) -> None:
    _write(file, 'slots = "many"\n')
    by_key = {problem.key: problem for problem in _problems(file, environ={"HIVEMIND_WEB__PORT": "70000"})}
    assert by_key["slots"].line == 1
    assert "HIVEMIND_WEB__PORT" in by_key["web.port"].reason


def test_misspelt_variable_is_refused_but_another_programs_is_left_alone() -> None:
    (problem,) = _problems(environ={"HIVEMIND_SLOT": "2"})
    assert "HIVEMIND_SLOTS" in problem.fix
    assert load(Example, environ={"HIVEMIND_URL": "http://x", "HIVEMIND_TOKEN": "hm_x"}).slots == 1


def test_unknown_flag_is_refused() -> None:
    (problem,) = _problems(flags={"slot": "2"})
    assert '"slots"' in problem.fix


def test_problems_never_show_the_value_of_a_secret(file: Path) -> None:
    _write(file, "smtp_password = 123456\n")
    assert "123456" not in repr(_problems(file))


def test_broken_toml_is_refused_with_its_line(file: Path) -> None:
    _write(file, "slots = 2\nweb = [\n")
    (problem,) = _problems(file)
    assert problem.code == "toml"


def test_file_saved_by_notepad_is_read(file: Path) -> None:
    _write(file, "\ufeffslots = 2\r\n")
    assert load(Example, file=file).slots == 2


@pytest.mark.parametrize("content", [b"slots = 2 # \xa4\xa4", b"#" * (1 << 20) + b"##"])
def test_file_that_is_no_text_or_huge_is_refused(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(Invalid):
        load(Example, file=file)


def test_loaded_settings_cannot_be_changed_and_hide_secrets() -> None:
    found = load(Example, flags={"smtp_password": "hunter22"})
    with pytest.raises(ValueError, match="frozen"):
        found.slots = 3
    assert "hunter22" not in repr(found)


def test_write_back_keeps_comments_and_takes_defaults_out(file: Path) -> None:
    _write(file, "# how many at once\nslots = 2  # two\n")
    written = write_back(Example, file, {"web.port": 81, "slots": 3})
    assert (written.web.port, written.slots) == (81, 3)
    assert "# how many at once\nslots = 3  # two" in file.read_text(encoding="utf-8")
    write_back(Example, file, {"web.port": None})
    assert load(Example, file=file).web.port == 5000
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600


def test_write_back_of_a_wrong_value_changes_nothing(file: Path) -> None:
    _write(file, "slots = 2\n")
    with pytest.raises(Invalid):
        write_back(Example, file, {"slots": "many"})
    with pytest.raises(Invalid):
        write_back(Example, file, {"slotz": 1})
    assert file.read_text(encoding="utf-8") == "slots = 2\n"
