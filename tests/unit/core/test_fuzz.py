"""What strangers send: zips, manifests, session messages and join links, mutated 250,000 times.

Only the errors that doors translate ever come out, and memory does not grow. A longer run, ten times as many:
HIVEMIND_FUZZ_TIMES=10 python -m pytest tests/unit/core/test_fuzz.py
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import psutil
import pytest
from google.protobuf.message import DecodeError

from core.blobs.bundler import keep_zip
from core.blobs.listing import list_zip
from core.blobs.store import BlobStore
from core.domain.attempt import AttemptState
from core.domain.bundle import FileEntry
from core.domain.errors import HiveMindError, Invalid, ProtocolError
from core.domain.node import HostUse, NodeFacts
from core.domain.rewards import Tick
from core.domain.session import (
    Ack,
    AttemptUpdate,
    AttemptUse,
    HeldAttempt,
    Hello,
    JoinLink,
    OwnerStatus,
    Report,
    Sync,
    Updates,
    Welcome,
)
from core.manifest.reading import read_manifest
from core.pb import node_pb2
from core.rpc.codec import node as codec
from core.rpc.join_link import make_join_link, mask_join_link, parse_join_link
from tests.unit.core.blobs.zips import write_zip
from tests.unit.core.manifest.folders import MemoryFiles

TIMES: Final = int(os.environ.get("HIVEMIND_FUZZ_TIMES", "1"))
SEED: Final = int(os.environ.get("HIVEMIND_FUZZ_SEED", "20261124"))
EXAMPLES: Final = Path(__file__).resolve().parents[3] / "resources" / "examples"
GROWTH_BYTES: Final = 48 << 20
_ODD_BYTES: Final = (
    b"\x00",
    b"\xff\xff\xff\xff",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"../",
    b"\\",
    b"\x7f" * 9,
    b"A" * 300,
)
_ODD_WORDS: Final = (
    *("-1", "0", "1e999", "nan", "9" * 40, '"' + "x" * 5000 + '"', "[[[[", "}", "'''", "\x00", "\u202e", "\ud7ff"),
    *(
        "[split]",
        'mode = "grid"',
        "count = 99999999999",
        "[params.a]",
        "schema = 2",
        "= = =",
        "true",
        "1979-05-27",
    ),
    *('timeout = "9999999999d"', "memory_gb = -0.0", 'ref = "../../etc"', 'required = ["../../x", "/a", ""]', "#"),
)
Mutate = Callable[[random.Random, bytes], bytes]


def _mutate(rng: random.Random, content: bytes) -> bytes:
    """Flip, cut, double, splice: what a broken line or a curious person does to bytes."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 12))):
        at = rng.randrange(len(changed) + 1)
        match rng.randrange(6):
            case 0 if changed:
                changed[at % len(changed)] ^= 1 << rng.randrange(8)
            case 1 if changed:
                changed[at % len(changed)] = rng.randrange(256)
            case 2:
                changed[at:at] = rng.choice(_ODD_BYTES)
            case 3:
                del changed[at : at + rng.choice((1, 2, 8, 64))]
            case 4:
                changed[at:at] = changed[at : at + rng.choice((1, 4, 40))]
            case _:
                del changed[at:]
    return bytes(changed)


def _mutate_text(rng: random.Random, content: bytes) -> bytes:
    """Move, double and replace lines and words, so that what comes is often still TOML."""
    if rng.randrange(4) == 0:
        return _mutate(rng, content)
    lines = content.decode("utf-8", "replace").split("\n")
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(lines))
        match rng.randrange(5):
            case 0:
                lines.insert(rng.randrange(len(lines)), lines[at])
            case 1 if len(lines) > 1:
                del lines[at]
            case 2:
                key, separator, _value = lines[at].partition("=")
                lines[at] = f"{key}{separator} {rng.choice(_ODD_WORDS)}"
            case 3:
                lines.insert(at, rng.choice(_ODD_WORDS))
            case _:
                lines[at] = lines[at][: rng.randrange(len(lines[at]) + 1)]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _storm(seeds: Sequence[bytes], count: int, take: Callable[[bytes], object], mutate: Mutate = _mutate) -> None:
    """Feed mutations of the seeds, some of them mutated again and again; memory must not follow them."""
    rng = random.Random(SEED)
    process, pool, before = psutil.Process(), list(seeds), 0
    total = count * TIMES
    for number in range(total):
        content = mutate(rng, rng.choice(pool))
        if rng.randrange(50) == 0 and len(content) < 20_000:
            pool[len(seeds) :] = [*pool[len(seeds) :][-30:], content]
        try:
            take(content)
        except HiveMindError:
            continue
        except BaseException as error:
            error.add_note(f"input {number} of seed {SEED}: {content[:400]!r}")
            raise
        finally:
            if number == total // 3:
                before = process.memory_info().rss
    assert process.memory_info().rss - before < GROWTH_BYTES


