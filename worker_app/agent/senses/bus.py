"""One question over D-Bus, with a limit. No D-Bus, no answer in time, an error: None.

Uses jeepney where it is installed (the desktop extra brings it with keyring); nothing else of it is needed.
"""

from __future__ import annotations

import logging
from typing import Any, Final

logger = logging.getLogger(__name__)

ANSWER_S: Final = 0.5


class Bus:
    """A connection to one bus, made when first asked and again after it broke. One thread at a time."""

    def __init__(self, kind: str) -> None:
        """`kind`: SESSION or SYSTEM."""
        self._kind = kind
        self._connection: Any = None
        #: A bus that is not there is not looked for each second.
        self._gone = 0

    def ask(self, name: str, path: str, interface: str, method: str, signature: str = "", *body: Any) -> Any:
        """Return the answer's values, or None."""
        try:
            from jeepney import DBusAddress, MessageType, new_method_call
        except ImportError:
            return None
        connection = self._connected()
        if connection is None:
            return None
        address = DBusAddress(path, bus_name=name, interface=interface)
        message = new_method_call(address, method, signature or None, body)
        try:
            answer = connection.send_and_get_reply(message, timeout=ANSWER_S)
        except (OSError, TimeoutError, EOFError, ValueError) as error:
            logger.debug("the bus did not answer", extra={"bus": self._kind, "reason": str(error)})
            self.close()
            return None
        return answer.body if answer.header.message_type is MessageType.method_return else None

    def property(self, name: str, path: str, interface: str, key: str) -> Any:
        """Return a property's value, or None."""
        found = self.ask(name, path, "org.freedesktop.DBus.Properties", "Get", "ss", interface, key)
        return found[0][1] if found else None

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connected(self) -> Any:
        if self._connection is None:
            if self._gone:
                self._gone -= 1
                return None
            from jeepney.io.blocking import open_dbus_connection

            try:
                self._connection = open_dbus_connection(self._kind)
            except (OSError, KeyError, ValueError, RuntimeError) as error:
                logger.debug("no bus", extra={"bus": self._kind, "reason": str(error)})
                self._gone = 60
        return self._connection
