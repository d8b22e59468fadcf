"""Join links are read strictly and never repeat their secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import Invalid
from core.domain.session import JoinLink
from core.rpc.join_link import make_join_link, mask_join_link, parse_join_link

LINK = JoinLink(
    host="pool.example", control_port=50052, ca_sha256="a" * 64, token="s3cret-s3cret-s3cret", owner="ännä"
)


@pytest.mark.parametrize("host", ["pool.example", "10.0.0.1", "fd00::1", "localhost"])
def test_a_link_survives_its_text(host: str) -> None:
    link = JoinLink(host=host, control_port=1, ca_sha256=LINK.ca_sha256, token=LINK.token, owner=LINK.owner)
    assert parse_join_link(make_join_link(link)) == link


def test_the_secret_is_masked() -> None:
    assert LINK.token not in mask_join_link(make_join_link(LINK)) and LINK.token not in repr(LINK)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://pool.example:1/join?ca=" + "a" * 64 + "&token=" + "t" * 20,
        "hivemind://pool.example/join?ca=" + "a" * 64 + "&token=" + "t" * 20,
        "hivemind://pool.example:99999/join?ca=" + "a" * 64 + "&token=" + "t" * 20,
        "hivemind://pool.example:1/join?ca=" + "A" * 64 + "&token=" + "t" * 20,
        "hivemind://pool.example:1/join?ca=" + "a" * 63 + "&token=" + "t" * 20,
        "hivemind://pool.example:1/join?ca=" + "a" * 64 + "&token=short",
        "hivemind://pool.example:1/join?ca=" + "a" * 64 + "&token=" + "t" * 20 + "&x=1",
        "hivemind://pool.example:1/join?ca=" + "a" * 64 + "&token=" + "t" * 20 + "&token=" + "u" * 20,
        "hivemind://u:p@pool.example:1/join?ca=" + "a" * 64 + "&token=" + "t" * 20,
        "hivemind://pool.example:1/other?ca=" + "a" * 64 + "&token=" + "t" * 20,
        "hivemind://[::1:1/join?ca=" + "a" * 64 + "&token=" + "t" * 20,
    ],
)
def test_what_is_not_exactly_a_link_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_join_link(text)
    assert refused.value.code == "JOIN_LINK_INVALID" and "t" * 20 not in refused.value.message


@given(st.text(max_size=80))
def test_any_text_is_refused_or_read(tail: str) -> None:
    for text in (tail, "hivemind://" + tail, "hivemind://h:1/join?" + tail):
        try:
            parse_join_link(text)
        except Invalid:
            continue
