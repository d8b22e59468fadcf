"""A certificate is renewed in time, used by the running link at once, and never lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.fakes.clock import ManualClock
from tests.fakes.link import FakeEnrolment, FakeMaster
from tests.support.desks import IDENTITY
from worker_app.agent.certificate import AGAIN_MS, RENEW_BEFORE_MS, CertificateCare
from worker_app.agent.ports.link import Identity

DAY_MS: Final = 86_400_000


class Rig:
    def __init__(self, days_left: float) -> None:
        self.clock = ManualClock()
        self.enrolment, self.master = FakeEnrolment(), FakeMaster()
        self.enrolment.longer_ms = 90 * DAY_MS
        self.kept: list[Identity] = []
        self.told: list[Identity] = []
        self.disk_is_full = False
        expires_ms = self.clock.wall_ms() + int(days_left * DAY_MS)
        self.care = CertificateCare(
            replace(IDENTITY, expires_at_ms=expires_ms),
            enrolment=self.enrolment,
            membership=self.master,
            keep=self._keep,
            renewed=self.told.append,
            clock=self.clock,
        )

    def _keep(self, identity: Identity) -> None:
        if self.disk_is_full:
            raise OSError("no space left on device")
        self.kept.append(identity)


async def test_it_is_renewed_before_its_end_and_the_running_link_goes_on_with_it() -> None:
    rig = Rig(days_left=RENEW_BEFORE_MS / DAY_MS + 1)
    await rig.care.look()
    assert rig.enrolment.renewed == 0
    rig.clock.advance(s=2 * DAY_MS // 1000)
    await rig.care.look()
    # The master turns the one before away from now on: a link that kept it could never dial again.
    assert rig.master.used == rig.kept == rig.told == [rig.care.identity]
    await rig.care.look()
    assert rig.enrolment.renewed == 1


async def test_one_that_is_still_good_is_tried_hourly_and_one_that_is_not_each_time() -> None:
    rig = Rig(days_left=1)
    rig.enrolment.reachable = False
    await rig.care.look()
    rig.enrolment.reachable = True
    await rig.care.look()
    assert rig.enrolment.renewed == 0
    rig.clock.advance(s=AGAIN_MS // 1000)
    await rig.care.look()
    assert rig.enrolment.renewed == 1
    # A computer that was asleep for months: its master comes back a moment after it wakes.
    asleep = Rig(days_left=-40)
    asleep.enrolment.reachable = False
    await asleep.care.look()
    asleep.enrolment.reachable = True
    await asleep.care.look()
    assert asleep.master.used == [asleep.care.identity]


async def test_a_full_disk_costs_neither_the_link_nor_the_new_certificate() -> None:
    rig = Rig(days_left=1)
    rig.disk_is_full = True
    await rig.care.look()
    assert rig.master.used == [rig.care.identity] and rig.kept == []
    rig.disk_is_full = False
    await rig.care.look()
    assert rig.kept == [rig.care.identity] and rig.enrolment.renewed == 1
