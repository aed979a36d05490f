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

SECONDS = 60
"""That a page may take."""

OK, GONE, NOT_FOUND, FORBIDDEN = 200, 410, 404, 403

Document = Mapping[str, object]
Progress = Callable[[str, int, int], None]
Warn = Callable[[str], None]


@dataclass(frozen=True)
class Kind:
    """A kind of object: the file that it goes to, and what lists it in the package ``kubernetes``."""

    file: str
    kind: str
    version: str
    api: str
    method: str
    is_required: bool = False

    @property
    def plural(self) -> str:
        """The kind as ``kubectl`` names it."""
        return self.file.removesuffix(".json")


KINDS = (
    Kind("pods.json", "PodList", "v1", "CoreV1Api", "list_pod_for_all_namespaces", True),
    Kind("nodes.json", "NodeList", "v1", "CoreV1Api", "list_node", True),
    Kind("namespaces.json", "NamespaceList", "v1", "CoreV1Api", "list_namespace"),
    Kind(
        "replicationcontrollers.json",
        "ReplicationControllerList",
        "v1",
        "CoreV1Api",
        "list_replication_controller_for_all_namespaces",
    ),
    Kind("deployments.json", "DeploymentList", "apps/v1", "AppsV1Api", "list_deployment_for_all_namespaces"),
    Kind("replicasets.json", "ReplicaSetList", "apps/v1", "AppsV1Api", "list_replica_set_for_all_namespaces"),
    Kind("statefulsets.json", "StatefulSetList", "apps/v1", "AppsV1Api", "list_stateful_set_for_all_namespaces"),
    Kind("daemonsets.json", "DaemonSetList", "apps/v1", "AppsV1Api", "list_daemon_set_for_all_namespaces"),
    Kind("jobs.json", "JobList", "batch/v1", "BatchV1Api", "list_job_for_all_namespaces"),
    Kind(
        "poddisruptionbudgets.json",
        "PodDisruptionBudgetList",
        "policy/v1",
        "PolicyV1Api",
        "list_pod_disruption_budget_for_all_namespaces",
    ),
    Kind("priorityclasses.json", "PriorityClassList", "scheduling.k8s.io/v1", "SchedulingV1Api", "list_priority_class"),
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

    def page(self, kind: Kind, place: str) -> Document:
        """A list of objects of a kind as the API gives it, from the start or from where the page before ended.

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
                warn(f"{kind.plural} cannot be listed, and count as absent: {refused}")
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
        answer = client.page(kind, place)
        items, metadata = answer.get("items"), answer.get("metadata")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise Refused(f"the list of {kind.plural} is no list of objects")
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
    from kubernetes import client, config

    try:
        try:
            return _Api(config.new_client_from_config(context=context))
        except config.ConfigException:
            if context is not None:
                raise
            config.load_incluster_config()
    except config.ConfigException as wrong:
        raise SourceUnavailable(f"kubernetes: {wrong}; name a context of your kubeconfig file") from wrong
    return _Api(client.ApiClient())


class _Api:
    """The API through the package ``kubernetes``, whose answers are taken as they come, unread by its models."""

    def __init__(self, api: object) -> None:
        self._api = api

    def page(self, kind: Kind, place: str) -> Document:
        """A list of objects of a kind, from the start or from where the page before ended.

        Raises
        ------
        Refused
            If there is none.
        """
        from kubernetes import client
        from urllib3.exceptions import HTTPError

        listing = getattr(getattr(client, kind.api)(self._api), kind.method)
        more = {"_continue": place} if place else {}
        try:
            answer = listing(limit=PAGE, _preload_content=False, _request_timeout=SECONDS, **more)
            content = answer.data if answer.data is not None else answer.read()
            if answer.status != OK:
                raise Refused(
                    f"the list of {kind.plural} is refused ({answer.status} {answer.reason})", int(answer.status)
                )
            found = json.loads(content)
        except client.ApiException as wrong:
            said = f"the list of {kind.plural} is refused ({wrong.status} {wrong.reason})"
            raise Refused(said, int(wrong.status or 0)) from wrong
        except (HTTPError, OSError) as wrong:
            raise Refused(f"the list of {kind.plural} cannot be read ({wrong})") from wrong
        except ValueError as wrong:
            raise Refused(f"the list of {kind.plural} is no JSON ({wrong})") from wrong
        if not isinstance(found, dict):
            raise Refused(f"the list of {kind.plural} is no object")
        return found
