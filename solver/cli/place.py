"""``placement-solver place``: place new tasks, say how good the plan is, and why tasks are missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from solver.cli import options
from solver.cli.common import Common, answer_to, with_common_options
from solver.cli.exits import errors_to_exit_codes, of_answer

if TYPE_CHECKING:
    from solver.domain.answer import Answer
    from solver.domain.problem import Problem
    from solver.domain.request import Limits
    from solver.formats.cluster import Cluster


@with_common_options
def place(
    common: Common,
    group: options.Groups = None,
    constraint: options.Constraints = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TYPE[:ARGUMENT]",
            help="In place of the service's own, for a single group, in order: spread:attribute:ecs.availability-zone, "
            "binpack:memory, random.",
        ),
    ] = None,
    all_or_nothing: Annotated[bool, typer.Option("--all-or-nothing", help="Place everything, or nothing.")] = False,
    survive: options.Survive = None,
    survive_group: options.Covered = None,
    why: Annotated[bool, typer.Option("--why", help="Also say why tasks start where they do.")] = False,
    prices: Annotated[
        bool, typer.Option("--prices", help="Also say what each rule costs: the plan without it.")
    ] = False,
) -> None:
    """Place new tasks on a cluster: the plan, how good it is, and why tasks are missing.

    Example: placement-solver place CLUSTER_DIR --group service:web=12 --group family:batch=3
    """
    with errors_to_exit_codes():
        from solver.cli.arguments import Arguments
        from solver.cli.hints import unknown_names_of_rules
        from solver.formats.kinds import Kind

        said = Arguments()
        for name, given_too in (("--why", why), ("--prices", prices)):
            if given_too and not common.shows:
                said.fault(name, f"has no form in -o {common.output}", "leave out one of the two")
        wish = said.wish(group, common.priority, common.freeze, constraint, strategy)

        def asked(cluster: Cluster) -> tuple[Problem, Sequence[str]]:
            problem, warnings = wish.applied_to(cluster)
            return problem, (*warnings, *unknown_names_of_rules(wish.constraints or (), problem))

        given = [] if wish.is_empty else ["--group"]
        excluded = ("--group", "--priority", "--freeze", "--constraint", "--strategy")
        found = answer_to(
            common,
            said,
            Kind.PLACE,
            asked,
            given,
            excluded,
            all_or_nothing=all_or_nothing,
            survive=survive,
            covered=survive_group,
        )
        if found is None:
            return
        answer, limits = found
        if common.shows:
            explain_more(answer, limits, why=why, prices=prices)
        raise typer.Exit(of_answer(answer))


def explain_more(answer: Answer, limits: Limits, *, why: bool, prices: bool) -> None:
    """Print, below the answer, why tasks start where they do and what the rules cost."""
    from rich.console import Console

    from solver import api
    from solver.report.terminal import show_prices, show_reasons

    console = Console(highlight=False)
    if why:
        show_reasons(api.why(answer), console)
    if prices:
        show_prices(api.prices(answer, limits), console)
