"""Bearer tokens (solver.service.callers.tokens): which are believed, and which are not."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from solver.errors import InvalidRequest, Unauthenticated
from solver.service.callers import tokens
from solver.service.callers.tokens import MAX_TOKEN, Issuer, bearer_of, digest_of, found_by
from tests.service.callers.issuing import AUDIENCE, ISSUER, KINDS, Signer, by_hand, claims


def issuer(folder: Path, *signers: Signer) -> Issuer:
    file = folder / "jwks.json"
    file.write_text(json.dumps({"keys": [signer.entry() for signer in signers]}))
    return Issuer(file, ISSUER, AUDIENCE)


@pytest.mark.parametrize("algorithm", KINDS)
def test_a_token_says_whom_it_was_issued_for(tmp_path: Path, algorithm: str) -> None:
    """Signed with any of the three algorithms."""
    signer = Signer(algorithm)
    assert issuer(tmp_path, signer).subject_of(signer.token()) == "scheduler"


def test_a_key_is_found_by_its_name(tmp_path: Path) -> None:
    """Among several; with one key alone, a token may leave the name out."""
    one, two = Signer(kid="one"), Signer("EdDSA", kid="two")
    both = issuer(tmp_path, one, two)
    assert [both.subject_of(signer.token(sub=signer.kid)) for signer in (one, two)] == ["one", "two"]


def test_clocks_may_differ_a_little(tmp_path: Path) -> None:
    """A token of 20 s ago is still good, one of 40 s ago is not."""
    signer, now = Signer(), time.time()
    found = issuer(tmp_path, signer)
    assert found.subject_of(signer.token(exp=int(now - 20)))
    with pytest.raises(Unauthenticated, match="expired"):
        found.subject_of(signer.token(exp=int(now - 40)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"iss": "https://other.example"}, "another issuer or for another audience"),
        ({"aud": "other"}, "another issuer or for another audience"),
        ({"nbf": int(time.time()) + 900}, "not valid yet"),
        ({"exp": None}, "has no claim exp"),
        ({"sub": None}, "has no claim sub"),
        ({"iss": None}, "has no claim iss"),
        ({"aud": None}, "has no claim aud"),
    ],
)
def test_a_token_for_something_else_is_refused(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    """Of another issuer, for another audience, for later, or without a claim that it must have."""
    signer = Signer()
    with pytest.raises(Unauthenticated, match=said):
        issuer(tmp_path, signer).subject_of(signer.token(**changes))


@pytest.mark.parametrize("kind", ["none", "public key as secret", "another key", "cut", "changed", "nested", "empty"])
def test_a_token_that_the_issuer_did_not_sign_is_refused(tmp_path: Path, kind: str) -> None:
    """Unsigned, signed with what everybody knows or by somebody else, changed since, or no token at all."""
    signer = Signer()
    good = signer.token()
    header, said, signature = good.split(".")
    token = {
        "none": by_hand({"alg": "none", "kid": "one"}, claims(), None),
        "public key as secret": signer.signed_with_the_public_key(),
        "another key": Signer().token(),
        "cut": good[:-8],
        "changed": ".".join([header, by_hand({}, claims(sub="admin"), None).split(".")[1], signature]),
        "nested": by_hand({"alg": "ES256", "kid": "one", "x": [[]] * 9}, claims(), b"").replace(header, "W" * 9_000),
        "empty": "",
    }[kind]
    with pytest.raises(Unauthenticated) as refused:
        issuer(tmp_path, signer).subject_of(token)
    assert not token or token not in str(refused.value)


def test_a_token_of_another_algorithm_than_its_key_is_refused(tmp_path: Path) -> None:
    """The algorithm is that of the key, never the token's choice (RFC 8725 §3.1)."""
    one, two = Signer("ES256", kid="one"), Signer("EdDSA", kid="one")
    with pytest.raises(Unauthenticated, match="names no key"):
        issuer(tmp_path, one).subject_of(two.token())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nothing", "is no JWKS"),
        ("{}", "is no JWKS"),
        ('{"keys": []}', "has no key for signatures"),
        ('{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}', r"keys\[0\]: is a secret key"),
        ('{"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}', r"keys\[0\]: cannot be read"),
        ('{"keys": [{"kty": "EC", "crv": "P-384"}, 1]}', "is no JWKS"),
    ],
)
def test_keys_that_are_none_are_named(tmp_path: Path, text: str, said: str) -> None:
    """A file that is no JWKS, has no key for signatures, or a secret one."""
    (tmp_path / "jwks.json").write_text(text)
    with pytest.raises(InvalidRequest, match=said):
        Issuer(tmp_path / "jwks.json", ISSUER, AUDIENCE)


def test_a_short_key_is_refused(tmp_path: Path) -> None:
    """RSA keys have 2,048 bits or more (RFC 7518 §3.3)."""
    entry = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 1024).public_key(), as_dict=True)
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [entry]}))
    with pytest.raises(InvalidRequest, match="has 1024 bits; must have 2048"):
        Issuer(tmp_path / "jwks.json", ISSUER, AUDIENCE)


def test_a_token_is_found_by_its_digest() -> None:
    """What is kept is its SHA-256; another one finds nothing."""
    digests = {digest_of("one"): "first", digest_of("two"): "second"}
    assert [found_by(one, digests) for one in ("one", "two", "three", "")] == ["first", "second", None, None]


@pytest.mark.parametrize(
    "sent",
    [
        [("authorization", "Basic YTpi")],
        [("authorization", "Bearer")],
        [("authorization", "Bearer ")],
        [("authorization", "Bearer " + "x" * (MAX_TOKEN + 1))],
        [("authorization", "Bearer one"), ("authorization", "Bearer two")],
    ],
)
def test_a_header_of_another_form_is_refused(sent: list[tuple[str, str | bytes]]) -> None:
    """One header, Bearer, and one token that is not endless."""
    with pytest.raises(Unauthenticated, match="has another form"):
        bearer_of(sent)


def test_a_header_is_read() -> None:
    """The scheme in any case; without a header there is no token."""
    assert [bearer_of([("authorization", f"{scheme} abc")]) for scheme in ("Bearer", "bearer")] == ["abc", "abc"]
    assert bearer_of([("user-agent", "x")]) is None


def test_a_package_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it."""
    monkeypatch.setattr(tokens, "find_spec", lambda name: None)
    with pytest.raises(InvalidRequest, match=r"jwt: needs the package PyJWT; pip install 'placement-solver\[jwt\]'"):
        issuer(tmp_path, Signer())
