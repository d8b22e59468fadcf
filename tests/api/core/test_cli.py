"""The `hivemind` command against the real app over loopback: data, words, exit codes, and no questions."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core.cli.app import complete, main
from tests.api.core.conftest import Served

PASSWORD = "a long enough password"
Command = Callable[..., Result]


@pytest.fixture
def hivemind(served: Served, tmp_path: Path) -> Command:
    """Run the command as ann would at a shell without a terminal."""
    environ = {
        "HIVEMIND_URL": served.url,
        "HIVEMIND_TOKEN": served.ann.token,
        "HIVEMIND_CLI_CONFIG": str(tmp_path / "cli.toml"),
        "NO_COLOR": "1",
    }

    def run(*arguments: str, line_in: str = "", **env: str | None) -> Result:
        return CliRunner().invoke(
            complete(), list(arguments), input=line_in, env={**environ, **env}, prog_name="hivemind"
        )

    return run


def _finish(served: Served, log: bytes) -> None:
    node = served.web.pool.nodes.get("n") or served.web.node("n", served.bob)
    served.web.finish(node, {"out.txt": b"done"}, log=log)


def test_a_login_is_kept_for_this_user_alone_and_forgotten(
    served: Served, hivemind: Command, tmp_path: Path
) -> None:
    file = tmp_path / "cli.toml"
    made = hivemind("register", "mei", "--password-stdin", line_in=PASSWORD + "\n", HIVEMIND_TOKEN=None)
    assert made.exit_code == 0 and "150" in made.stdout
    done = hivemind("login", "mei", "--password-stdin", line_in=PASSWORD + "\n", HIVEMIND_TOKEN=None)
    assert done.exit_code == 0 and PASSWORD not in done.output and "hm_" not in done.output
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert hivemind("whoami", HIVEMIND_TOKEN=None).stdout.startswith("mei (")
    # The token is used for the master that gave it, not for another.
    other = hivemind("--url", "http://127.0.0.1:9", "--timeout", "1", "whoami", HIVEMIND_TOKEN=None)
    assert other.exit_code != 0
    assert hivemind("logout", HIVEMIND_TOKEN=None).exit_code == 0
    assert hivemind("whoami", HIVEMIND_TOKEN=None).exit_code == 3
    assert "hm_" not in file.read_text()


def test_nothing_is_asked_without_a_terminal(hivemind: Command) -> None:
    for command in ("login", "register"):
        refused = hivemind(command, "mei")
        assert refused.exit_code == 2 and "--password-stdin" in refused.stderr and refused.stdout == ""


def test_a_folder_is_submitted_watched_and_fetched(
    served: Served, hivemind: Command, task_folder: Path, tmp_path: Path
) -> None:
    checked = hivemind("check", str(task_folder))
    assert checked.exit_code == 0 and "folder: good, 1 subtasks" in checked.stdout
    submitted = hivemind("submit", str(task_folder), "--name", "mine")
    task_id = submitted.stdout.strip()
    assert submitted.exit_code == 0 and len(task_id) == 26 and "CPT" in submitted.stderr
    threading.Timer(0.3, lambda: _finish(served, b"hello\n")).start()
    waited = hivemind("wait", task_id, "--timeout", "30")
    assert waited.exit_code == 0 and "SUCCEEDED" in waited.stderr
    assert hivemind("logs", task_id, "-f").stdout == "hello\n"
    target = tmp_path / "r.zip"
    assert hivemind("result", task_id, "-o", str(target)).stdout.strip() == str(target)
    again = hivemind("result", task_id, "-o", str(target))
    assert again.exit_code == 2 and "--yes" in again.stderr
    assert hivemind("result", task_id, "-o", str(target), "--yes").exit_code == 0
    shown = json.loads(hivemind("show", task_id, "--json").stdout)
    assert (shown["name"], shown["state"]) == ("mine", "SUCCEEDED")


def test_a_task_that_did_not_succeed_ends_the_command_with_1(served: Served, hivemind: Command) -> None:
    task_id = served.ann.task()
    late = hivemind("wait", task_id, "--timeout", "0.2")
    assert late.exit_code == 1 and "WAIT_TIMEOUT" in late.stderr
    assert hivemind("cancel", task_id).stdout.strip() == f"{task_id} CANCELLED"
    assert hivemind("wait", task_id).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("tasks",), 0),
        (("no-such-command",), 2),
        (("tasks", "--limit", "x"), 2),
        (("submit", "/nowhere"), 2),
        (("tokens", "create", "x"), 2),
        (("join-link",), 3),
        (("show", "01ARZ3NDEKTSV4RRFFQ69G5FAV"), 4),
        (("transfer", "bob", "1000"), 1),
        (("--url", "http://127.0.0.1:9", "--timeout", "1", "balance"), 1),
    ],
)
def test_exit_codes_are_as_documented(hivemind: Command, arguments: tuple[str, ...], code: int) -> None:
    assert hivemind(*arguments).exit_code == code


def test_without_a_token_it_is_3(hivemind: Command) -> None:
    for token in (None, "hm_" + "x" * 40):
        assert hivemind("balance", HIVEMIND_TOKEN=token).exit_code == 3
    assert hivemind("--token-stdin", "balance", line_in="hm_" + "x" * 40 + "\n").exit_code == 3


def test_an_interrupt_ends_it_with_130(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setenv("HIVEMIND_CLI_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setattr("core.cli.output.Session.connect", interrupted)
    with pytest.raises(SystemExit) as ended:
        main(["balance"])
    assert ended.value.code in (1, 130)


@pytest.mark.parametrize(
    "arguments",
    [
        ("tasks", "--json"),
        ("--json", "tasks"),
        ("nodes", "--json"),
        ("balance", "--json"),
        ("ledger", "--json"),
        ("whoami", "--json"),
        ("tokens", "list", "--json"),
    ],
)
def test_json_is_json_and_nothing_else_on_standard_output(
    served: Served, hivemind: Command, arguments: tuple[str, ...]
) -> None:
    served.ann.task()
    served.web.node("n", served.bob)
    done = hivemind(*arguments)
    assert done.exit_code == 0
    json.loads(done.stdout)


def test_an_error_in_json_has_its_code_fix_and_problems(hivemind: Command, task_folder: Path) -> None:
    toml = task_folder / "hivemind.toml"
    toml.write_text(toml.read_text().replace("cpu_cores", "cpu_core"))
    for arguments in (("--json", "check", str(task_folder)), ("--json", "submit", str(task_folder))):
        refused = hivemind(*arguments)
        assert refused.exit_code == 1 and refused.stdout == ""
        error = json.loads(refused.stderr[refused.stderr.index("{") :])["error"]
        assert error["code"] == "MANIFEST_INVALID"
        assert error["problems"][0]["key"] == "resources.cpu_core" and error["problems"][0]["line"] == 7
    plain = hivemind("check", str(task_folder))
    assert "line 7" in plain.stderr and "cpu_cores" in plain.stderr


def test_quiet_prints_data_and_errors_only(served: Served, hivemind: Command, task_folder: Path) -> None:
    done = hivemind("--quiet", "submit", str(task_folder))
    assert done.exit_code == 0 and done.stderr == "" and len(done.stdout.split()) == 1
    assert hivemind("-q", "show", "01ARZ3NDEKTSV4RRFFQ69G5FAV").stderr != ""


def test_no_colour_code_is_ever_written_to_a_file(served: Served, hivemind: Command) -> None:
    served.ann.task()
    for env in ({"NO_COLOR": "1"}, {"NO_COLOR": None, "FORCE_COLOR": None}):
        assert "\x1b[" not in hivemind("tasks", **env).output
        assert "\x1b[" not in hivemind("nodes", **env).output


def test_logs_follow_until_the_task_has_ended(served: Served, hivemind: Command) -> None:
    task_id = served.ann.task()
    node = served.web.node("n", served.bob)
    (offer,) = node.take()
    node.start(offer)
    served.web.write_log(offer.attempt_id, b"one\n")
    assert hivemind("logs", task_id).stdout == "one\n"

    def later() -> None:
        served.web.write_log(offer.attempt_id, b"two\n")
        node.succeed(offer)

    threading.Timer(0.5, later).start()
    assert hivemind("logs", task_id, "-f").stdout == "one\ntwo\n"


def test_the_version_is_shown_with_the_masters(served: Served, hivemind: Command) -> None:
    shown = hivemind("--version")
    assert shown.exit_code == 0
    assert shown.stdout.startswith("hivemind ") and f"({served.url})" in shown.stdout
    away = hivemind("--version", HIVEMIND_URL="http://127.0.0.1:9")
    assert away.exit_code == 0 and "not reachable" in away.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_there_for_the_usual_shells(hivemind: Command, shell: str) -> None:
    script = hivemind("completion", shell)
    assert script.exit_code == 0 and "_HIVEMIND_COMPLETE" in script.stdout
    found = hivemind(_HIVEMIND_COMPLETE=f"{shell}_complete", COMP_WORDS="hivemind ta", COMP_CWORD="1")
    assert "tasks" in found.stdout or shell == "fish"


def test_money_moves_once_for_one_key_and_is_explained(served: Served, hivemind: Command) -> None:
    for _ in range(2):
        assert hivemind("transfer", "bob", "1.5", "--key", "k").exit_code == 0
    assert hivemind("balance").stdout.strip() == "148.5 CPT"
    rows = json.loads(hivemind("ledger", "--json").stdout)
    assert "Sent from one user to another" in hivemind("explain", rows[0]["transfer_id"]).stdout


def test_why_names_each_node_and_its_rule(served: Served, hivemind: Command) -> None:
    served.web.node("small", served.bob)
    task_id = served.ann.task(cpu_cores="64")
    found = hivemind("why", task_id)
    assert "small\t" in found.stdout and "64" in found.stdout
    assert "why" in hivemind("show", task_id).stdout


def test_a_config_that_cannot_be_read_says_which_and_what_to_do(hivemind: Command, tmp_path: Path) -> None:
    (tmp_path / "cli.toml").write_text("url = [")
    refused = hivemind("balance")
    assert refused.exit_code == 1 and "cli.toml" in refused.stderr and "CONFIG_INVALID" in refused.stderr


def test_tokens_are_made_listed_and_revoked(hivemind: Command) -> None:
    made = hivemind("tokens", "create", "ci", "--scope", "tasks:read")
    assert made.stdout.strip().startswith("hm_") and "not shown again" in made.stderr
    listed = json.loads(hivemind("tokens", "list", "--json").stdout)
    token_id = next(each["token_id"] for each in listed if each["name"] == "ci")
    assert hivemind("tokens", "revoke", token_id).exit_code == 0
    assert hivemind("tokens", "revoke", token_id).exit_code == 4


def test_a_quota_is_shown_and_files_are_given_up(served: Served, hivemind: Command) -> None:
    task_id = served.ann.task()
    _finish(served, b"")
    assert json.loads(hivemind("quota", "--json").stdout)["used"]["storage_bytes"] > 0
    assert hivemind("discard", task_id).stdout.strip() == f"{task_id} SUCCEEDED"
    assert "storage_bytes\t0\t1099511627776" in hivemind("quota").stdout


def test_a_password_is_changed_from_two_lines(served: Served, hivemind: Command) -> None:
    hivemind("register", "mei", "--password-stdin", line_in=PASSWORD + "\n", HIVEMIND_TOKEN=None)
    hivemind("login", "mei", "--password-stdin", line_in=PASSWORD + "\n", HIVEMIND_TOKEN=None)
    lines = f"{PASSWORD}\nanother long password\n"
    assert hivemind("password", "--password-stdin", line_in=lines, HIVEMIND_TOKEN=None).exit_code == 0
    again = hivemind("login", "mei", "--password-stdin", line_in=PASSWORD + "\n", HIVEMIND_TOKEN=None)
    assert again.exit_code == 3


def test_templates_are_kept_used_and_removed(served: Served, hivemind: Command, task_folder: Path) -> None:
    saved = hivemind("templates", "save", "夜間 night", "--memory-gb", "2", "--param", "n=3", "--priority", "7")
    assert saved.exit_code == 0, saved.output
    (listed,) = json.loads(hivemind("templates", "list", "--json").stdout)
    assert listed["name"] == "夜間 night"
    assert listed["settings"] == {"memory_gb": "2.0", "priority": "7", "params.n": "3"}
    assert "memory_gb=2.0" in hivemind("templates", "show", "夜間 night").stdout
    hivemind("templates", "save", "wide", "--memory-gb", "2", "--name", "from template")
    sent = hivemind("submit", str(task_folder), "--template", "wide", "--name", "mine")
    assert sent.exit_code == 0, sent.output
    task = served.ann.get(f"/tasks/{sent.stdout.strip()}").json
    assert task["name"] == "mine", "an option lies over the template"
    manifest = served.web.pool.master.storage.task_reads.resolved_manifest(task["task_id"])
    assert "memory_gb = 2.0" in manifest
    assert hivemind("templates", "remove", "wide").exit_code == 0
    assert hivemind("submit", str(task_folder), "--template", "wide").exit_code == 4
    assert hivemind("templates", "save", "empty").exit_code == 2
    assert hivemind("templates", "remove", "wide").exit_code == 4


def test_a_held_task_goes_on_when_it_asks_for_less(served: Served, hivemind: Command, task_folder: Path) -> None:
    served.web.node("small", served.bob)
    task_id = hivemind("submit", str(task_folder), "--memory-gb", "900").stdout.strip()
    assert "HELD" in hivemind("show", task_id).stdout
    changed = hivemind("change", task_id, "--memory-gb", "1", "--max-credits", "20")
    assert changed.exit_code == 0 and "HELD" not in changed.stdout, changed.output
    assert hivemind("change", task_id).exit_code == 2
    assert hivemind("change", task_id, "--memory-gb", "0").exit_code == 1
