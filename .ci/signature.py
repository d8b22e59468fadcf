"""Who signed a Windows program: its Authenticode signature, checked without Windows.

The hash of the file is the one that was signed, the signature is the signer's, and the chain ends at a root that
this system trusts. Times of certificates are not judged: a program outlives its signer's certificate.
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ROOTS = Path("/etc/ssl/certs/ca-certificates.crt")
_PE32_PLUS = 0x20B


def signer_of(program: Path) -> str:
    """Return the name of the signer, or a sentence in brackets that says what does not hold."""
    try:
        return _signer(program.read_bytes())
    except Exception as error:
        return f"({type(error).__name__}: {error})"


def _signer(content: bytes) -> str:
    digest, table = _hash_and_table(content)
    if not table:
        return "(not signed)"
    (length,) = struct.unpack_from("<I", table)
    signed = cms.ContentInfo.load(table[8:length])["content"]
    inner = signed["encap_content_info"]["content"].parsed.contents
    if digest not in inner:
        return "(the file was changed after it was signed)"
    (info,) = signed["signer_infos"]
    attributes = {entry["type"].native: entry["values"] for entry in info["signed_attrs"]}
    algorithm = info["digest_algorithm"]["algorithm"].native
    if attributes["message_digest"][0].native != hashlib.new(algorithm, inner).digest():
        return "(the signature is of another file)"
    certificates = [x509.load_der_x509_certificate(choice.chosen.dump()) for choice in signed["certificates"]]
    number = info["sid"].chosen["serial_number"].native
    (signer,) = [each for each in certificates if each.serial_number == number]
    key = signer.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(
        info["signature"].native,
        info["signed_attrs"].untag().dump(),
        padding.PKCS1v15(),
        getattr(hashes, algorithm.upper())(),
    )
    _check_chain(signer, certificates)
    return signer.subject.rfc4514_string()


def _hash_and_table(content: bytes) -> tuple[bytes, bytes]:
    """Return the Authenticode hash (SHA-256) and the table of certificates."""
    (pe,) = struct.unpack_from("<I", content, 0x3C)
    optional = pe + 24
    (magic,) = struct.unpack_from("<H", content, optional)
    entry = optional + (112 if magic == _PE32_PLUS else 96) + 32
    checksum = optional + 64
    offset, size = struct.unpack_from("<II", content, entry)
    if not offset:
        return b"", b""
    kept = content[:checksum] + content[checksum + 4 : entry] + content[entry + 8 : offset]
    return hashlib.sha256(kept).digest(), content[offset : offset + size]


def _check_chain(signer: x509.Certificate, known: list[x509.Certificate]) -> None:
    """Raise unless the signer's chain ends at a root that this system trusts."""
    roots = x509.load_pem_x509_certificates(ROOTS.read_bytes())
    current, steps = signer, 0
    while steps < 10:
        for root in roots:
            if root.subject == current.issuer:
                current.verify_directly_issued_by(root)
                return
        (above,) = [each for each in known if each.subject == current.issuer and each != current]
        current.verify_directly_issued_by(above)
        current, steps = above, steps + 1
    raise ValueError("the chain has no end")
