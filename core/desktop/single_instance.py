"""One window a person: a second start raises the first and gives it what it was called with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, QTimer, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

_WAIT_MS = 2000
_MAX_MESSAGE = 64 * 1024


class SingleInstance(QObject):
    """`claim` tells whether this is the first for `folder`; `called` brings the arguments of later ones."""

    called = Signal(list)

    def __init__(self, folder: Path, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # A lock of a process that died is taken over: QLockFile looks whether its owner still lives.
        self._lock = QLockFile(str(folder / f"{name}.lock"))
        self._lock.setStaleLockTime(0)
        digest = hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:16]
        self._address = f"hivemind-{name}-{digest}"
        self._server: QLocalServer | None = None
        self._callers: set[QLocalSocket] = set()

    def claim(self) -> bool:
        """Take the place and listen for later starts; False when another process has it."""
        if not self._lock.tryLock(0):
            return False
        QLocalServer.removeServer(self._address)
        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        server.newConnection.connect(self._greet)
        server.listen(self._address)
        self._server = server
        return True

    def tell(self, arguments: Sequence[str]) -> bool:
        """Give the first process these arguments; False when it does not answer."""
        socket = QLocalSocket()
        socket.connectToServer(self._address)
        if not socket.waitForConnected(_WAIT_MS):
            return False
        socket.write(json.dumps(list(arguments)).encode() + b"\n")
        written = socket.waitForBytesWritten(_WAIT_MS)
        socket.disconnectFromServer()
        return written

    def release(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            self._callers.clear()
        self._lock.unlock()

    def _greet(self) -> None:
        assert self._server is not None
        socket = self._server.nextPendingConnection()
        if socket is not None:
            self._callers.add(socket)
            socket.readyRead.connect(lambda: self._read(socket))
            socket.disconnected.connect(lambda: self._part(socket))
            self._read(socket)

    def _part(self, socket: QLocalSocket) -> None:
        self._read(socket)
        # Not from inside its own signal: the socket is still at work there.
        QTimer.singleShot(0, lambda: self._callers.discard(socket))

    def _read(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > _MAX_MESSAGE:
                socket.abort()
            return
        try:
            arguments = json.loads(bytes(socket.readLine(_MAX_MESSAGE).data()))
        except ValueError:
            return
        if isinstance(arguments, list):
            self.called.emit([str(argument) for argument in arguments])
