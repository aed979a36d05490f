"""A live cluster is read page by page into documents; with a client of our own, and with the real one against a server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

from solver.errors import InvalidRequest, SourceUnavailable
from solver.formats.kubernetes import read
from solver.kubernetes import KINDS, Kind, Refused, connect, import_kubernetes
from tests.formats.kubernetes.objects import Object, budget, deployment, node

OBJECTS = [
    node("n1"),
    node("n2"),
    node("n3"),
    *deployment("web", ["n1", "n2"], 1),
    budget("web", {"app": "web"}, minAvailable=1),
]


class Fake:
    """An API that gives two objects a page, and refuses what it is told to."""

    def __init__(self, objects: list[Object], refusals: Mapping[str, list[int]] | None = None) -> None:
        self.objects = objects
        self.refusals = {name: list(statuses) for name, statuses in (refusals or {}).items()}
        self.calls: list[tuple[str, str]] = []

    def page(self, kind: Kind, place: str) -> dict[str, object]:
        """Two objects from a place on."""
        self.calls.append((kind.plural, place))
        statuses = self.refusals.get(kind.plural, [])
        if statuses:
            status = statuses.pop(0)
            if status:
                raise Refused(f"{kind.plural} refused", status)
        of_kind = [one for one in self.objects if f"{one['kind']}List" == kind.kind]
        start = int(place or 0)
        more = str(start + 2) if start + 2 < len(of_kind) else ""
        return {"metadata": {"continue": more}, "items": of_kind[start : start + 2]}


def test_every_page_of_every_kind_is_written(tmp_path: Path) -> None:
    """What is written is what ``read`` reads; pods come before nodes."""
    fake = Fake(OBJECTS)
    told: list[tuple[str, int, int]] = []
    import_kubernetes(tmp_path / "new", fake, lambda *told_: told.append(told_))
    cluster = read(tmp_path / "new")
    assert cluster.problem.cluster.size == 3 and int(cluster.problem.running.totals().sum()) == 2
    assert cluster.pending and cluster.problem.groups[0].minimum_healthy_percent == 50
    assert [call for call in fake.calls if call[0] in ("pods", "nodes")] == [
        *(("pods", ""), ("pods", "2"), ("nodes", ""), ("nodes", "2")),
    ]
    assert len(told) == len(KINDS)
    assert not list((tmp_path / "new").glob(".*"))


def test_who_set_which_field_is_left_out(tmp_path: Path) -> None:
    """``managedFields`` are most of an object's text and say nothing here."""
    noted = {**OBJECTS[0], "metadata": {**OBJECTS[0]["metadata"], "managedFields": [{"manager": "kubelet"}]}}
    import_kubernetes(tmp_path, Fake([noted]))
    assert "managedFields" not in (tmp_path / "nodes.json").read_text()


def test_a_listing_whose_place_expired_begins_again(tmp_path: Path) -> None:
    """410 Gone (API concepts, chunks): from the start, and nothing is there twice."""
    fake = Fake(OBJECTS, {"nodes": [0, 410]})
    import_kubernetes(tmp_path, fake)
    assert [place for name, place in fake.calls if name == "nodes"] == ["", "2", "", "2"]
    assert len(json.loads((tmp_path / "nodes.json").read_text())["items"]) == 3
    with pytest.raises(SourceUnavailable, match="nodes refused"):
        import_kubernetes(tmp_path, Fake(OBJECTS, {"nodes": [410] * 9}))


def test_what_may_not_be_listed_is_left_out_with_a_warning(tmp_path: Path) -> None:
    """But for nodes and pods, without which there is nothing to plan."""
    said: list[str] = []
    import_kubernetes(tmp_path, Fake(OBJECTS, {"poddisruptionbudgets": [403], "jobs": [404]}), None, said.append)
    assert [text.partition(" ")[0] for text in said] == ["jobs", "poddisruptionbudgets"]
    for name, status in (("pods", 403), ("nodes", 500), ("deployments", 500), ("replicasets", 0)):
        statuses = [status] if status else []
        fake = Fake(OBJECTS, {name: statuses})
        if status:
            with pytest.raises(SourceUnavailable, match=f"{name} refused"):
                import_kubernetes(tmp_path / "none", fake)
    assert not (tmp_path / "none").exists()


def test_an_answer_that_is_no_list(tmp_path: Path) -> None:
    """Nothing is written."""

    class Odd(Fake):
        def page(self, kind: Kind, place: str) -> dict[str, object]:
            return {"items": "none"}

    with pytest.raises(SourceUnavailable, match="no list of objects"):
        import_kubernetes(tmp_path / "new", Odd([]))
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    """It is refused before anything is asked."""
    (tmp_path / "file").write_text("")
    fake = Fake(OBJECTS)
    with pytest.raises(InvalidRequest, match="is not a directory"):
        import_kubernetes(tmp_path / "file", fake)
    assert not fake.calls


@contextmanager
def server(answers: Fake) -> Iterator[str]:
    """An API server that knows lists alone; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlparse(self.path)
            place = parse_qs(asked.query).get("continue", [""])[0]
            kind = next((kind for kind in KINDS if asked.path.endswith(f"/{kind.plural}")), None)
            try:
                status, body = (404, {}) if kind is None else (200, answers.page(kind, place))
            except Refused as refused:
                status, body = refused.status, {"message": str(refused)}
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}"
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Fake]]:
    """A kubeconfig file with one context, ``test``, and what its server answers from."""
    pytest.importorskip("kubernetes", reason="the extra kubernetes is not installed")
    fake = Fake(OBJECTS, {"jobs": [403]})
    with server(fake) as address:
        path = tmp_path / "kubeconfig"
        path.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "test",
                    "clusters": [{"name": "c", "cluster": {"server": address}}],
                    "users": [{"name": "u", "user": {"token": "t"}}],
                    "contexts": [{"name": "test", "context": {"cluster": "c", "user": "u"}}],
                }
            )
        )
        monkeypatch.setenv("KUBECONFIG", str(path))
        config = pytest.importorskip("kubernetes.config.kube_config")
        monkeypatch.setattr(config, "KUBE_CONFIG_DEFAULT_LOCATION", str(path))
        yield tmp_path, fake


def test_the_real_client_reads_the_same(kubeconfig: tuple[Path, Fake]) -> None:
    """Through the package ``kubernetes``: pages, a kind that is refused, and what comes of it."""
    folder, fake = kubeconfig
    said: list[str] = []
    import_kubernetes(folder / "live", connect("test"), None, said.append)
    cluster = read(folder / "live")
    assert cluster.problem.cluster.size == 3 and len(said) == 1 and "jobs" in said[0]
    assert ("nodes", "2") in fake.calls


def test_a_context_that_is_not_there(kubeconfig: tuple[Path, Fake]) -> None:
    """And a server that is not."""
    with pytest.raises(SourceUnavailable, match="name a context"):
        connect("other")
