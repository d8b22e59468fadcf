"""Which notice goes over which channel."""

from __future__ import annotations

from dataclasses import replace

from core.domain.notices import Channel, NoticeKind, NoticeSettings, Route


def test_a_channel_counts_when_it_is_on_confirmed_and_wants_the_kind() -> None:
    route = Route(address="a@example.org", confirmed=True, kinds=frozenset({NoticeKind.HELD}))
    assert route.wants(NoticeKind.HELD) and not route.wants(NoticeKind.DONE)
    assert not replace(route, confirmed=False).wants(NoticeKind.HELD)
    assert not replace(route, address="").wants(NoticeKind.HELD)


def test_each_channel_has_its_own_route() -> None:
    on = Route(address="x", confirmed=True)
    for channel in Channel:
        settings = NoticeSettings().with_route(channel, on)
        assert settings.route(channel) is on and settings.channels(NoticeKind.DONE) == (channel,)
