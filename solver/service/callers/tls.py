"""Encryption: the server's certificate and the authorities of its clients, read again while the server runs.

gRPC asks for the certificate at each handshake (``dynamic_ssl_server_credentials``,
https://grpc.github.io/grpc/python/grpc.html), and connections that are open go on. Its Python interface either requires a
certificate of a client or does not ask for one: "verified if given" does not exist there.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import grpc

from solver.errors import InvalidRequest


class Encryption:
    """A certificate with its key, and whose clients may connect.

    Parameters
    ----------
    certificate, key
        PEM files.
    client_ca
        PEM file of the authorities whose certificates clients must have; None asks for none.

    Raises
    ------
    InvalidRequest
        If a file cannot be read, holds something else, or the key is not that of the certificate.
    """

    name = "the certificate"

    def __init__(self, certificate: Path, key: Path, client_ca: Path | None) -> None:
        self._certificate, self._key, self._client_ca = certificate, key, client_ca
        self._present = self._read()

    def files(self) -> tuple[Path, ...]:
        """What it is read from."""
        return (self._certificate, self._key, *((self._client_ca,) if self._client_ca is not None else ()))

    def reload(self) -> None:
        """Read the files again; the certificate stays as it was where this raises."""
        self._present = self._read()

    def credentials(self, *, certificates: bool = True) -> grpc.ServerCredentials:
        """For a port.

        Parameters
        ----------
        certificates
            Whether clients must have a certificate, where there is a ``client_ca``.
        """
        required = certificates and self._client_ca is not None
        return grpc.dynamic_ssl_server_credentials(self._present, lambda: self._present, required)

    def _read(self) -> grpc.ServerCertificateConfiguration:
        certificate, key = _bytes("tls_cert", self._certificate), _bytes("tls_key", self._key)
        authorities = None if self._client_ca is None else _bytes("client_ca", self._client_ca)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            # Without a word for it, OpenSSL would ask for the one of an encrypted key at the terminal.
            context.load_cert_chain(self._certificate, self._key, password="")
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                problem = f"{self._key} is not the key of {self._certificate}"
                raise InvalidRequest.at("tls_key", problem, "name the two that belong together") from None
            problem = f"{self._certificate} and {self._key} cannot be read: {error.reason or error}"
            remedy = "both must be PEM files, the key without a pass phrase"
            raise InvalidRequest.at("tls_cert", problem, remedy) from None
        if self._client_ca is not None:
            try:
                context.load_verify_locations(self._client_ca)
            except ssl.SSLError as error:
                problem = f"{self._client_ca} holds no certificate: {error.reason or error}"
                raise InvalidRequest.at("client_ca", problem, "must be a PEM file of authorities") from None
        if (certificate, key) != (_bytes("tls_cert", self._certificate), _bytes("tls_key", self._key)):
            # What was looked at is not what was read; the next look finds the files changed.
            raise InvalidRequest.at("tls_cert", f"{self._certificate} was written meanwhile", "try again")
        return grpc.ssl_server_certificate_configuration([(key, certificate)], authorities)


def channel_credentials(
    ca: Path | None = None, certificate: Path | None = None, key: Path | None = None
) -> grpc.ChannelCredentials:
    """What a client needs for an encrypted connection.

    Parameters
    ----------
    ca
        PEM file of the authorities whose servers are trusted; None trusts those that gRPC knows.
    certificate, key
        PEM files of the client's own certificate and its key; both or none.

    Raises
    ------
    InvalidRequest
        If a file cannot be read, or one of the two is missing.
    """
    for path, given, other in (("key", certificate, key), ("cert", key, certificate)):
        if given is not None and other is None:
            raise InvalidRequest.at(path, "is missing", "a certificate and its key belong together")
    authorities = None if ca is None else _bytes("ca", ca)
    if certificate is None or key is None:
        return grpc.ssl_channel_credentials(authorities)
    return grpc.ssl_channel_credentials(authorities, _bytes("key", key), _bytes("cert", certificate))


def _bytes(path: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        problem = f"{file} cannot be read: {error.strerror or error}"
        raise InvalidRequest.at(path, problem, "name a PEM file that may be read") from None
