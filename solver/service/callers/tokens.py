"""Bearer tokens: opaque ones, known by their SHA-256, and JSON Web Tokens of one issuer.

RFC 6750 (the header), RFC 7519 (claims), RFC 7517 (keys), RFC 8725 §3.1 (the algorithm is that of the key, never the
token's choice). No message of this module holds a token or a part of one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from solver.errors import Fault, InvalidRequest, Unauthenticated

if TYPE_CHECKING:
    from jwt import PyJWK

ALGORITHMS = ("RS256", "ES256", "EdDSA")
"""Of JSON Web Tokens: signatures with a public key, no shared secrets, and never none."""

LEEWAY = 30
"""Seconds that the clocks of an issuer and of this server may differ by."""

MAX_TOKEN = 16_384
"""Characters of a token; gRPC itself takes fewer unless it is told otherwise."""

LEAST_RSA_BITS = 2048
"""Of an RSA key (RFC 7518 §3.3)."""

V = TypeVar("V")


def bearer_of(metadata: Iterable[tuple[str, str | bytes]]) -> str | None:
    """The token of a call; None where none was sent.

    Raises
    ------
    Unauthenticated
        If there is more than one, or the header has another form.
    """
    sent = [value for key, value in metadata if key == "authorization"]
    if not sent:
        return None
    scheme, _, token = sent[0].partition(" ") if isinstance(sent[0], str) else ("", "", "")
    if len(sent) > 1 or scheme.lower() != "bearer" or not 0 < len(token) <= MAX_TOKEN:
        raise Unauthenticated("authorization: has another form; send one header, 'Bearer' and a token")
    return token.strip()


def digest_of(token: str) -> str:
    """What is kept of a token: SHA-256 in hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()


def found_by(token: str, digests: Mapping[str, V]) -> V | None:
    """What belongs to a token. How long it takes does not depend on which one it is."""
    own, found = digest_of(token), None
    for digest, value in digests.items():
        if hmac.compare_digest(own, digest):
            found = value
    return found


class Issuer:
    """Whose JSON Web Tokens are believed.

    Parameters
    ----------
    keys
        JWKS file with the issuer's public keys.
    issuer, audience
        What ``iss`` must say, and ``aud`` name.
    path
        Before the path of what is wrong.

    Raises
    ------
    InvalidRequest
        If the file cannot be read, or holds no key that signs with one of ``ALGORITHMS``, or a secret one.
    """

    def __init__(self, keys: Path, issuer: str, audience: str, path: str = "jwt") -> None:
        if find_spec("jwt") is None or find_spec("cryptography") is None:
            raise InvalidRequest.at(path, "needs the package PyJWT", "pip install 'placement-solver[jwt]'")
        self._issuer, self._audience = issuer, audience
        self._keys = _keys(f"{path}.keys", keys)

    def subject_of(self, token: str) -> str:
        """Who a token was issued for: its ``sub``.

        Raises
        ------
        Unauthenticated
            If it is not signed by the issuer, is for somebody else, or its time is over or has not come.
        """
        import jwt

        try:
            header = jwt.get_unverified_header(token)
            key = self._key(header.get("kid"), header.get("alg"))
            found = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("the token has expired; get another one") from None
        except (jwt.InvalidIssuerError, jwt.InvalidAudienceError):
            problem = f"it must be of {self._issuer} for {self._audience}"
            raise Unauthenticated(f"the token is of another issuer or for another audience; {problem}") from None
        except (jwt.ImmatureSignatureError, jwt.InvalidIssuedAtError):
            raise Unauthenticated("the token is not valid yet; set the clocks") from None
        except jwt.MissingRequiredClaimError as missing:
            raise Unauthenticated(
                f"the token has no claim {missing.claim}; it must have exp, iss, aud and sub"
            ) from None
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise Unauthenticated("the token is not signed by the issuer that this server believes") from None
        return str(found["sub"])

    def _key(self, name: object, algorithm: object) -> PyJWK:
        """The key of a token; its algorithm is the key's own, whatever the token says."""
        named = [key for key in self._keys if key.key_id == name] if name is not None else list(self._keys)
        if len(named) != 1 or named[0].algorithm_name != algorithm:
            raise Unauthenticated("the token names no key of the issuer that this server believes")
        return named[0]


def _keys(path: str, file: Path) -> tuple[PyJWK, ...]:
    try:
        listed = json.loads(file.read_text(encoding="utf-8"))["keys"]
        entries = [dict(one) for one in listed]
    except OSError as error:
        problem = f"{file} cannot be read: {error.strerror or error}"
        raise InvalidRequest.at(path, problem, "name a JWKS file") from None
    except (ValueError, KeyError, TypeError):
        raise InvalidRequest.at(
            path, f"{file} is no JWKS", "must be JSON with a list of keys, as of RFC 7517"
        ) from None
    faults: list[Fault] = []
    found = [key for k, one in enumerate(entries) if (key := _key_of(f"{path}: keys[{k}]", one, faults)) is not None]
    names = [key.key_id for key in found]
    if not found and not faults:
        faults.append(Fault(path, f"{file} has no key for signatures", f"add one for {', '.join(ALGORITHMS)}"))
    if len(set(names)) < len(names):
        faults.append(Fault(path, f"{file} has two keys of one kid", "name each key once"))
    if faults:
        raise InvalidRequest(faults)
    return tuple(found)


def _key_of(path: str, entry: Mapping[str, object], faults: list[Fault]) -> PyJWK | None:
    """A key; None for one that is for something else, or is none of an issuer's."""
    import jwt
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    if "d" in entry or "k" in entry:
        faults.append(Fault(path, "is a secret key", "list the issuer's public keys alone"))
        return None
    if entry.get("use", "sig") != "sig":
        return None
    try:
        key = jwt.PyJWK(dict(entry))
    except (jwt.PyJWTError, ValueError, TypeError):
        faults.append(Fault(path, "cannot be read", f"must be a public key for {', '.join(ALGORITHMS)}"))
        return None
    if key.algorithm_name not in ALGORITHMS:
        return None
    if isinstance(key.key, RSAPublicKey) and key.key.key_size < LEAST_RSA_BITS:
        faults.append(Fault(path, f"has {key.key.key_size} bits", f"must have {LEAST_RSA_BITS} or more"))
        return None
    return key
