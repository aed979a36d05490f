"""Which losses a cluster survives, for people in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console, RenderableType
from rich.text import Text

from solver.domain.money import MILLIONTHS
from solver.report.plain import add_row, bulleted, print_plainly, table_of
from solver.robustness import Case, Kind, Survey, Surviving, Verdict

MOST_ROWS, MOST_LINES, MOST_GROUPS = 40, 10, 6

_STYLE = {Verdict.HOLDS: "green", Verdict.FAILS: "red", Verdict.UNDECIDED: "yellow"}
_SAID = {Verdict.HOLDS: "survived", Verdict.FAILS: "not survived", Verdict.UNDECIDED: "not decided"}


def show_survey(survey: Survey, console: Console, warnings: Sequence[str] = ()) -> None:
    """Print a survey; ``warnings`` are those of the cluster. Where there are many losses, those that hold are left out."""
    print_plainly(_parts(survey, warnings), console)


def _parts(survey: Survey, warnings: Sequence[str]) -> Iterator[RenderableType]:
    yield Text(
        headline(survey), "bold green" if survey.holds else "bold red" if survey.of(Verdict.FAILS) else "bold yellow"
    )
    telling = [case for case in survey.cases if case.judgement.verdict is not Verdict.HOLDS]
    shown = survey.cases if len(survey.cases) <= MOST_ROWS else telling[:MOST_ROWS]
    if shown:
        yield _table(shown)
    hidden = len(survey.cases) - len(shown)
    if hidden:
        yield Text(f"... and {hidden:,} more {_losses(hidden)} (-o csv and -o json have them)")
    short = [f"{case.loss.name}: {_groups(case.judgement.missing)}" for case in telling if case.judgement.missing]
    if short:
        yield bulleted("Tasks without a place", "bold yellow", _listed(short))
    reasons = [(case.loss.name, line) for case in telling for line in case.reasons]
    if reasons:
        yield bulleted("What cannot hold together", "bold red", _listed([f"{name}: {line}" for name, line in reasons]))
    repairs = [f"{case.loss.name}: {repair(case, survey.priced)}" for case in telling if _looked(case)]
    if repairs:
        yield bulleted("The cheapest addition", "bold", _listed(repairs))
    if survey.together is not None:
        yield bulleted("All of them together", "bold", [("-", together(survey))])
    said = list(dict.fromkeys([*warnings, *survey.warnings]))
    if said:
        yield bulleted("Warnings", "bold yellow", _listed(said))


def _looked(case: Case) -> bool:
    return case.addition is not None or bool(case.no_addition)


def _listed(lines: Sequence[str]) -> list[tuple[str, str]]:
    left = len(lines) - MOST_LINES
    return [*(("-", line) for line in lines[:MOST_LINES]), *([("", f"... and {left:,} more")] if left > 0 else [])]


def show_survival(surviving: Surviving, console: Console) -> None:
    """Print, below a plan, what becomes of each loss once it is carried out; the losses that lack a place are always shown."""
    console.print()
    print_plainly(_survival(surviving), console)


def _survival(surviving: Surviving) -> Iterator[RenderableType]:
    whole = not any(one.missing for one in surviving.losses)
    yield Text(survival_headline(surviving), "bold green" if whole else "bold yellow")
    shown = [one for one in surviving.losses if one.missing]
    if len(surviving.losses) <= MOST_ROWS:
        shown = list(surviving.losses)
    table = table_of(["lost", ">instances", ">tasks", ">without a place", ">before"])
    for one in shown[:MOST_ROWS]:
        missing = sum(one.missing.values())
        before = f"{one.allowed:,}" if one.allowed_proven else f"up to {one.allowed:,}"
        cells = [f"{int(one.loss.gone.sum()):,}", f"{one.lost:,}", f"{missing or '·'}", before if one.allowed else "·"]
        add_row(table, one.loss.name, *cells)
    if shown:
        yield table
    hidden = len(surviving.losses) - min(len(shown), MOST_ROWS)
    if hidden:
        yield Text(f"... and {hidden:,} more {_losses(hidden)}")


def survival_headline(surviving: Surviving) -> str:
    """How many losses the plan survives: one sentence, no full stop."""
    total = len(surviving.losses)
    broken = [one for one in surviving.losses if one.missing]
    if not broken:
        return f"After the plan each of {total:,} {_losses(total)} leaves every task a place (each checked)"
    proved = sum(one.at_least > 0 for one in broken)
    said = [
        f"After the plan {total - len(broken):,} of {total:,} {_losses(total)} leave every task a place (each checked)"
    ]
    said += [f"{proved:,} cannot, and leave no more tasks without one than before"] if proved else []
    open_ = len(broken) - proved
    said += [f"of {open_:,} no place was found for every task, which is not proved"] if open_ else []
    return "; ".join(said)


def survival_lines(surviving: Surviving) -> list[str]:
    """The same for people beside a machine's output: the sentence, and each loss that lacks a place."""
    lacking = [one for one in surviving.losses if one.missing]
    return [survival_headline(surviving), *(f"{one.loss.name}: {_groups(one.missing)}" for one in lacking[:MOST_LINES])]


