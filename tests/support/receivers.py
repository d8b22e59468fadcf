"""Receivers of notices: a real HTTP server that notes what is posted, and a real mail server with TLS."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from core.rpc.pki.authority import CertificateAuthority

MAIL_USER, MAIL_PASSWORD = "pool", "mail words"


@dataclass
class Posted:
    """What came, and how the next ones are answered: a status each, 200 after the last."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@contextmanager
def http_receiver() -> Iterator[Posted]:
    posted = Posted()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            posted.headers.append(dict(self.headers.items()))
            self.send_response(posted.answers.pop(0) if posted.answers else 200)
            self.send_header("Location", f"{posted.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    posted.url = f"http://127.0.0.1:{server.server_port}/in"
    try:
        yield posted
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@dataclass
class Mailbox:
    """`refuses`: no recipient is taken. `mails`: (recipient, message), only what came over TLS by a login."""

    port: int = 0
    ca_file: Path = Path()
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    refuses: bool = False
    has_tls: bool = True


@contextmanager
def mail_receiver(folder: Path, now_ms: int) -> Iterator[Mailbox]:
    """Serve SMTP with STARTTLS and a certificate of a made-up authority."""
    authority = CertificateAuthority.open(folder / "mail-ca", now_ms)
    identity = authority.server_identity(folder / "mail-ca", {"localhost"}, now_ms)
    chain, key = folder / "mail.pem", folder / "mail.key"
    chain.write_bytes(identity.chain_pem)
    key.write_bytes(identity.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    listener = socket.create_server(("127.0.0.1", 0))
    box = Mailbox(port=listener.getsockname()[1], ca_file=folder / "mail-ca" / "ca.pem")
    ended = threading.Event()

    def accept() -> None:
        while not ended.is_set():
            with suppress(OSError):
                _talk(listener.accept()[0], box, context)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield box
    finally:
        ended.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def _talk(client: socket.socket, box: Mailbox, context: ssl.SSLContext) -> None:
    """Speak as much SMTP as smtplib asks for."""
    with ExitStack() as opened:
        opened.enter_context(client).settimeout(10)
        _answer(client, box, context, opened)


def _answer(client: socket.socket, box: Mailbox, context: ssl.SSLContext, opened: ExitStack) -> None:
    stream = opened.enter_context(client.makefile("rwb", buffering=0))
    encrypted = known = False
    recipient = ""

    def say(text: str) -> None:
        stream.write(text.encode() + b"\r\n")

    say("220 mail ready")
    while line := stream.readline():
        verb = line.split(b" ")[0].strip().upper()
        if verb in (b"EHLO", b"HELO"):
            say("250-here")
            say("250 AUTH PLAIN" if encrypted else ("250 STARTTLS" if box.has_tls else "250 HELP"))
        elif verb == b"STARTTLS":
            say("220 go on")
            client = opened.enter_context(context.wrap_socket(client, server_side=True))
            stream, encrypted = opened.enter_context(client.makefile("rwb", buffering=0)), True
        elif verb == b"AUTH":
            given = base64.b64decode(line.split()[2]).decode().split("\0")
            known = given[1:] == [MAIL_USER, MAIL_PASSWORD]
            say("235 welcome" if known else "535 wrong")
        elif verb == b"RCPT":
            recipient = line.decode().partition("<")[2].partition(">")[0]
            say("550 nobody" if box.refuses else "250 ok")
        elif verb == b"DATA":
            say("354 go on")
            content = b""
            while (piece := stream.readline()) not in (b".\r\n", b""):
                content += piece.removeprefix(b".") if piece.startswith(b"..") else piece
            if encrypted and known:
                message = message_from_bytes(content, policy=policy.default)
                assert isinstance(message, EmailMessage)
                box.mails.append((recipient, message))
            say("250 kept")
        elif verb == b"QUIT":
            say("221 bye")
            return
        else:
            say("250 ok")
