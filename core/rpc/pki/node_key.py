"""What a node makes itself: its key, the request for its certificate, and the proof with which it renews."""

from __future__ import annotations

import hashlib

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.domain.errors import Invalid, Unauthenticated

#: The master's doors always carry this name, so that a moved master strands nobody: the authority signs no
#: certificate for servers but its own master's, and nodes' certificates are for clients only.
MASTER_NAME = "master.hivemind.internal"
_PROOF = b"hivemind-renewal\0"


def new_key() -> bytes:
    """Make a P-256 key; PEM, unencrypted: keep it in an owner-only file."""
    return key_to_pem(ec.generate_private_key(ec.SECP256R1()))


def key_to_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load_key(key_pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(key_pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Invalid("The key is not an elliptic-curve key.", code="KEY_UNUSABLE")
    return key


def load_certificate(pem: bytes) -> x509.Certificate:
    """Read one certificate; raises Invalid for anything else."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise Invalid("This is not a certificate.", code="CERTIFICATE_UNREADABLE") from error


def make_request(key_pem: bytes, host_name: str) -> bytes:
    """Make a certificate request (PEM). What it says of names is ignored: the master decides them."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, (host_name or "node")[:64])])
    request = x509.CertificateSigningRequestBuilder().subject_name(name)
    return request.sign(load_key(key_pem), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def key_sha256(public_key: object) -> str:
    """Return the SHA-256 (hex) of a public key."""
    if not isinstance(public_key, ec.EllipticCurvePublicKey):
        raise Invalid("Only elliptic-curve keys are taken.", code="KEY_UNUSABLE")
    encoded = public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(encoded).hexdigest()


def ca_digest(ca_pem: bytes) -> str:
    """Return the SHA-256 (hex) that join links carry: of the whole certificate in DER."""
    encoded = load_certificate(ca_pem).public_bytes(serialization.Encoding.DER)
    return hashlib.sha256(encoded).hexdigest()


def _statement(nonce: bytes, csr_pem: bytes) -> bytes:
    return _PROOF + hashlib.sha256(nonce).digest() + hashlib.sha256(csr_pem).digest()


def sign_renewal(key_pem: bytes, nonce: bytes, csr_pem: bytes) -> bytes:
    """Prove that the holder of the old key asks for this certificate now."""
    return load_key(key_pem).sign(_statement(nonce, csr_pem), ec.ECDSA(hashes.SHA256()))


def check_renewal(certificate: x509.Certificate, nonce: bytes, csr_pem: bytes, signature: bytes) -> None:
    """Raise Unauthenticated unless `signature` is of the key of `certificate`."""
    key = certificate.public_key()
    try:
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise InvalidSignature
        key.verify(signature, _statement(nonce, csr_pem), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Unauthenticated(
            "The renewal is not signed with the key of the old certificate.", code="RENEWAL_PROOF"
        ) from None
