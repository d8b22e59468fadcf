"""Connections to a container's stdin, stdout and stderr, as the Engine API multiplexes them."""

from __future__ import annotations

import contextlib
from typing import Any, Final

_STREAM_HEAD: Final = 8
_STDOUT: Final = 1
_STDERR_KEPT: Final = 2048


class KeptOutput:
    """A container's output from its beginning on, as its log driver kept it, and on from there; no stdin."""

    def __init__(self, response: Any, stdin: AttachedStream) -> None:
        self._response = response
        self._pieces = response.raw.stream(1 << 17, decode_content=False)
        self._stdin = stdin
        self._buffer = bytearray()

    def receive_frames(self) -> list[tuple[int, bytes]] | None:
        content = next(self._pieces, None)
        return None if content is None else demultiplexed(self._buffer, content)

    def send(self, content: bytes) -> None:
        self._stdin.send(content)

    def close(self) -> None:
        # A thread that waits for more wakes up by this alone.
        with contextlib.suppress(OSError, AttributeError):
            self._response.raw._fp.fp.raw._sock.shutdown(2)
        self._response.close()
        self._stdin.close()


class AttachedStream:
    """A container's stdin and stdout as one stream; the last words on stderr are kept for a reason."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._socket = getattr(raw, "_sock", raw)
        self._socket.settimeout(None)
        self._buffer = bytearray()
        self.last_words = b""

    def receive(self) -> bytes:
        """Return stdout content; b"" when the container has ended or the stream was closed."""
        while (frames := self.receive_frames()) is not None:
            for kind, payload in frames:
                if kind != _STDOUT:
                    self.last_words = (self.last_words + payload)[-_STDERR_KEPT:]
            out = b"".join(payload for kind, payload in frames if kind == _STDOUT)
            if out:
                return out
        return b""

    def receive_frames(self) -> list[tuple[int, bytes]] | None:
        """Return what came of both streams (1 stdout, 2 stderr), in order; None at the end."""
        content = self._socket.recv(1 << 17)
        return demultiplexed(self._buffer, content) if content else None

    def send(self, content: bytes) -> None:
        self._socket.sendall(content)

    def close(self) -> None:
        # A thread that waits in recv wakes up by this, not by close. Pipes have no such call.
        with contextlib.suppress(OSError, AttributeError):
            self._socket.shutdown(2)
        # The response holds the connection too, and complains when its file is closed before it.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self._raw._response.close()
        self._raw.close()
        self._socket.close()


def demultiplexed(buffer: bytearray, content: bytes) -> list[tuple[int, bytes]]:
    """Add content to the buffer and take whole pieces out of it, each with its stream."""
    buffer += content
    out: list[tuple[int, bytes]] = []
    position = 0
    while len(buffer) - position >= _STREAM_HEAD:
        length = int.from_bytes(buffer[position + 4 : position + 8], "big")
        end = position + _STREAM_HEAD + length
        if len(buffer) < end:
            break
        out.append((buffer[position], bytes(buffer[position + _STREAM_HEAD : end])))
        position = end
    del buffer[:position]
    return out
