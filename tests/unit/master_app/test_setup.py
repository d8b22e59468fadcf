"""Set-up asks a person or takes flags, writes one settings file, and refuses what would be unsafe."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.errors import Invalid
from core.settings import load
from master_app.folder import DataFolder
from master_app.marker import MARKER_FILE
from master_app.settings import MasterSettings
from master_app.setup import Wishes, keep_flags, set_up


def run(folder: Path, wishes: Wishes, answers: dict[str, str] | None = None) -> MasterSettings:
    """Set up with a person who answers as `answers` say (by the first word of the question), else as proposed."""

    def ask(question: str, default: str, choices: tuple[str, ...]) -> str:
        answer = (answers or {}).get(question.split(maxsplit=1)[0], default)
        assert not choices or answer in choices
        return answer

    data = DataFolder(folder)
    before = load(MasterSettings, file=data.settings_file)
    return set_up(data, before, wishes, ask if answers is not None else keep_flags, lambda text: None)


def test_without_anybody_to_ask_it_is_safe_for_one_computer(tmp_path: Path) -> None:
    settings = run(tmp_path / "d", Wishes())
    assert settings.web.startswith("127.0.0.1:") and settings.tls == "" and settings.sign_up == "open"
    assert (tmp_path / "d" / "blobs" / MARKER_FILE).is_file()
    assert load(MasterSettings, file=tmp_path / "d" / "master.toml") == settings


def test_a_person_opens_it_to_a_network_with_the_pools_own_certificate(tmp_path: Path) -> None:
    answers = {"Encryption": "own", "Name": "pool.example", "Folder": str(tmp_path / "disk" / "pool")}
    settings = run(tmp_path / "d", Wishes(), answers)
    assert (settings.tls, settings.public_name, settings.web) == ("own", "pool.example", "0.0.0.0:5000")
    assert settings.sign_up == "invite"  # strangers can reach it now
    assert settings.storage == tmp_path / "disk" / "pool"
    assert (tmp_path / "disk" / "pool" / MARKER_FILE).is_file()


def test_flags_overrule_and_what_they_change_is_all_that_changes(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    DataFolder(folder).settings_file.write_text('# mine\nretention_days = 7\npool_name = "Lab"\n')
    run(folder, Wishes(tls="own", sign_up="closed"))
    settings = run(folder, Wishes(tls="proxy", web="0.0.0.0:8080"))
    assert (settings.behind_proxy, settings.tls, settings.web) == (True, "", "0.0.0.0:8080")
    assert (settings.retention_days, settings.pool_name, settings.sign_up) == (7, "Lab", "closed")
    assert "# mine" in (folder / "master.toml").read_text()


@pytest.mark.parametrize(
    "wishes",
    [
        Wishes(tls="none", web="0.0.0.0:5000"),
        Wishes(tls="files"),
        Wishes(tls="files", tls_certificate=Path("/nowhere/c.pem"), tls_key=Path("/nowhere/k.pem")),
        Wishes(web="nonsense"),
        Wishes(sign_up="perhaps"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(tmp_path: Path, wishes: Wishes) -> None:
    with pytest.raises(Invalid):
        run(tmp_path / "d", wishes)
    assert not (tmp_path / "d" / "master.toml").exists()
