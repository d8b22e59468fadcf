"""What an error while preparing means: whose it is, or that another node should try."""

from __future__ import annotations

import pytest

from core.domain.attempt import FailureClass, RejectReason
from core.domain.errors import EngineUnavailable, HiveMindError, Invalid, NotFound, StorageFull
from worker_app.agent.collecting import prepare_verdict
from worker_app.agent.ports.sandbox import ImageInvalid, ImageUnsuitable, PackagesInvalid, SandboxRefused


@pytest.mark.parametrize(
    ("error", "failure_class", "code"),
    [
        (ImageUnsuitable("it has no shell", fix="add one"), FailureClass.USER, "IMAGE_UNSUITABLE"),
        (ImageInvalid("it cannot be had"), FailureClass.INFRA, "IMAGE_INVALID"),
        (PackagesInvalid("a wheel is broken"), FailureClass.USER, "PACKAGES_INVALID"),
        (Invalid("no such secret", code="SECRET_MISSING"), FailureClass.USER, "SECRET_MISSING"),
        (NotFound("no grant", code="BLOB_NOT_FOUND"), FailureClass.INFRA, "BLOB_NOT_FOUND"),
    ],
)
def test_an_error_is_somebodys(error: HiveMindError, failure_class: FailureClass, code: str) -> None:
    failure, reject = prepare_verdict(error)
    assert reject is None
    assert failure is not None
    assert (failure.failure_class, failure.code) == (failure_class, code)


def test_how_to_mend_an_image_is_part_of_what_is_told() -> None:
    failure, _ = prepare_verdict(ImageUnsuitable("it has no shell", fix="add one"))
    assert failure is not None
    assert failure.message == "it has no shell; add one"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (EngineUnavailable("it hangs"), RejectReason.ENGINE),
        (SandboxRefused("no GPU"), RejectReason.ENGINE),
        (StorageFull("the disk is full"), RejectReason.DISK_FULL),
    ],
)
def test_what_another_node_may_do_is_a_refusal(error: HiveMindError, reason: RejectReason) -> None:
    assert prepare_verdict(error) == (None, reason)
