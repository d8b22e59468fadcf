"""The certificate of the pool's own authority: its fingerprint, the file, how each system is told to trust it."""

from __future__ import annotations

import ssl
from typing import Any, Final

from flask import Response, render_template, request

from master_app.web.pages.frame import page_blueprint, pages
from master_app.web.pages.session import visitor

bp = page_blueprint("certificate")
FILE: Final = "hivemind-ca"


@bp.get("/ca")
def show() -> Any:
    """For whoever asks: a certificate is no secret, and who needs it cannot sign in comfortably yet."""
    given = pages()
    return render_template(
        "ca.html",
        fingerprint=in_pairs(given.ca_sha256),
        encryption=given.encryption,
        host=request.host,
        known=visitor() is not None,
    )


@bp.get("/ca.pem")
def pem() -> Response:
    return _file(pages().ca_pem, "pem")


@bp.get("/ca.crt")
def der() -> Response:
    """As Windows, Android and iOS want it."""
    return _file(ssl.PEM_cert_to_DER_cert(pages().ca_pem.decode()), "crt")


def _file(content: bytes, kind: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{FILE}.{kind}"'}
    return Response(content, mimetype="application/x-x509-ca-cert", headers=headers)


def in_pairs(digest: str) -> str:
    """Return a fingerprint as certificate viewers show it: AB:CD:..."""
    text = digest.upper()
    return ":".join(text[place : place + 2] for place in range(0, len(text), 2))
