"""Logs: complete, bounded, owner-only, and without secrets."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import logs
from core.domain.errors import StorageUnavailable

logger = logging.getLogger("test.of.logs")


@pytest.fixture
def console() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def configured(tmp_path: Path, console: io.StringIO) -> Iterator[logs.Logs]:
    with logs.configure(file=tmp_path / "logs" / "master.log", console=console, level="DEBUG") as found:
        yield found


def _lines(found: logs.Logs) -> list[dict[str, Any]]:
    assert found.file is not None
    return [json.loads(line) for line in found.file.read_text(encoding="utf-8").splitlines()]


def test_a_line_carries_its_fields_and_those_of_the_work_in_hand(configured: logs.Logs) -> None:
    with logs.fields(task_id="T1"):
        logger.info("task %s", "submitted", extra={"subtasks": 3})
    logger.info("after")
    first, second = _lines(configured)
    assert (first["event"], first["task_id"], first["subtasks"]) == ("task submitted", "T1", 3)
    assert (first["level"], first["logger"]) == ("info", "test.of.logs")
    assert first["timestamp"].endswith("Z")
    assert "task_id" not in second


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdefgh12345678",
        "token hm_abcdefgh12345678 was used",
        "hivemind://host:50052/join?ca=00&token=abcdefgh12345678&owner=ann",
        "postgresql://hivemind:abcdefgh12345678@db/hivemind",
        "-----BEGIN PRIVATE KEY-----\nabcdefgh12345678\n-----END PRIVATE KEY-----",
        "-----BEGIN EC PRIVATE KEY-----\nabcdefgh12345678 and cut off",
    ],
)
def test_secrets_are_known_by_their_shape(configured: logs.Logs, console: io.StringIO, text: str) -> None:
    logger.warning("got %s", text)
    assert "abcdefgh12345678" not in json.dumps(_lines(configured)) + console.getvalue()
    assert logs.MASK in _lines(configured)[0]["event"]


def test_secrets_are_known_by_the_name_of_their_field_at_any_depth(configured: logs.Logs) -> None:
    logger.info("request", extra={"password": "open sesame", "body": {"access_token": ["x1"], "token_count": 5}})
    line = _lines(configured)[0]
    assert line["password"] == logs.MASK
    assert line["body"] == {"access_token": logs.MASK, "token_count": 5}


def test_registered_secrets_are_masked_also_in_tracebacks(configured: logs.Logs, console: io.StringIO) -> None:
    configured.secrets.add("s3cret-value")
    try:
        raise ValueError("cannot use s3cret-value")
    except ValueError:
        logger.exception("failed with %s", "s3cret-value")
    written = json.dumps(_lines(configured)) + console.getvalue()
    assert "s3cret-value" not in written
    assert "ValueError" in written


def test_a_secret_is_masked_until_the_last_user_discards_it() -> None:
    secrets = logs.Secrets()
    secrets.add("twice-known")
    secrets.add("twice-known")
    secrets.discard("twice-known")
    assert "twice-known" not in secrets.mask("say twice-known")
    secrets.discard("twice-known")
    assert secrets.mask("say twice-known") == "say twice-known"


@given(st.lists(st.text(min_size=4, max_size=12), min_size=1, max_size=5), st.text(max_size=30))
def test_no_registered_secret_survives_whatever_stands_around_it(values: list[str], around: str) -> None:
    secrets = logs.Secrets()
    for value in values:
        secrets.add(value)
    masked = secrets.mask(around.join(values))
    # The mark itself may build a value that consists of marks; nothing else may be left.
    assert not any(value in masked for value in values if logs.MASK[0] not in value and value not in around)


def test_an_endless_text_is_cut(configured: logs.Logs) -> None:
    logger.info("x" * 100_000)
    assert len(_lines(configured)[0]["event"]) < logs.MAX_TEXT + 100


def test_the_files_are_bounded_and_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "logs" / "x.log"
    with logs.configure(file=file, console=io.StringIO(), max_bytes=2000, backups=2):
        for number in range(200):
            logger.info("line %d", number)
    kept = sorted(path.name for path in file.parent.iterdir())
    assert kept == ["x.log", "x.log.1", "x.log.2"]
    if os.name == "posix":
        assert {path.stat().st_mode & 0o777 for path in file.parent.iterdir()} == {0o600}


def test_level_of_the_console_can_differ_from_that_of_the_file(tmp_path: Path, console: io.StringIO) -> None:
    with logs.configure(file=tmp_path / "x.log", console=console, level="DEBUG", console_level="ERROR") as found:
        logger.debug("for the file")
        logger.error("for both")
        assert [line["event"] for line in _lines(found)] == ["for the file", "for both"]
    assert "for the file" not in console.getvalue()
    assert "for both" in console.getvalue()


def test_closing_puts_the_root_logger_back(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    logs.configure(file=tmp_path / "x.log", console=io.StringIO()).close()
    assert (list(root.handlers), root.level) == before


def test_a_log_that_cannot_be_written_is_an_error_at_start(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("", encoding="ascii")
    with pytest.raises(StorageUnavailable):
        logs.configure(file=tmp_path / "logs" / "x.log", console=io.StringIO())


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["x", "a://b:", "-----BEGIN ", "?token=", "bearer ", " "])
def test_masking_a_huge_text_takes_no_more_than_its_length(piece: str) -> None:
    assert logs.Secrets().mask(piece * 300_000)
