"""``terminate``, ``drain``, ``rebalance``, ``reconcile``, ``deploy``: what changes of what runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from solver.cli import options
from solver.cli.common import Common, Question, answer_to, question_of, with_common_options
from solver.cli.exits import errors_to_exit_codes, of_answer
from solver.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from solver.cli.arguments import Arguments
    from solver.domain.problem import Problem
    from solver.formats.cluster import Cluster
    from solver.formats.kinds import Kind

    Operation = Callable[[Cluster], tuple[Problem, Sequence[str]]]

_OPTION_OF = {
    "instances": "--instance",
    "cheapest": "--cheapest",
    "max_moves": "--max-moves",
    "max_move_cost": "--max-move-cost",
    "min_gain": "--min-gain",
    "defragment": "--defragment",
    "slot": "--slot",
    "desired": "--desired",
}
"""The option of a parameter that a fault names."""


class Whose(Enum):
    """``solver.domain.request.Preempt``, named here so that help need not load numpy."""

    none = "none"
    lower = "lower"
    any = "any"


class _Standing(TypedDict):
    priorities: Mapping[str, int]
    frozen: Sequence[str]


class _Budgets(TypedDict):
    max_moves: int | None
    max_move_cost: int | None
    move_costs: Mapping[str, int]


@with_common_options
def terminate(
    common: Common,
    group: Annotated[
        list[str] | None,
        typer.Option("--group", "-g", metavar="NAME=COUNT", help="Stop COUNT tasks of service:web, of all revisions."),
    ] = None,
) -> None:
    """Stop tasks: the strategies say which, protected ones stay, and of the revisions the newest.

    Example: placement-solver terminate CLUSTER_DIR --group service:web=3
    """
    with errors_to_exit_codes():
        from solver.cli.arguments import Arguments
        from solver.formats.kinds import Kind

        said = Arguments()
        stops, standing = said.counts(group or ()), _standing(said, common)
        if not (group or common.request):
            said.fault("--group", "is missing: nothing is to stop", "write --group NAME=COUNT")
        _run(common, said, Kind.TERMINATE, lambda cluster: cluster.terminate(stops, **standing), {"--group": group})


@with_common_options
def drain(
    common: Common,
    instance: Annotated[
        list[str] | None,
        typer.Option("--instance", "-i", metavar="INSTANCE", help="An instance to empty: EC2 id or ARN. Repeatable."),
    ] = None,
    cheapest: Annotated[
        str | None,
        typer.Option(metavar="N", help="In place of --instance: the N instances for which the fewest tasks move."),
    ] = None,
    max_moves: Annotated[
        str | None,
        typer.Option(
            "--max-moves",
            metavar="N",
            help="Tasks elsewhere that may move to make room. (default: 0; with --cheapest, of all tasks, any number)",
        ),
    ] = None,
    move_cost: options.MoveCosts = None,
    max_move_cost: options.MaxMoveCost = None,
    movable: options.Move = None,
) -> None:
    """Empty instances: tasks of services leave and are replaced; standalone and DAEMON tasks stay.

    Example: placement-solver drain CLUSTER_DIR --instance i-0123456789abcdef0 --max-moves 5
    """
    with errors_to_exit_codes():
        from solver.cli.arguments import Arguments
        from solver.formats.kinds import Kind

        said = Arguments()
        budgets, standing = _budgets(said, max_moves, max_move_cost, move_cost), _standing(said, common)
        count = said.tasks("--cheapest", cheapest)
        if not (instance or cheapest or common.request):
            remedy = "write --instance INSTANCE or --cheapest N"
            said.fault("--instance", "is missing: nothing is to be drained", remedy)
        if instance and cheapest:
            said.fault("--cheapest", "stands beside --instance", "name the instances, or say how many")
        given = {
            "--instance": instance, "--cheapest": cheapest, "--max-moves": max_moves, "--move-cost": move_cost,
            "--max-move-cost": max_move_cost, "--move": movable,
        }  # fmt: skip

        def asked(cluster: Cluster) -> tuple[Problem, Sequence[str]]:
            if count is not None:
                return cluster.drain_cheapest(count, movable=movable or (), **budgets, **standing)
            return cluster.drain(instance or (), movable=movable or (), **budgets, **standing)

        _run(common, said, Kind.DRAIN, asked, given)


@with_common_options
def rebalance(
    common: Common,
    max_moves: options.MaxMoves = None,
    group: options.Movers = None,
    move_cost: options.MoveCosts = None,
    max_move_cost: options.MaxMoveCost = None,
    min_gain: options.MinGain = None,
    movable: options.Move = None,
    repair: options.Repair = False,
    consolidate: options.Consolidate = False,
    defragment: options.Defragment = False,
    slot: options.Slot = None,
    survive: options.Survive = None,
    survive_group: options.Covered = None,
    curve: options.Curve = False,
) -> None:
    """Move tasks to mend broken rules, keep few instances in use, free a slot or suit the strategies, within a budget.

    Example: placement-solver rebalance CLUSTER_DIR --max-moves 10
    """
    with errors_to_exit_codes():
        from solver.cli.arguments import Arguments, number
        from solver.formats.kinds import Kind

        said = Arguments()
        budgets, standing = _budgets(said, max_moves, max_move_cost, move_cost), _standing(said, common)
        groups = said.movers(group)
        if max_moves is None and max_move_cost is None and not common.request:
            remedy = "write --max-moves 10, or --max-move-cost 10"
            said.fault("--max-moves", "is missing: it says how many tasks may move", remedy)
        if curve and max_moves is None and not common.request:
            said.fault("--curve", "has no last budget", "write --max-moves N, the most moves of its rows")
        if curve and survive:
            said.fault("--curve", "stands beside --survive", "leave out one of the two")
        if slot is not None and not defragment:
            said.fault("--slot", "stands without --defragment", "write --defragment too, or leave it out")
        wanted = said.slot(slot)
        gain = said.read(number, "--min-gain", min_gain or "0")
        given = {
            "--max-moves": max_moves, "--group": group, "--move-cost": move_cost, "--max-move-cost": max_move_cost,
            "--min-gain": min_gain, "--move": movable, "--repair": repair, "--consolidate": consolidate,
            "--defragment": defragment, "--slot": slot,
        }  # fmt: skip
        _run(
            common,
            said,
            Kind.REBALANCE,
            lambda cluster: cluster.rebalance(
                groups=groups,
                min_gain=gain[0] if gain else 0,
                movable=movable or (),
                repair=repair,
                consolidate=consolidate,
                defragment=wanted or defragment,
                **budgets,
                **standing,
            ),
            given,
            curve=curve,
            survive=survive,
            covered=survive_group,
        )


@with_common_options
def reconcile(
    common: Common,
    desired: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=COUNT", help="In place of the desired count of a service. Repeatable."),
    ] = None,
    max_moves: Annotated[
        str | None,
        typer.Option("--max-moves", metavar="N", help="Tasks that may move. (default: as many as must)"),
    ] = None,
    group: options.Movers = None,
    move_cost: options.MoveCosts = None,
    max_move_cost: options.MaxMoveCost = None,
    preempt: Annotated[
        Whose | None, typer.Option(help="Whose running tasks may be stopped to place others. (default: none)")
    ] = None,
    movable: options.Move = None,
    rebalance: Annotated[
        bool, typer.Option("--rebalance", help="Also move tasks for the sake of the strategies.")
    ] = False,
    consolidate: options.Consolidate = False,
    all_or_nothing: options.AllOrNothing = False,
    survive: options.Survive = None,
    survive_group: options.Covered = None,
) -> None:
    """Start, stop and move tasks until each service has its desired count.

    Example: placement-solver reconcile CLUSTER_DIR --desired service:web=8 --preempt lower
    """
    with errors_to_exit_codes():
        from solver.cli.arguments import Arguments
        from solver.domain.request import Preempt
        from solver.formats.kinds import Kind

        said = Arguments()
        counts = said.counts(desired or (), "--desired", 0)
        budgets, standing = _budgets(said, max_moves, max_move_cost, move_cost), _standing(said, common)
        groups = said.movers(group)
        given = {
            "--desired": desired, "--max-moves": max_moves, "--group": group, "--move-cost": move_cost,
            "--max-move-cost": max_move_cost, "--preempt": preempt, "--move": movable,
            "--rebalance": rebalance, "--consolidate": consolidate,
        }  # fmt: skip
        _run(
            common,
            said,
            Kind.RECONCILE,
            lambda cluster: cluster.reconcile(
                counts,
                groups=groups,
                preempt=Preempt.NONE if preempt is None else Preempt(preempt.value),
                movable=movable or (),
                rebalance=rebalance,
                consolidate=consolidate,
                **budgets,
                **standing,
            ),
            given,
            all_or_nothing=all_or_nothing,
            survive=survive,
            covered=survive_group,
        )


@with_common_options
def deploy(
    common: Common,
    service: Annotated[str | None, typer.Option(metavar="NAME", help="The service: web or service:web.")] = None,
    task_definition: Annotated[
        str | None, typer.Option(metavar="FAMILY:REVISION", help="The task definition that all its tasks shall have.")
    ] = None,
    desired: Annotated[
        str | None, typer.Option(metavar="COUNT", help="In place of the service's desired count.")
    ] = None,
    all_or_nothing: options.AllOrNothing = False,
) -> None:
    """Replace the tasks of a service by tasks of another task definition.

    Example: placement-solver deploy CLUSTER_DIR --service web --task-definition web:8
    """
    with errors_to_exit_codes():
        from solver.cli.arguments import Arguments
        from solver.formats.ecs import EcsCluster
        from solver.formats.kinds import Kind

        said = Arguments()
        count, standing = said.tasks("--desired", desired), _standing(said, common)
        given = {"--service": service, "--task-definition": task_definition, "--desired": desired}
        for option in ("--service", "--task-definition"):
            if not (given[option] or common.request):
                said.fault(option, "is missing", "write --service web --task-definition web:8")

        def asked(cluster: Cluster) -> tuple[Problem, Sequence[str]]:
            if not isinstance(cluster, EcsCluster):
                remedy = "name a folder of ECS documents, or use reconcile"
                raise InvalidRequest.at("CLUSTER_DIR", "holds no ECS documents, and so no task definitions", remedy)
            return cluster.deploy(service or "", task_definition or "", desired=count, **standing)

        _run(common, said, Kind.DEPLOY, asked, given, all_or_nothing=all_or_nothing)


def _standing(said: Arguments, common: Common) -> _Standing:
    return {"priorities": said.ranks(common.priority), "frozen": tuple(common.freeze or ())}


def _budgets(said: Arguments, moves: str | None, cost: str | None, costs: Sequence[str] | None) -> _Budgets:
    """What --max-moves, --max-move-cost and --move-cost say."""
    from solver.domain.counts import LARGEST_SUM

    return {
        "max_moves": said.tasks("--max-moves", moves),
        "max_move_cost": said.tasks("--max-move-cost", cost, LARGEST_SUM),
        "move_costs": said.costs(costs),
    }


def _run(
    common: Common,
    said: Arguments,
    kind: Kind,
    operation: Operation,
    given: Mapping[str, object],
    *,
    all_or_nothing: bool = False,
    curve: bool = False,
    survive: Sequence[str] | None = None,
    covered: Sequence[str] | None = None,
) -> None:
    """Answer, present, and end with the exit code; what cannot be read is told before the cluster is looked at."""

    def asked(cluster: Cluster) -> tuple[Problem, Sequence[str]]:
        if said.faults:
            return cluster.problem, ()
        with _faults_by_option():
            return operation(cluster)

    named = [option for option, value in given.items() if value]
    if curve:
        _curve(common, kind, question_of(common, said, kind, asked, named, list(given)))
        return
    found = answer_to(
        common,
        said,
        kind,
        asked,
        named,
        list(given),
        all_or_nothing=all_or_nothing,
        survive=survive,
        covered=covered,
    )
    if found is not None:
        raise typer.Exit(of_answer(found[0]))


def _curve(common: Common, kind: Kind, question: Question | None) -> None:
    """Search and present the curve of a request; nothing for one that is only to be validated."""
    from solver.cli.present import keep_curve, present_curve
    from solver.cli.search import search_curve

    if question is not None:
        if question.survival is not None:
            raise InvalidRequest.at("--curve", "stands beside survive of the request file", "leave out one of the two")
        points = search_curve(
            question.problem, question.limits, question.warnings, shows=common.shows, said=question.said
        )
        present_curve(points, question.warnings, common.output, common.figure)
        if common.out is not None:
            keep_curve(points, common.out, kind.value, question.warnings)


@contextmanager
def _faults_by_option() -> Iterator[None]:
    """The faults of parameters by the names of their options."""
    try:
        yield
    except InvalidRequest as invalid:
        faults = [replace(fault, path=_OPTION_OF.get(fault.path, fault.path)) for fault in invalid.faults]
        raise InvalidRequest(faults) from invalid