def test_session_messages_are_read_or_refused() -> None:
    file = FileEntry(path="out/a", size=3, sha256="a" * 64, mode=0o644, blob="b" * 64, offset=0)
    ticks = (Tick(duration_ms=30_000, cpu_percent=50.0, memory_percent=1.0),)
    update = AttemptUpdate(
        number=1,
        attempt_id="01A",
        state=AttemptState.SUCCEEDED,
        ticks=ticks,
        artifacts=(file,),
        metrics=(("x", 1.0),),
    )
    use = AttemptUse(attempt_id="01A", state=AttemptState.RUNNING)
    held = (HeldAttempt(attempt_id="01A", state=AttemptState.RUNNING),)
    facts, host, owner = NodeFacts(labels={"a": "b"}), HostUse(), OwnerStatus()
    agent: list[Any] = [
        Hello(node_id="01N", incarnation=1, boot_id="b", highest_term=3),
        Sync(session_id="s", attempts=held, facts=facts, host=host, owner=owner),
        Report(session_id="s", number=1, live=(use,), host=host, owner=owner),
        Updates(session_id="s", updates=(update,)),
    ]
    master: list[Any] = [
        Welcome(
            session_id="s",
            term=1,
            protocol=1,
            master_time_ms=5,
            report_interval_s=30.0,
            node_name="n",
            owner_id="o",
        ),
        Ack(session_id="s", updates=(1,)),
    ]

    def take(content: bytes) -> None:
        for kind, read in (
            (node_pb2.NodeMessage, codec.agent_message_from_pb),
            (node_pb2.MasterMessage, codec.master_message_from_pb),
        ):
            try:
                message: Any = kind.FromString(content)
            except DecodeError:
                continue
            try:
                read(message)
            except ProtocolError as error:
                assert error.code, "a refusal without a code"

    seeds = [codec.agent_message_to_pb(each).SerializeToString() for each in agent]
    seeds += [codec.master_message_to_pb(each).SerializeToString() for each in master]
    _storm(seeds, 150_000, take)


def test_join_links_are_read_or_refused_without_their_secret() -> None:
    secret = "a-one-time-secret-of-a-link"
    link = JoinLink(host="pool.example", control_port=50052, ca_sha256="ab" * 32, token=secret, owner="mei")
    seeds = [
        make_join_link(link).encode(),
        b"hivemind://[::1]:50052/join?ca=" + b"0" * 64 + b"&token=" + b"t" * 20,
    ]

    def take(content: bytes) -> None:
        text = content.decode("utf-8", "replace")
        assert f"token={secret}" not in mask_join_link(text)
        try:
            found = parse_join_link(text)
        except Invalid as error:
            assert secret not in error.message + error.fix
            raise
        assert 0 < found.control_port < 65_536
        assert parse_join_link(make_join_link(found)) == found

    _storm(seeds, 60_000, take)


def test_manifests_become_a_task_or_problems_that_say_what_to_do() -> None:
    files = {"main.py": b"print(1)\n", "data/a.csv": b"1\n", "l.txt": b"x\ny\n"}
    seeds = [path.read_bytes() for path in sorted(EXAMPLES.glob("*/hivemind.toml"))]
    assert len(seeds) >= 4

    def take(content: bytes) -> None:
        reading = read_manifest(MemoryFiles({**files, "hivemind.toml": content}), {})
        assert (reading.spec is None) == bool(reading.problems)
        assert all(problem.code and problem.reason and problem.fix for problem in reading.problems)

    _storm(seeds, 25_000, take, _mutate_text)


@pytest.mark.timeout(600)
def test_zips_are_kept_or_refused(tmp_path: Path) -> None:
    store, path = BlobStore(tmp_path / "store"), tmp_path / "in.zip"
    deep = "/".join(["d"] * 12)
    seeds = [
        write_zip(path, [("main.py", b"print(1)\n"), ("data/a.csv", b"1,2\n" * 20)]).read_bytes(),
        write_zip(path, [(f"{deep}/é.txt", b"x" * 500), ("b", b"")]).read_bytes(),
        write_zip(path, [(b"back\\slash", b"y"), (b"caf\xe9", b"z")], mode=0o120777).read_bytes(),
    ]

    def take(content: bytes) -> None:
        path.write_bytes(content)
        listing = list_zip(path)
        if not listing.problems and listing.members:
            kept = keep_zip(path, listing, store)
            for entry in kept.entries:
                parts = entry.path.split("/")
                assert "" not in parts and ".." not in parts and "." not in parts, entry.path

    _storm(seeds, 15_000, take)
