"""The page of the pool's certificate, its files, and the words for each way of encryption."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path
from typing import Any

from cryptography import x509

from tests.fakes.clock import ManualClock
from tests.support.web_pool import WebPool


def test_anybody_gets_the_certificate_and_its_fingerprint(web: WebPool) -> None:
    http = web.app.test_client()
    pem, der = http.get("/ca.pem"), http.get("/ca.crt")
    assert pem.status_code == der.status_code == 200 and pem.mimetype == "application/x-x509-ca-cert"
    assert pem.data == (web.pool.folder / "ca" / "ca.pem").read_bytes() and b"PRIVATE" not in pem.data
    assert ssl.PEM_cert_to_DER_cert(pem.data.decode()) == der.data
    assert x509.load_der_x509_certificate(der.data).extensions is not None
    digest = hashlib.sha256(der.data).hexdigest().upper()
    shown = ":".join(digest[place : place + 2] for place in range(0, 64, 2))
    page = http.get("/ca").text
    assert shown in page and "certificate that you have" in page


def test_the_way_in_use_is_marked_and_only_ones_own_authority_needs_browsers_to_be_told(tmp_path: Path) -> None:
    ways: list[tuple[dict[str, Any], str, bool]] = [
        ({}, "none", False),
        ({"tls": "own"}, "own", True),
        ({"behind_proxy": True}, "proxy", False),
    ]
    for settings, key, told in ways:
        (tmp_path / key).mkdir()
        web = WebPool(tmp_path / key, ManualClock(), **settings)
        page = web.app.test_client().get("/ca").text
        web.close()
        chosen = page.split('aria-current="true"')[-1]
        assert f"--tls {key}" in chosen and ("does not know yet" in page) is told, key
