"""``placement-solver import kubernetes``: read Kubernetes objects, from files or a live cluster, and say what they come to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from solver.cli.exits import errors_to_exit_codes, say
from solver.cli.progress import progress


def kubernetes(
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Holds what `kubectl get nodes,pods,... --all-namespaces -o json` prints, in one file or several; "
            "of a live cluster, where the documents go.",
        ),
    ],
    live: Annotated[bool, typer.Option("--live", help="Read the current context's cluster into DIR first.")] = False,
    context: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Read the cluster of this context of the kubeconfig file into DIR."),
    ] = None,
) -> None:
    """Read a Kubernetes cluster, check it, and say what it comes to; every other command then takes DIR.

    Example: kubectl get nodes,pods,deployments,replicasets -A -o json > dump/cluster.json;
    placement-solver import kubernetes dump
    """
    with errors_to_exit_codes():
        from solver.errors import UnreadableDocument
        from solver.formats.kubernetes import read

        if live or context is not None:
            from solver.kubernetes import connect, import_kubernetes

            with progress() as tell:
                import_kubernetes(directory, connect(context), tell, lambda text: say(f"warning: {text}"))
            say(f"written: {directory}")
        if not directory.is_dir():
            problem = "is not a folder" if directory.exists() else "does not exist"
            remedy = "must be the folder of a cluster; --live reads one into it"
            raise UnreadableDocument.at(str(directory), problem, remedy)
        cluster = read(directory)
        problem_ = cluster.problem
        for warning in cluster.warnings:
            say(f"warning: {warning}")
        running, waiting = int(problem_.running.totals().sum()), int(problem_.wanted.sum())
        typer.echo(
            f"{directory}: {problem_.cluster.size:,} nodes, {running:,} pods on them, {waiting:,} waiting for a node, "
            f"{len(problem_.groups):,} groups"
        )
