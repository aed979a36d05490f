"""An authority of its own for each test: certificates of servers and clients."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, in PEM."""

    certificate: bytes
    key: bytes

    def written(self, folder: Path, name: str) -> tuple[Path, Path]:
        """The two as files."""
        files = folder / f"{name}.pem", folder / f"{name}.key"
        files[0].write_bytes(self.certificate)
        files[1].write_bytes(self.key)
        return files


class Authority:
    """Signs certificates."""

    def __init__(self, name: str = "authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self.certificate = _pem(
            _built(self._name, self._name, self._key.public_key(), (), DAY, ca=True).sign(self._key, hashes.SHA256())
        )

    def server(self) -> Pair:
        """For a server on this computer."""
        here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        return self.issued("server", x509.DNSName("localhost"), here)

    def issued(self, common_name: str, *alternatives: x509.GeneralName, valid: timedelta = DAY) -> Pair:
        """A certificate; valid until a time from now, which may be over."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _built(_name(common_name), self._name, key.public_key(), alternatives, valid, ca=False)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return Pair(_pem(made.sign(self._key, hashes.SHA256())), private)

    def written(self, folder: Path, name: str = "ca") -> Path:
        """Its own certificate as a file."""
        file = folder / f"{name}.pem"
        file.write_bytes(self.certificate)
        return file

    def trusting(self, client: Pair | None = None) -> grpc.ChannelCredentials:
        """What a client needs that trusts this authority's servers."""
        if client is None:
            return grpc.ssl_channel_credentials(self.certificate)
        return grpc.ssl_channel_credentials(self.certificate, client.key, client.certificate)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _built(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    alternatives: tuple[x509.GeneralName, ...],
    valid: timedelta,
    *,
    ca: bool,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=now - 2 * DAY,
        not_valid_after=now + valid,
    ).add_extension(x509.BasicConstraints(ca, None), critical=True)
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder
