"""The pool's own certificate authority: made once, kept in an owner-only folder, signs nodes and the master."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.domain.errors import Invalid, StorageUnavailable, Unauthenticated
from core.paths import private_folder, write_private
from core.rpc.pki.node_key import (
    MASTER_NAME,
    ca_digest,
    key_sha256,
    key_to_pem,
    load_certificate,
    load_key,
)

NODE_DAYS = 90
_CA_DAYS = 3653
_SERVER_DAYS = 365
_RENEW_SERVER_DAYS = 30
#: Clocks of nodes may be a little behind.
_BACKDATE = timedelta(hours=1)
_NODE_URI = "hivemind:node:"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCertificate:
    """A new node certificate. Keep serial, key and expiry: the doors check the serial at each call."""

    pem: bytes
    #: Hex, lower case.
    serial: str
    expires_ms: int
    key_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerIdentity:
    """What the doors of the master show: their certificate with the authority's behind it."""

    key_pem: bytes = field(repr=False)
    chain_pem: bytes
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCertificate:
    """What a certificate of ours says of its node."""

    node_id: str
    serial: str
    key_sha256: str
    expires_ms: int


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def expires_ms(certificate: x509.Certificate) -> int:
    return int(certificate.not_valid_after_utc.timestamp() * 1000)


