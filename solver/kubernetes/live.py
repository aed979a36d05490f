"""Read a live Kubernetes cluster into a directory of documents: read-only calls, paged (Kubernetes API concepts, chunks).

Permissions: ``list`` of the kinds below in all namespaces. Pods are listed before nodes, so that none is on a node that is
not known yet. Kinds that may not be listed, beside nodes and pods, are left out with a warning.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from solver.errors import InvalidRequest, SourceUnavailable

PAGE = 500
"""Objects of an answer, as ``kubectl`` asks for."""

MOST_RESTARTS = 3
"""How often a listing begins again because the place where it went on has expired."""

GONE, NOT_FOUND, FORBIDDEN = 410, 404, 403

Document = Mapping[str, object]
Progress = Callable[[str, int, int], None]
Warn = Callable[[str], None]


@dataclass(frozen=True)
class Kind:
    """A kind of object: the file that it goes to, and where the API lists it."""

    file: str
    kind: str
    version: str
    path: str
    is_required: bool = False


KINDS = (
    Kind("pods.json", "PodList", "v1", "/api/v1/pods", True),
    Kind("nodes.json", "NodeList", "v1", "/api/v1/nodes", True),
    Kind("namespaces.json", "NamespaceList", "v1", "/api/v1/namespaces"),
    Kind("replicationcontrollers.json", "ReplicationControllerList", "v1", "/api/v1/replicationcontrollers"),
    Kind("deployments.json", "DeploymentList", "apps/v1", "/apis/apps/v1/deployments"),
    Kind("replicasets.json", "ReplicaSetList", "apps/v1", "/apis/apps/v1/replicasets"),
    Kind("statefulsets.json", "StatefulSetList", "apps/v1", "/apis/apps/v1/statefulsets"),
    Kind("daemonsets.json", "DaemonSetList", "apps/v1", "/apis/apps/v1/daemonsets"),
    Kind("jobs.json", "JobList", "batch/v1", "/apis/batch/v1/jobs"),
    Kind("poddisruptionbudgets.json", "PodDisruptionBudgetList", "policy/v1", "/apis/policy/v1/poddisruptionbudgets"),
    Kind(
        "priorityclasses.json",
        "PriorityClassList",
        "scheduling.k8s.io/v1",
        "/apis/scheduling.k8s.io/v1/priorityclasses",
    ),
)


class Refused(Exception):
    """A call that the API refused, or that did not reach it.

    Attributes
    ----------
    status
        Of HTTP; 0 where the API was not reached.
    """

    def __init__(self, said: str, status: int = 0) -> None:
        self.status = status
        super().__init__(said)


class Client(Protocol):
    """What is needed of the API."""

    def get(self, path: str, parameters: Mapping[str, str]) -> Document:
        """The JSON object at a path.

        Raises
        ------
        Refused
            If there is none.
        """


def import_kubernetes(
    directory: Path,
    client: Client,
    progress: Progress | None = None,
    warn: Warn | None = None,
) -> None:
    """Write the cluster as ``solver.formats.kubernetes.read`` reads it; nothing is written before everything is read.

    Parameters
    ----------
    directory
        Made if it is missing. Documents of an earlier import in it are replaced, other files are left alone.
    progress
        Called with a file, how many kinds are read, and how many there are.
    warn
        Called with what could not be read, and what follows from it.

    Raises
    ------
    InvalidRequest
        If the directory cannot be written.
    SourceUnavailable
        If nodes or pods cannot be read, or the API gives something else than lists.
    """
    if directory.exists() and not directory.is_dir():
        raise InvalidRequest.at(str(directory), "is not a directory", "name a new or an existing folder")
    documents: dict[str, Document] = {}
    for done, kind in enumerate(KINDS):
        if progress is not None:
            progress(kind.file, done, len(KINDS))
        try:
            items = list(_listed(client, kind))
        except Refused as refused:
            if kind.is_required or refused.status not in (FORBIDDEN, NOT_FOUND):
                raise SourceUnavailable(f"kubernetes: {refused}") from refused
            if warn is not None:
                warn(f"{kind.file.removesuffix('.json')} cannot be listed, and count as absent: {refused}")
            items = []
        documents[kind.file] = {"apiVersion": kind.version, "kind": kind.kind, "items": items}
    try:
        _write(directory, documents)
    except OSError as failed:
        problem = f"cannot be written: {failed.strerror or failed}"
        raise InvalidRequest.at(str(directory), problem, "name a folder that can be") from failed


def _listed(client: Client, kind: Kind) -> list[Document]:
    """All objects of a kind; from the start again where the API no longer knows where a listing was."""
    for _ in range(MOST_RESTARTS):
        try:
            return list(_pages(client, kind))
        except Refused as refused:
            if refused.status != GONE:
                raise
            last = refused
    raise last


def _pages(client: Client, kind: Kind) -> Iterator[Document]:
    place = ""
    while True:
        parameters = {"limit": str(PAGE), **({"continue": place} if place else {})}
        answer = client.get(kind.path, parameters)
        items, metadata = answer.get("items"), answer.get("metadata")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise Refused(f"{kind.path} gives no list of objects")
        yield from (_without_fields(item) for item in items)
        found = metadata.get("continue") if isinstance(metadata, dict) else ""
        if not found:
            return
        place = str(found)


def _without_fields(item: dict[str, object]) -> Document:
    """An object without the record of who set which field, which is most of its text."""
    metadata = item.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return item
    return {**item, "metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}


def _write(directory: Path, documents: Mapping[str, Document]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, document in documents.items():
        path = directory / f".{name}.part"
        path.write_text(json.dumps(document, indent=1), encoding="utf-8")
        written.append((path, directory / name))
    for path, final in written:
        path.replace(final)


def connect(context: str | None = None) -> Client:
    """The API of a context of the kubeconfig file; None for its current one, or from inside the cluster.

    Raises
    ------
    SourceUnavailable
        If the package is not installed, or there is no such context.
    """
    if find_spec("kubernetes") is None:
        raise SourceUnavailable("reading a live cluster needs kubernetes: pip install 'placement-solver[kubernetes]'")
    from kubernetes import config

    try:
        try:
            return _Api(config.new_client_from_config(context=context))
        except config.ConfigException:
            if context is not None:
                raise
            config.load_incluster_config()
    except config.ConfigException as wrong:
        raise SourceUnavailable(f"kubernetes: {wrong}; name a context of your kubeconfig file") from wrong
    from kubernetes.client import ApiClient

    return _Api(ApiClient())


class _Api:
    """The API through the package ``kubernetes``."""

    def __init__(self, api: object) -> None:
        self._api = api

    def get(self, path: str, parameters: Mapping[str, str]) -> Document:
        """The JSON object at a path.

        Raises
        ------
        Refused
            If there is none.
        """
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        call = getattr(self._api, "call_api")  # noqa: B009
        try:
            found = call(
                path,
                "GET",
                query_params=list(parameters.items()),
                header_params={"Accept": "application/json"},
                auth_settings=["BearerToken"],
                response_type="object",
                _return_http_data_only=True,
                _request_timeout=60,
            )
        except ApiException as wrong:
            raise Refused(f"GET {path}: {wrong.status} {wrong.reason}", int(wrong.status or 0)) from wrong
        except (HTTPError, OSError) as wrong:
            raise Refused(f"GET {path}: {wrong}") from wrong
        if not isinstance(found, dict):
            raise Refused(f"GET {path}: the answer is no object")
        return found
