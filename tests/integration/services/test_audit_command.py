"""`python -m master_app audit`: the log of a master that does not run, and of an exported file."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from master_app.__main__ import cli
from master_app.admin import Admin
from master_app.folder import DataFolder
from master_app.settings import MasterSettings


def test_the_log_is_exported_and_replayed_and_a_changed_row_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "master"
    with Admin(DataFolder(folder), MasterSettings(public_name="here")) as admin:
        for name in ("ann", "bob"):
            admin.add_user(name, ("submitter",), "a long enough password")
    exported = CliRunner().invoke(cli, ["audit", "export", "--data-dir", str(folder)])
    rows = [json.loads(line) for line in exported.stdout.splitlines()]
    assert [row["action"] for row in rows] == ["user.add", "user.add", "audit.export"]
    assert {row["origin"] for row in rows} == {"console"} and "password" not in exported.stdout
    here = CliRunner().invoke(cli, ["audit", "verify", "--data-dir", str(folder)])
    assert here.exit_code == 0 and here.stdout.startswith("3 rows of the audit log fit; newest ")
    file = tmp_path / "audit.jsonl"
    file.write_text(exported.stdout)
    assert CliRunner().invoke(cli, ["audit", "verify", str(file)]).exit_code == 0
    file.write_text(exported.stdout.replace("submitter", "operator", 1))
    found = CliRunner().invoke(cli, ["audit", "verify", str(file)])
    assert found.exit_code == 1 and "Row 1 " in found.stdout
