"""An issuer of JSON Web Tokens, and tokens that are not what they should be."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ISSUER, AUDIENCE = "https://login.example", "placement-solver"

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

KINDS = {
    "ES256": (lambda: ec.generate_private_key(ec.SECP256R1()), jwt.algorithms.ECAlgorithm),
    "RS256": (lambda: rsa.generate_private_key(65537, 2048), jwt.algorithms.RSAAlgorithm),
    "EdDSA": (ed25519.Ed25519PrivateKey.generate, jwt.algorithms.OKPAlgorithm),
}


@dataclass
class Signer:
    """One key of an issuer."""

    algorithm: str = "ES256"
    kid: str = "one"
    key: PrivateKey = field(init=False)

    def __post_init__(self) -> None:
        self.key = KINDS[self.algorithm][0]()

    def entry(self) -> dict[str, str]:
        """The public key, as it stands in a JWKS file."""
        return {**KINDS[self.algorithm][1].to_jwk(self.key.public_key(), as_dict=True), "kid": self.kid}

    def written(self, folder: Path) -> Path:
        """A JWKS file with this key alone."""
        file = folder / "jwks.json"
        file.write_text(json.dumps({"keys": [self.entry()]}))
        return file

    def token(self, **changes: object) -> str:
        """A token that is valid but for what is changed; None leaves a claim out."""
        return jwt.encode(claims(**changes), self.key, self.algorithm, {"kid": self.kid})

    def signed_with_the_public_key(self) -> str:
        """HS256 with the public key as the secret: what a verifier falls for that lets the token choose."""
        secret = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return by_hand({"alg": "HS256", "kid": self.kid}, claims(), secret)


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    whole = {"sub": "scheduler", "iss": ISSUER, "aud": AUDIENCE, "exp": now + 300, "iat": now} | changes
    return {key: value for key, value in whole.items() if value is not None}


def by_hand(header: dict[str, object], said: dict[str, object], secret: bytes | None) -> str:
    """A token made without the library, which would refuse to make it."""
    parts = [_text(json.dumps(part).encode()) for part in (header, said)]
    signature = b"" if secret is None else hmac.digest(secret, ".".join(parts).encode(), hashlib.sha256)
    return ".".join([*parts, _text(signature)])


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
