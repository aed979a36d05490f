"""Commands that talk to a server that is encrypted and has callers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from solver.service.callers.tokens import digest_of
from tests.cli.conftest import Run
from tests.formats.ecs.documents import write
from tests.formats.ecs.simulated import begun
from tests.service.callers.authority import Authority
from tests.service.running import Running, server


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Path]]:
    """A server, and the folder with its certificate, a client's, two tokens and its audit."""
    folder = tmp_path_factory.mktemp("guarded")
    authority = Authority()
    certificate, key = authority.server().written(folder, "server")
    authority.issued("feeder").written(folder, "client")
    ca = authority.written(folder)
    text = '[roles.feeding]\nmethods = ["ClusterService/*"]\nclusters = ["prod"]\n'
    text += f'[callers.feeder]\nrole = "feeding"\ncertificates = ["feeder"]\ntokens = ["{digest_of("right")}"]\n'
    (folder / "callers.toml").write_text(text)
    for token in ("right", "wrong"):
        (folder / token).write_text(f"{token}\n")
    more = f"tls_cert={str(certificate)!r}, tls_key={str(key)!r}, callers={str(folder / 'callers.toml')!r}"
    more += f", client_ca={str(ca)!r}, audit={str(folder / 'audit.db')!r}"
    with server(f"'127.0.0.1:0', 1, {more}") as running:
        yield running, folder


def outcome(run: Run, guarded: tuple[Running, Path], name: str, documents: Path, *more: object) -> tuple[int, str]:
    """The exit code, and what is said, of a snapshot that is sent with a certificate."""
    running, folder = guarded
    options = ["--ca", folder / "ca.pem", "--cert", folder / "client.pem", "--key", folder / "client.key", *more]
    answer = run("follow", name, "--server", running.address, "--snapshot", documents, *options)
    return answer.exit_code, answer.stderr


def test_a_snapshot_is_sent_with_a_proof_of_who_sends_it(
    run: Run, guarded: tuple[Running, Path], tmp_path: Path
) -> None:
    """By certificate or token; to another cluster, or with a wrong token, it is refused, and all of it is recorded."""
    _, folder = guarded
    documents = write(tmp_path, begun(300).answers())
    code, said = outcome(run, guarded, "prod", documents)
    assert code == 0, said
    assert outcome(run, guarded, "prod", documents, "--token-file", folder / "right")[0] == 0
    code, said = outcome(run, guarded, "prod", documents, "--token-file", folder / "wrong")
    assert (code, said) == (1, "error: the token is not known here\n")
    code, said = outcome(run, guarded, "other", documents)
    assert (code, "cluster 'other': the role 'feeding' may not use it" in said) == (1, True)
    shown = run("audit", "show", folder / "audit.db", "--method", "PutEcsDocuments", "-o", "json").stdout.splitlines()
    found = [json.loads(line) for line in shown]
    assert [(one["caller"], one["code"], one["cluster"]) for one in found] == [
        ("feeder", "OK", "prod"),
        ("feeder", "OK", "prod"),
        ("", "UNAUTHENTICATED", "prod"),
        ("feeder", "PERMISSION_DENIED", "other"),
    ]
    assert found[0]["version_after"] == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--cert", "c.pem"), "error: --key: is missing; a certificate and its key belong together"),
        (("--key", "k.pem"), "error: --cert: is missing; a certificate and its key belong together"),
        (("--ca", "ca.pem"), "error: --ca: ca.pem cannot be read: No such file or directory"),
        (
            ("--server", "solver.example:1", "--token-file", "t"),
            "error: --token-file: would be sent to solver.example:1 without encryption; add --ca, or connect",
        ),
    ],
)
def test_what_cannot_be_sent_is_refused(run: Run, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    """Before anything is: half a certificate, files that are missing, a token that everybody could read."""
    answer = run("follow", "prod", "--snapshot", tmp_path, *options)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr.startswith(message)
