"""Console links are read strictly, and never repeat their secret."""

from __future__ import annotations

import pytest

from core.domain.errors import Invalid
from core.rpc.console_link import ConsoleLink, make_console_link, parse_console_link

CA = "ab" * 32
LOGIN = "hm_abcdefghijklmnop"


@pytest.mark.parametrize("host", ["hm01.example", "10.0.0.7", "fd00::7"])
def test_a_link_says_what_was_put_into_it(host: str) -> None:
    link = ConsoleLink(host=host, control_port=50052, ca_sha256=CA, login=LOGIN)
    assert parse_console_link(make_console_link(link)) == link
    assert LOGIN not in repr(link)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"https://h:1/console?ca={CA}&login={LOGIN}",
        f"hivemind://h:1/join?ca={CA}&login={LOGIN}",
        f"hivemind://h/console?ca={CA}&login={LOGIN}",
        f"hivemind://h:1/console?ca={CA[:-1]}&login={LOGIN}",
        f"hivemind://h:1/console?ca={CA}&login=short",
        f"hivemind://h:1/console?ca={CA}&login={LOGIN}&login={LOGIN}",
        f"hivemind://h:1/console?ca={CA}&login={LOGIN}&more=1",
        f"hivemind://u@h:1/console?ca={CA}&login={LOGIN}",
        "hivemind://h:1/console?" + "x" * 3000,
    ],
)
def test_anything_else_is_refused_without_repeating_the_secret(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_console_link(text)
    assert LOGIN not in str(refused.value)
