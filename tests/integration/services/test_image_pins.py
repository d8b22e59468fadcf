"""Which bytes a task's image is: asked of a real registry at submit, else told by the first node that has it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.domain.attempt import AttemptState
from core.domain.errors import Invalid
from core.domain.session import ImagePin
from core.domain.task import TaskState
from master_app.scheduling.explain import why_waiting
from master_app.tasks.registry import Registry
from tests.fakes.clock import ManualClock
from tests.support.pool_master import PLAIN, PoolMaster
from tests.support.registry import push, running_registry
from tests.support.shell_images import ensure_shell_image

DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
#: Nothing listens there.
NOWHERE = "127.0.0.1:1/lab/tool:1"


def manifest(ref: str, count: int = 3) -> str:
    return PLAIN + f'[image]\nref = "{ref}"\n[split]\nmode = "count"\ncount = {count}\n'


@pytest.fixture
def open_pool(tmp_path: Path, clock: ManualClock) -> Iterator[PoolMaster]:
    """A pool that allows images of this computer's registries, and one by its id."""
    found = PoolMaster(tmp_path, clock, images_allowed=["127.0.0.1:*", "lab/*"])
    found.grant("submitter", 150)
    yield found
    found.stop()


def test_a_registry_that_answers_pins_at_submit(open_pool: PoolMaster, tmp_path: Path) -> None:
    with running_registry(tmp_path) as registry:
        ref, digest = push(registry, ensure_shell_image("busybox"), "lab/tool:1")
        task_id = open_pool.submit(manifest(ref)).task_id
        assert Registry().pin(f"{registry}/lab/tool:2") is None
    task = open_pool.task(task_id)
    assert (task.state, task.pin) == (TaskState.QUEUED, ImagePin(ref=ref, digest=digest))


def test_a_reference_with_a_digest_needs_no_registry() -> None:
    ref = f"127.0.0.1:1/tool@{DIGEST}"
    assert Registry().pin(ref) == ImagePin(ref=ref, digest=DIGEST)


def test_a_registry_that_is_silent_costs_its_limit_and_no_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        assert Registry(limit_s=0.5).pin(f"127.0.0.1:{silent.getsockname()[1]}/tool") is None
        assert time.monotonic() - started < 3


def test_nonsense_from_a_registry_is_no_pin() -> None:
    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nDocker-Content-Digest: ../../x\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        assert Registry(limit_s=2).pin(f"127.0.0.1:{server.getsockname()[1]}/tool") is None
        thread.join(5)


def test_without_a_registry_the_first_node_pins_and_only_then_the_rest_runs(open_pool: PoolMaster) -> None:
    first, second = open_pool.node("a"), open_pool.node("b")
    task_id = open_pool.submit(manifest(NOWHERE)).task_id
    task = open_pool.task(task_id)
    assert (task.state, task.state_reason) == (TaskState.WAITING, "waits until its image is pinned")
    offers = [*first.take(), *second.take()]
    assert len(offers) == 1
    node = first if first.held else second
    node.tell(offers[0].attempt_id, AttemptState.RUNNING, pin=ImagePin(ref="x", digest=DIGEST, image_id=OTHER))
    assert open_pool.task(task_id).pin == ImagePin(ref=NOWHERE, digest=DIGEST)
    later = [*first.take(), *second.take()]
    assert len(later) == 2
    # A second report changes nothing.
    node.tell(offers[0].attempt_id, AttemptState.RUNNING, pin=ImagePin(ref="x", digest=OTHER))
    assert open_pool.task(task_id).pin == ImagePin(ref=NOWHERE, digest=DIGEST)


def test_whoever_has_the_image_is_asked_first_and_an_id_binds_to_those_that_have_it(open_pool: PoolMaster) -> None:
    ref = "lab/local:3"
    open_pool.node("a"), open_pool.node("b")
    has = open_pool.node("c", images=(ref, DIGEST))
    task_id = open_pool.submit(manifest(f"{ref}", count=3)).task_id
    (offer,) = has.take()
    has.tell(offer.attempt_id, AttemptState.RUNNING, pin=ImagePin(ref=ref, image_id=DIGEST))
    assert [node.take() for name, node in open_pool.nodes.items() if name != "c"] == [[], []]
    assert len(has.take()) == 1
    why = open_pool.run(lambda uow: why_waiting(uow.pool, task_id, uow.now_ms))
    rules = {verdict.refusal.rule for verdict in why.verdicts if verdict.refusal is not None}
    assert rules == {"image_id", "slots"}


def test_an_image_that_no_list_allows_is_refused_at_submit(open_pool: PoolMaster) -> None:
    with pytest.raises(Invalid) as refused:
        open_pool.submit(manifest("ghcr.io/lab/tool"))
    (problem,) = refused.value.problems
    assert (problem.code, problem.key) == ("IMAGE_NOT_ALLOWED", "image.ref")


def test_an_owners_list_is_the_reason_why_a_task_waits(open_pool: PoolMaster) -> None:
    node = open_pool.node("a", images_allowed=("hivemind/*",))
    task_id = open_pool.submit(manifest(NOWHERE)).task_id
    assert node.take() == []
    why = open_pool.run(lambda uow: why_waiting(uow.pool, task_id, uow.now_ms))
    refusal = why.verdicts[0].refusal
    assert refusal is not None
    assert (refusal.rule, refusal.needed, refusal.available) == ("image_allowed", NOWHERE, "hivemind/*")
