"""A taken port names who holds it and one that is free."""

from __future__ import annotations

import errno
import os
import re
import socket

from core.listening import free_near, is_free, taken


def test_a_taken_port_names_its_holder_and_a_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free("127.0.0.1", port)
        error = taken("127.0.0.1", port)
        assert error.code == "PORT_TAKEN"
        assert f"(process {os.getpid()})" in error.message
        named = re.search(r"(\d+) is free", error.fix)
        assert named is not None and is_free("127.0.0.1", int(named.group(1)))
    assert is_free("127.0.0.1", port)


def test_a_port_that_needs_rights_says_so() -> None:
    assert taken("0.0.0.0", 80, errno.EACCES).code == "PORT_FORBIDDEN"


def test_the_last_port_has_a_neighbour_too() -> None:
    assert is_free("127.0.0.1", free_near("127.0.0.1", 65_535))
