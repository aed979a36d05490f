"""Where a problem comes from: a folder of ECS documents, of Kubernetes objects or of tables, a vector packing file, a request."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from solver.errors import InvalidRequest, UnreadableDocument

if TYPE_CHECKING:
    from solver.formats.cluster import Cluster
    from solver.service.decode import PlaceCall

ECS_DOCUMENTS = ("container-instances.json", "tasks.json", "task-definitions.json", "services.json")

VECTOR_PACKING = ".vbp"


def read_cluster(directory: Path, stopping: str, at: str | None) -> Cluster:
    """The cluster in a folder, or the bins of a vector packing file.

    Raises
    ------
    UnreadableDocument
        If there is no such folder, or it holds no cluster.
    InvalidRequest
        With every fault of the documents.
    TooLarge
        If a document is beyond the size limit.
    """
    if directory.suffix == VECTOR_PACKING and not directory.is_dir():
        from solver.formats.table_cluster import TableCluster
        from solver.formats.vector_packing import read_vector_packing

        return TableCluster(read_vector_packing(directory))
    if not directory.is_dir():
        problem = "is not a folder" if directory.exists() else "does not exist"
        raise UnreadableDocument.at(str(directory), problem, "must be the folder of a cluster")
    if any((directory / name).exists() for name in ECS_DOCUMENTS):
        from solver.formats import ecs

        try:
            return ecs.read(directory, stopping=stopping, at=at)
        except InvalidRequest as invalid:
            if all(fault.path != "at" for fault in invalid.faults):
                raise
            faults = (replace(fault, path="--at") if fault.path == "at" else fault for fault in invalid.faults)
            raise InvalidRequest(faults) from invalid
    if any((directory / f"instances{suffix}").exists() for suffix in (".csv", ".parquet")):
        from solver.formats.table_cluster import TableCluster
        from solver.formats.tables import read_tables

        return TableCluster(read_tables(directory))
    from solver.formats.kubernetes import looks_like_kubernetes, read

    if looks_like_kubernetes(directory):
        return read(directory, stopping=stopping)
    remedy = f"must hold {', '.join(ECS_DOCUMENTS)}, what kubectl get -o json prints, or instances.csv and groups.csv"
    raise UnreadableDocument.at(str(directory), "holds no cluster", remedy)


def read_request(path: Path) -> PlaceCall:
    """Everything that a request file says.

    Raises
    ------
    UnreadableDocument
        If there is no such file, or it is no JSON.
    InvalidRequest
        With every fault, each with its path.
    TooLarge
        If the request is larger than the size limits allow.
    """
    from solver.service.codec import call_from_json

    text = read_text(path)
    with faults_in(path):
        return call_from_json(text)


def said_of(path: Path) -> str:
    """A file as messages name it."""
    return "standard input" if str(path) == "-" else str(path)


def read_text(path: Path) -> str:
    """The text of a file, or of standard input for ``-``.

    Raises
    ------
    UnreadableDocument
        If there is no such file, or it is not UTF-8.
    """
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as broken:
        raise UnreadableDocument.at(said_of(path), f"is not UTF-8 (byte {broken.start})", "must be text") from broken
    except OSError as failed:
        what = failed.strerror or str(failed)
        raise UnreadableDocument.at(said_of(path), f"cannot be read ({what})", "name a file that exists") from failed


@contextmanager
def faults_in(path: Path) -> Iterator[None]:
    """Put the file's name before the path of each fault that is raised inside, unless it stands there already."""
    name = said_of(path)
    try:
        yield
    except InvalidRequest as invalid:
        raise type(invalid)(
            [
                fault if f"{fault.path} ".startswith(f"{name} ") else replace(fault, path=f"{name} {fault.path}")
                for fault in invalid.faults
            ]
        ) from invalid
