"""The files of a Kubernetes directory: what ``kubectl get ... -o json`` (or ``-o yaml``) prints, in one file or several.

A file holds one object, a list as the API gives it (``kind: List`` or ``PodList``), or several YAML documents. Faults carry
the file and the path in it: ``pods.json.items[3].spec.containers[0].resources.requests.cpu``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from solver.errors import Fault, UnreadableDocument
from solver.formats.ecs.documents import LARGEST_FILE, Element, shown
from solver.formats.json_text import bytes_of, json_value

NODE, POD, DEPLOYMENT, REPLICA_SET = "Node", "Pod", "Deployment", "ReplicaSet"
STATEFUL_SET, DAEMON_SET, JOB, REPLICATION_CONTROLLER = "StatefulSet", "DaemonSet", "Job", "ReplicationController"
BUDGET, PRIORITY_CLASS, NAMESPACE = "PodDisruptionBudget", "PriorityClass", "Namespace"

KINDS = {
    NODE: ("v1",),
    POD: ("v1",),
    NAMESPACE: ("v1",),
    REPLICATION_CONTROLLER: ("v1",),
    DEPLOYMENT: ("apps",),
    REPLICA_SET: ("apps",),
    STATEFUL_SET: ("apps",),
    DAEMON_SET: ("apps",),
    JOB: ("batch",),
    BUDGET: ("policy",),
    PRIORITY_CLASS: ("scheduling.k8s.io",),
}
"""The kinds that are read, by the groups of the API that they are of."""

COMMAND = (
    "kubectl get nodes,pods,deployments,replicasets,statefulsets,daemonsets,jobs,poddisruptionbudgets,priorityclasses "
    "--all-namespaces -o json"
)
REMEDY = f"must be what `{COMMAND}` prints"
SUFFIXES = (".json", ".yaml", ".yml")
LARGEST_YAML = 64 << 20
"""Bytes of a YAML file that are read: its reader is slow."""

MOST_NESTED = 100
"""Lists within lists, which the API never gives."""

UNTOLD = "that no document tells"
"""In place of the kind of an object of the API without one."""

CLUSTER_WIDE = (NODE, PRIORITY_CLASS, NAMESPACE)


@dataclass
class Documents:
    """The objects of a directory.

    Parameters
    ----------
    by_kind
        The objects of each kind that is read, in the order of the files.
    unread
        How many objects there are of every other kind.
    faults
        Where the elements put what is wrong with their fields.
    """

    by_kind: dict[str, list[Element]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    unread: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def of(self, kind: str) -> list[Element]:
        """The objects of a kind."""
        return self.by_kind[kind]

    def take(self, value: object, path: str) -> None:
        """Take an object, or every object of a list.

        Raises
        ------
        UnreadableDocument
            If it is no object of the Kubernetes API.
        """
        self._take(value, path, "", 0)

    def _take(self, value: object, path: str, kind: str, depth: int) -> None:
        if isinstance(value, list):
            for at, item in enumerate(value):
                self._take(item, f"{path}[{at}]", "", depth + 1)
            return
        if not isinstance(value, dict) or depth > MOST_NESTED:
            raise UnreadableDocument.at(path, f"is {shown(value)}, and no object of the Kubernetes API", REMEDY)
        named = value.get("kind") or kind or _kind_of(value)
        if not isinstance(named, str) or not named:
            raise UnreadableDocument.at(f"{path}.kind", _without_kind(value), REMEDY)
        items = value.get("items")
        if named.endswith("List") and (isinstance(items, list) or (items is None and "items" in value)):
            for at, item in enumerate(items or ()):
                self._take(item, f"{path}.items[{at}]", named.removesuffix("List"), depth + 1)
            return
        group = str(value.get("apiVersion") or "")
        api = group.partition("/")[0]
        if named in KINDS and (not group or api in KINDS[named] or (api == "extensions" and KINDS[named] == ("apps",))):
            self.by_kind[named].append(Element(value, path, self.faults))
        else:
            self.unread[named] = self.unread.get(named, 0) + 1

    def refuse_repeated(self) -> None:
        """Note every object that is there twice."""
        for kind, found in self.by_kind.items():
            seen: dict[tuple[str, str], str] = {}
            for element in found:
                metadata = element.element("metadata")
                if metadata is None:
                    element.fault("metadata", "is missing", "must be an object with a name")
                    continue
                name = metadata.text("name")
                if not name and kind == POD and metadata.text("generateName"):
                    continue
                metadata.needed("name")
                key = ("" if kind in CLUSTER_WIDE else namespace_of(metadata), name)
                if name and key in seen:
                    problem = f"'{'/'.join(filter(None, key))}' is also at {seen[key]}"
                    metadata.fault("name", problem, f"have each {kind} once")
                seen.setdefault(key, element.path)


def _kind_of(value: Mapping[str, object]) -> object:
    """The kind of an object that does not say it, as archives have them: a pod has containers, a node says what it offers."""
    spec, status = value.get("spec"), value.get("status")
    if isinstance(spec, dict) and isinstance(spec.get("containers"), list):
        return POD
    if isinstance(status, dict) and isinstance(status.get("capacity"), dict) and "nodeInfo" in status:
        return NODE
    return UNTOLD if "metadata" in value else ""


def _without_kind(value: Mapping[str, object]) -> str:
    return f"is {shown(value['kind'])}" if value.get("kind") else "is missing"


def namespace_of(metadata: Element) -> str:
    """The namespace that an object is in; ``default`` where a document does not say."""
    return metadata.text("namespace") or "default"


def files_in(directory: Path) -> list[Path]:
    """The files that may hold objects, by name."""
    return sorted(path for path in directory.iterdir() if path.suffix in SUFFIXES and path.is_file())


def looks_like_kubernetes(directory: Path) -> bool:
    """Whether a file of the directory begins like an object of the Kubernetes API, or is broken JSON that may be one."""
    for path in files_in(directory):
        try:
            with path.open("rb") as file:
                start = file.read(1 << 16)
        except OSError:
            continue
        if b"apiVersion" in start or b'"kind"' in start:
            return True
    return False


def read_documents(directory: Path) -> Documents:
    """Every object of a directory's files.

    Raises
    ------
    UnreadableDocument
        With every file that cannot be read or holds something else.
    TooLarge
        If a file is beyond the size limit.
    """
    return _taken(_values(path) for path in files_in(directory))


def take_documents(values: Iterable[tuple[str, object]]) -> Documents:
    """The same of values that are in memory, each with its name.

    Raises
    ------
    UnreadableDocument
        With every value that is no object of the Kubernetes API.
    """
    return _taken([value] for value in values)


def _taken(sources: Iterable[Iterable[tuple[str, object]]]) -> Documents:
    """The objects of all sources; what cannot be read ends its source alone, and is told with that of the others."""
    found = Documents()
    unreadable: list[Fault] = []
    for source in sources:
        try:
            for where, value in source:
                found.take(value, where)
        except UnreadableDocument as wrong:
            unreadable += wrong.faults
    if unreadable:
        raise UnreadableDocument(unreadable)
    found.refuse_repeated()
    return found


def _values(path: Path) -> Iterator[tuple[str, object]]:
    """The values of a file, each with where it stands."""
    if path.suffix == ".json":
        yield path.name, json_value(bytes_of(path, LARGEST_FILE), path.name, "an object of the Kubernetes API")
    else:
        yield from _yaml_values(bytes_of(path, LARGEST_YAML), path.name)


def _yaml_values(content: bytes, name: str) -> Iterator[tuple[str, object]]:
    # Loaded here: most directories hold none.
    import yaml

    class Reader(yaml.SafeLoader):
        """Without aliases, which the API never writes and which can stand for far more than is written."""

        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("it has an alias, which is not read")
            return super().compose_node(parent, index)

    # A date is text here, as it is in JSON.
    Reader.yaml_implicit_resolvers = {
        letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        for at, value in enumerate(yaml.load_all(content, Reader)):
            if value is not None:
                yield name if at == 0 else f"{name}[{at}]", value
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as wrong:
        said = " ".join(str(wrong).split())[:300] or "is nested too deeply"
        raise UnreadableDocument.at(name, f"is no YAML: {said}", REMEDY) from wrong
