"""Is there a way to the master at all? Asked before TLS, because only here the system says plainly what is
wrong.
"""

from __future__ import annotations

import asyncio
import socket

from worker_app.agent.ports.link import LinkClosed, NobodyListens

REACH_S = 10.0


async def reach(address: str, timeout_s: float = REACH_S) -> None:
    """Open and close a connection to `HOST:PORT`. Raises LinkClosed, with words about what is in the way."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection(host, int(port))
    except socket.gaierror as error:
        raise LinkClosed(
            f"The name {host} is not known here: no network, or a wrong name.", code="MASTER_NAME_UNKNOWN"
        ) from error
    except ConnectionRefusedError as error:
        raise NobodyListens(f"The computer {host} answers, but no master runs there at the moment.") from error
    except TimeoutError as error:
        raise LinkClosed(f"The computer {host} does not answer.", code="MASTER_SILENT") from error
    except OSError as error:
        raise LinkClosed(f"There is no way to {host}: {error.strerror or error}.", code="NO_NETWORK") from error
    writer.close()
