"""``placement-solver pareto``: cost against moves against skew, each point with its plan and its proof."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from solver.cli import options
from solver.cli.exits import Exit, errors_to_exit_codes, say

if TYPE_CHECKING:
    from solver.cli.arguments import Arguments
    from solver.domain.problem import Problem
    from solver.formats.cluster import Cluster
    from solver.formats.kept_front import KeptFront

CODES = "Exit codes: 0 points were found, proved or not; 1 failure, or interrupted; 2 bad input."

SECONDS, MOVES = 60.0, 20
"""The time limit, and the most moves, where none are given."""

_OPTION_OF = {"axes": "--axes", "skew_over": "--skew-over", "prices": "--price", "max_moves": "--max-moves"}


def pareto(
    cluster_dir: options.ClusterFolder,
    axes: Annotated[
        str, typer.Option("--axes", metavar="AXIS,AXIS[,AXIS]", help="What is weighed, of cost, moves and skew.")
    ] = "cost,moves,skew",
    price: options.Prices = None,
    skew_over: Annotated[
        str | None,
        typer.Option(
            "--skew-over", metavar="FIELD", help="attribute:NAME or instanceId. (default: the availability zone)"
        ),
    ] = None,
    max_moves: Annotated[
        str | None, typer.Option("--max-moves", metavar="N", help="Tasks that may move at most. (default: 20)")
    ] = None,
    group: options.Movers = None,
    move_cost: options.MoveCosts = None,
    movable: options.Move = None,
    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="Also start and stop tasks until each service has its desired count.")
    ] = False,
    desired: Annotated[
        list[str] | None,
        typer.Option(
            "--desired", metavar="NAME=COUNT", help="With --reconcile: in place of a service's desired count."
        ),
    ] = None,
    freeze: options.Freeze = None,
    rule: options.ClusterRules = None,
    time_limit: Annotated[
        str | None,
        typer.Option("--time-limit", metavar="DURATION", help="For the whole front, like 10s or 5m. (default: 60s)"),
    ] = None,
    seed: options.Seed = None,
    deterministic_limit: Annotated[
        str | None,
        typer.Option(
            "--deterministic-limit",
            metavar="N",
            help="CP-SAT's deterministic seconds for each search: with --workers 1, a front that repeats.",
        ),
    ] = None,
    workers: options.Workers = None,
    output: options.Form = options.Output.table,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Keep the front in DIR, for `report DIR`, with the plan of each point."
        ),
    ] = None,
    stopping: options.HeldOrFree = options.Stopping.held,
    at: options.At = None,
) -> None:
    """Weigh cost against moves against skew: the plans of a rebalance of which none is better along one and no worse otherwise.

    Example: placement-solver pareto CLUSTER_DIR --axes cost,moves --max-moves 10
    """
    with errors_to_exit_codes():
        from solver.cli.arguments import Arguments
        from solver.cli.present import check_out
        from solver.cli.search import by_name, interrupts
        from solver.cli.source import read_cluster
        from solver.domain.cluster import ZONE
        from solver.domain.request import Limits
        from solver.errors import InvalidRequest
        from solver.pareto import front
        from solver.pareto.keeping import keep_front, kept_front

        said = Arguments()
        given = said.limits(time_limit, None, seed, deterministic_limit, workers)
        limits = replace(Limits(time_limit=SECONDS), **given)
        prices = said.prices(price)
        rules = said.rules("--rule", rule) or ()
        asked = _Asked(said, max_moves, group, move_cost, movable or (), reconcile, desired, freeze or ())
        with said.together():
            check_out(out)
            cluster = read_cluster(cluster_dir, stopping.value, at)
        try:
            problem, warnings = asked.of(cluster)
            problem = replace(problem, rules=(*problem.rules, *rules))
            with interrupts() as cancelled, _progress() as told:
                found = front(
                    problem,
                    [name.strip() for name in axes.split(",")],
                    limits=limits,
                    prices=prices,
                    skew_over=skew_over or f"attribute:{ZONE}",
                    told=told,
                    cancelled=cancelled,
                    warnings=(*cluster.warnings, *warnings),
                )
        except InvalidRequest as invalid:
            named = by_name(invalid.faults, cluster.problem, len(rules))
            raise InvalidRequest([replace(fault, path=_option(fault.path)) for fault in named]) from invalid
        kept = kept_front(found, limits, "reconcile" if reconcile else "rebalance")
        _present(kept, output)
        if out is not None:
            keep_front(found, kept, out)
            say(f"kept: {out}; placement-solver report {out} -o report.html shows it")
        if found.stopped:
            raise typer.Exit(Exit.FAILURE)


class _Asked:
    """What may change, as the options say."""

    def __init__(
        self,
        said: Arguments,
        max_moves: str | None,
        group: Sequence[str] | None,
        move_cost: Sequence[str] | None,
        movable: Sequence[str],
        reconcile: bool,
        desired: Sequence[str] | None,
        frozen: Sequence[str],
    ) -> None:
        most = said.tasks("--max-moves", max_moves)
        self._most = MOVES if most is None else most
        self._groups = said.movers(group)
        self._costs: Mapping[str, int] = said.costs(move_cost)
        self._movable, self._frozen = tuple(movable), tuple(frozen)
        self._reconcile = reconcile
        self._desired = said.counts(desired or (), "--desired", 0)
        if desired and not reconcile:
            said.fault("--desired", "stands without --reconcile", "write --reconcile too, or leave it out")

    def of(self, cluster: Cluster) -> tuple[Problem, tuple[str, ...]]:
        """The request, and warnings."""
        if self._reconcile:
            return cluster.reconcile(
                self._desired,
                max_moves=self._most,
                groups=self._groups,
                move_costs=self._costs,
                movable=self._movable,
                rebalance=True,
                frozen=self._frozen,
            )
        return cluster.rebalance(
            self._most, groups=self._groups, move_costs=self._costs, movable=self._movable, frozen=self._frozen
        )


def _option(path: str) -> str:
    """A field as the option that says it."""
    first, _, rest = path.partition(".")
    return f"--price {rest}" if first == "prices" and rest else _OPTION_OF.get(first, path)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status("searching ...", spinner_style="cyan") as status:

        def tell(points: int, zones: int) -> None:
            status.update(f"{points:,} points, {zones:,} zones open (Ctrl-C takes what is known)")

        yield tell


def _present(kept: KeptFront, output: options.Output) -> None:
    if output is options.Output.table:
        from rich.console import Console

        from solver.report.pareto import show_front

        show_front(kept, Console(highlight=False))
        return
    from solver.cli.present import write_out

    for warning in kept.warnings:
        say(f"warning: {warning}")
    write_out(kept.to_csv() if output is options.Output.csv else kept.to_json())