def headline(survey: Survey) -> str:
    """How many of the losses are survived: one sentence, no full stop."""
    counts = {verdict: len(survey.of(verdict)) for verdict in Verdict}
    total = len(survey.cases)
    losses = f"{total:,} {_losses(total)}"
    if not survey.whole:
        losses = f"interrupted after {total:,} of {survey.total:,} losses"
    if survey.holds:
        return f"{losses}: every task has a place again after each, proved"
    said = [f"{counts[Verdict.HOLDS]:,} survived"]
    said += [f"{counts[Verdict.FAILS]:,} not survived, proved"] if counts[Verdict.FAILS] else []
    said += [f"{counts[Verdict.UNDECIDED]:,} not decided in time"] if counts[Verdict.UNDECIDED] else []
    return f"{losses}: {', '.join(said)}"


def _losses(count: int) -> str:
    return "loss" if count == 1 else "losses"


def _table(cases: Sequence[Case]) -> RenderableType:
    moves = any(case.judgement.moved for case in cases)
    columns = ["lost", ">instances", ">tasks", "answer", ">without a place", *([">moved"] if moves else [])]
    table = table_of(columns)
    for case in cases:
        judgement = case.judgement
        verdict = Text(_SAID[judgement.verdict], _STYLE[judgement.verdict])
        moved = [f"{judgement.moved:,}"] if moves else []
        gone = int(case.loss.gone.sum())
        add_row(table, case.loss.name, f"{gone:,}", f"{case.lost:,}", verdict, _missing(case), *moved)
    return table


def _missing(case: Case) -> str:
    """The tasks without a place, with the bound where it is another number."""
    judgement = case.judgement
    missing = sum(judgement.missing.values())
    if not missing:
        return "·"
    return f"{missing:,}" if judgement.proven else f"{judgement.at_least:,} to {missing:,}"


def _groups(missing: Mapping[str, int]) -> str:
    named = [f"{count:,} of {name}" for name, count in list(missing.items())[:MOST_GROUPS]]
    more = len(missing) - len(named)
    return ", ".join([*named, *([f"and of {more:,} more groups"] if more > 0 else [])])


def repair(case: Case, priced: bool) -> str:
    """What to add, what it costs, and what is proved of it."""
    addition = case.addition
    if addition is None:
        return case.no_addition
    proof = "proved: nothing cheaper does" if addition.proven else "verified; whether less is enough is not decided"
    if priced and not addition.proven:
        proof = f"verified; nothing below {addition.at_least / MILLIONTHS:,.3f} does"
    return f"{_counted(addition.counts)}{_cost(addition.price, priced)} ({proof})"


def together(survey: Survey) -> str:
    """The additions of all losses at once, and whether every loss was judged again and survived."""
    found = survey.together
    if found is None:
        return ""
    what = f"{_counted(found.counts)}{_cost(found.price, survey.priced)}"
    if not found.unrepaired:
        return f"{what}: every loss judged again and survived, the new instances lost with the others"
    left = ", ".join(found.unrepaired[:MOST_GROUPS])
    more = len(found.unrepaired) - MOST_GROUPS
    return f"{what}: still not shown to be survived: {left}{f', and {more:,} more' if more > 0 else ''}"


def _counted(counts: Sequence[tuple[Kind, int]]) -> str:
    return ", ".join(f"{count:,} {kind.label}" for kind, count in counts)


def _cost(price: int, priced: bool) -> str:
    return f", {price / MILLIONTHS:,.3f} an hour" if priced else ""
