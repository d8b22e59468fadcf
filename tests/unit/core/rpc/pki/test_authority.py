"""The pool's authority: kept, strict about what it signs, and its doors' certificate follows their names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from core.domain.errors import Invalid, Unauthenticated
from core.rpc.pki.authority import NODE_DAYS, CertificateAuthority
from core.rpc.pki.node_key import (
    ca_digest,
    check_renewal,
    load_certificate,
    make_request,
    new_key,
    sign_renewal,
)

NOW_MS = 1_767_225_600_000


@pytest.fixture(scope="module")
def authority() -> CertificateAuthority:
    return CertificateAuthority.make(NOW_MS)


def test_it_is_the_same_after_a_restart_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    first = CertificateAuthority.open(folder, NOW_MS)
    assert CertificateAuthority.open(folder, NOW_MS + 5).sha256 == first.sha256 == ca_digest(first.ca_pem)
    if os.name == "posix":
        assert (folder / "ca.key").stat().st_mode & 0o077 == 0
        assert folder.stat().st_mode & 0o077 == 0


def test_a_lost_certificate_is_made_again_with_the_same_key(tmp_path: Path) -> None:
    first = CertificateAuthority.open(tmp_path, NOW_MS)
    issued = first.sign_node(make_request(new_key(), "box"), "01NODE", NOW_MS)
    (tmp_path / "ca.pem").unlink()
    again = CertificateAuthority.open(tmp_path, NOW_MS)
    assert again.read_node_certificate(issued.pem)[1].node_id == "01NODE"


def test_a_node_gets_its_id_and_ninety_days(authority: CertificateAuthority) -> None:
    issued = authority.sign_node(make_request(new_key(), "somebody-else"), "01NODE", NOW_MS)
    _, identity = authority.read_node_certificate(issued.pem)
    assert (identity.node_id, identity.serial, identity.key_sha256) == (
        "01NODE",
        issued.serial,
        issued.key_sha256,
    )
    assert issued.expires_ms == NOW_MS + NODE_DAYS * 86_400_000


def test_what_is_no_sound_request_is_refused(authority: CertificateAuthority) -> None:
    request = make_request(new_key(), "box")
    broken = x509.load_pem_x509_csr(request).public_bytes(serialization.Encoding.DER)
    flipped = x509.load_der_x509_csr(broken[:-1] + bytes([broken[-1] ^ 1]))
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    foreign = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    for pem in (
        b"garbage",
        flipped.public_bytes(serialization.Encoding.PEM),
        foreign.public_bytes(serialization.Encoding.PEM),
    ):
        with pytest.raises(Invalid):
            authority.sign_node(pem, "01NODE", NOW_MS)


def test_certificates_of_others_and_of_the_doors_are_no_nodes(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    other = CertificateAuthority.make(NOW_MS).sign_node(make_request(new_key(), "x"), "01NODE", NOW_MS)
    own_door = authority.server_identity(tmp_path, [], NOW_MS).chain_pem
    for pem in (other.pem, own_door, authority.ca_pem):
        with pytest.raises(Unauthenticated):
            authority.read_node_certificate(pem)


def test_the_doors_certificate_is_kept_until_its_names_change_or_it_ends(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    first = authority.server_identity(tmp_path, ["pool.example", "10.0.0.1"], NOW_MS)
    assert authority.server_identity(tmp_path, ["10.0.0.1", "pool.example"], NOW_MS) == first
    moved = authority.server_identity(tmp_path, ["10.0.0.2"], NOW_MS)
    assert moved.chain_pem != first.chain_pem
    later = authority.server_identity(tmp_path, ["10.0.0.2"], moved.expires_ms - 86_400_000)
    assert later.expires_ms > moved.expires_ms
    assert first.key_pem.decode() not in repr(first)


def test_a_renewals_proof_binds_key_nonce_and_request(authority: CertificateAuthority) -> None:
    key = new_key()
    request = make_request(key, "box")
    certificate = load_certificate(authority.sign_node(request, "01NODE", NOW_MS).pem)
    signature = sign_renewal(key, b"nonce", request)
    check_renewal(certificate, b"nonce", request, signature)
    for nonce, csr, proof in (
        (b"other", request, signature),
        (b"nonce", make_request(new_key(), "box"), signature),
        (b"nonce", request, sign_renewal(new_key(), b"nonce", request)),
        (b"nonce", request, b""),
    ):
        with pytest.raises(Unauthenticated):
            check_renewal(certificate, nonce, csr, proof)