def serial_of(certificate: x509.Certificate) -> str:
    return format(certificate.serial_number, "x")


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class CertificateAuthority:
    """Signs what the pool trusts. Its key never leaves the folder it was made in."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self._certificate = certificate
        self.ca_pem = certificate.public_bytes(serialization.Encoding.PEM)
        self.sha256 = ca_digest(self.ca_pem)

    @classmethod
    def open(cls, folder: Path, now_ms: int) -> CertificateAuthority:
        """Return the authority that is kept in `folder`, or make it there on first use."""
        private_folder(folder)
        key_file, certificate_file = folder / "ca.key", folder / "ca.pem"
        if not key_file.exists() and not certificate_file.exists():
            made = cls.make(now_ms)
            write_private(key_file, key_to_pem(made._key))
            write_private(certificate_file, made.ca_pem)
            return made
        try:
            if not certificate_file.exists():
                # A first start that was cut off, or a lost file: the same key, so that nodes stay trusted.
                made = cls.make(now_ms, load_key(key_file.read_bytes()))
                write_private(certificate_file, made.ca_pem)
                return made
            return cls(load_key(key_file.read_bytes()), load_certificate(certificate_file.read_bytes()))
        except (OSError, ValueError) as error:
            raise StorageUnavailable(
                "The pool's certificate authority cannot be read.",
                code="AUTHORITY_UNREADABLE",
                fix=f"Restore {folder} from a backup; with a new one every node would have to join again.",
            ) from error

    @classmethod
    def make(cls, now_ms: int, key: ec.EllipticCurvePrivateKey | None = None) -> CertificateAuthority:
        """Make an authority in memory, with a new key unless one is given."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        name = _name("HiveMind pool authority")
        builder = cls._builder(name, name, key.public_key(), now_ms, _CA_DAYS)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(usage, critical=True)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = builder.add_extension(identifier, critical=False)
        return cls(key, builder.sign(key, hashes.SHA256()))

    def sign_node(self, csr_pem: bytes, node_id: str, now_ms: int) -> IssuedCertificate:
        """Sign a node's request. Only its key is taken from it; raises Invalid when it is not one."""
        try:
            request = x509.load_pem_x509_csr(csr_pem)
            sound = request.is_signature_valid
        except (ValueError, TypeError) as error:
            raise Invalid("This is not a certificate request.", code="CSR_UNREADABLE") from error
        if not sound:
            raise Invalid("The certificate request is not signed with its own key.", code="CSR_UNSIGNED")
        key = request.public_key()
        digest = key_sha256(key)
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(_NODE_URI + node_id)])
        certificate = self._sign(_name(node_id), key, now_ms, NODE_DAYS, ExtendedKeyUsageOID.CLIENT_AUTH, names)
        return IssuedCertificate(
            pem=certificate.public_bytes(serialization.Encoding.PEM),
            serial=serial_of(certificate),
            expires_ms=expires_ms(certificate),
            key_sha256=digest,
        )

    def read_node_certificate(self, pem: bytes) -> tuple[x509.Certificate, NodeCertificate]:
        """Read a certificate that this authority signed for a node; it may have expired.

        Raises Unauthenticated for any other.
        """
        certificate = load_certificate(pem)
        try:
            certificate.verify_directly_issued_by(self._certificate)
            identity = node_certificate(certificate)
        except (InvalidSignature, ValueError, TypeError):
            raise Unauthenticated(
                "The certificate is not one of this pool's nodes.", code="CERTIFICATE_FOREIGN"
            ) from None
        return certificate, identity

    def server_identity(self, folder: Path, names: Iterable[str], now_ms: int) -> ServerIdentity:
        """Return the doors' certificate for these host names and addresses.

        It is kept in `folder` and made anew when the names changed, the authority is another, or it ends soon.
        """
        private_folder(folder)
        wanted = sorted({MASTER_NAME, "localhost", "127.0.0.1", "::1", *names})
        key_file, certificate_file = folder / "server.key", folder / "server.pem"
        try:
            key_pem, pem = key_file.read_bytes(), certificate_file.read_bytes()
            certificate = load_certificate(pem)
            certificate.verify_directly_issued_by(self._certificate)
            found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            same_names = set(found) == {_alternative(name) for name in wanted}
            same_key = key_sha256(load_key(key_pem).public_key()) == key_sha256(certificate.public_key())
            if same_names and same_key and expires_ms(certificate) > now_ms + _RENEW_SERVER_DAYS * 86_400_000:
                return ServerIdentity(
                    key_pem=key_pem, chain_pem=pem + self.ca_pem, expires_ms=expires_ms(certificate)
                )
        except (OSError, ValueError, TypeError, Invalid, InvalidSignature, x509.ExtensionNotFound):
            # Absent or not usable: a certificate of the doors can always be made anew, and nobody pins it.
            pass
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName([_alternative(name) for name in wanted])
        certificate = self._sign(
            _name(MASTER_NAME),
            key.public_key(),
            now_ms,
            _SERVER_DAYS,
            ExtendedKeyUsageOID.SERVER_AUTH,
            alternatives,
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        write_private(key_file, key_to_pem(key))
        write_private(certificate_file, pem)
        return ServerIdentity(
            key_pem=key_to_pem(key), chain_pem=pem + self.ca_pem, expires_ms=expires_ms(certificate)
        )

    def _sign(
        self,
        subject: x509.Name,
        key: object,
        now_ms: int,
        days: int,
        purpose: x509.ObjectIdentifier,
        names: x509.SubjectAlternativeName,
    ) -> x509.Certificate:
        builder = self._builder(self._certificate.subject, subject, key, now_ms, days)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
        builder = builder.add_extension(names, critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        return builder.sign(self._key, hashes.SHA256())

    @staticmethod
    def _builder(
        issuer: x509.Name, subject: x509.Name, key: object, now_ms: int, days: int
    ) -> x509.CertificateBuilder:
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise Invalid("Only elliptic-curve keys are signed.", code="KEY_UNUSABLE")
        return (
            x509.CertificateBuilder()
            .issuer_name(issuer)
            .subject_name(subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(_at(now_ms) - _BACKDATE)
            .not_valid_after(_at(now_ms) + timedelta(days=days))
        )


def node_certificate(certificate: x509.Certificate) -> NodeCertificate:
    """Read who a node's certificate is for. Raises ValueError for a certificate that is no node's."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound as error:
        raise ValueError("no alternative names") from error
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    if len(uris) != 1 or not uris[0].startswith(_NODE_URI):
        raise ValueError("not a node's certificate")
    return NodeCertificate(
        node_id=uris[0].removeprefix(_NODE_URI),
        serial=serial_of(certificate),
        key_sha256=key_sha256(certificate.public_key()),
        expires_ms=expires_ms(certificate),
    )
