"""What the commands that change a cluster have in common: their options, and the way from a wish to an answer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, get_type_hints

from solver.cli import options
from solver.cli.exits import say

if TYPE_CHECKING:
    from solver.cli.arguments import Arguments
    from solver.domain.answer import Answer
    from solver.domain.counts import Counts
    from solver.domain.problem import Problem
    from solver.domain.request import Limits
    from solver.domain.survival import Survival
    from solver.formats.cluster import Cluster
    from solver.formats.kinds import Kind
    from solver.service.decode import PlaceCall

    Asked = Callable[[Cluster], tuple[Problem, Sequence[str]]]


@dataclass(frozen=True)
class Common:
    """The options that every command has which changes a cluster."""

    cluster_dir: options.OptionalClusterFolder = None
    time_limit: options.TimeLimit = None
    engine: options.EngineChoice = None
    seed: options.Seed = None
    deterministic_limit: options.DeterministicLimit = None
    workers: options.Workers = None
    priority: options.Priorities = None
    freeze: options.Freeze = None
    rule: options.ClusterRules = None
    request: options.Request = None
    save_request: options.SaveRequest = None
    output: options.Form = options.Output.table
    figure: options.Figure = None
    out: options.OutFolder = None
    stopping: options.HeldOrFree = options.Stopping.held
    at: options.At = None

    @property
    def shows(self) -> bool:
        """Whether people read the output."""
        return self.output is options.Output.table


def with_common_options(command: Callable[..., None]) -> Callable[..., None]:
    """A command for typer: its own options, then those of ``Common`` in place of the parameter ``common``."""
    own = get_type_hints(command, include_extras=True)
    shared = get_type_hints(Common, include_extras=True)
    parameters = [
        parameter.replace(annotation=own[name])
        for name, parameter in inspect.signature(command).parameters.items()
        if name != "common"
    ]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters += [
        inspect.Parameter(field.name, kind, default=field.default, annotation=shared[field.name])
        for field in fields(Common)
    ]

    # typer calls with what the signature below says, so that any options may be handed on.
    make: Callable[..., Common] = Common

    @wraps(command)
    def run(**given: object) -> None:
        common = {name: given.pop(name) for name in shared}
        command(**given, common=make(**common))

    run.__dict__["__signature__"] = inspect.Signature(parameters)
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


@dataclass(frozen=True)
class Question:
    """A request that is ready to be answered.

    Parameters
    ----------
    warnings
        Of whoever read it.
    explain, label, hint
        As ``solver.api.place`` takes them.
    said
        How many of the problem's rules, the last ones, are from ``--rule``.
    survival, survival_in_file
        What the plan must survive, and whether a request file says it.
    """

    problem: Problem
    limits: Limits
    warnings: tuple[str, ...]
    explain: bool
    label: str
    said: int
    hint: Counts | None = None
    survival: Survival | None = None
    survival_in_file: bool = False


def answer_to(
    common: Common,
    said: Arguments,
    kind: Kind,
    asked: Asked,
    given: Sequence[str],
    excluded: Sequence[str],
    *,
    all_or_nothing: bool = False,
    survive: Sequence[str] | None = None,
    covered: Sequence[str] | None = None,
) -> tuple[Answer, Limits] | None:
    """Read the request, search, and present the answer; None for a request that is only to be validated.

    The other parameters, and what is raised, are those of ``question_of``.

    Parameters
    ----------
    survive, covered
        Kinds of loss that the plan must survive, and the groups whose tasks must (all, where none is named).
    """
    from solver.cli.present import keep, present, present_survival
    from solver.cli.search import search, search_surviving
    from solver.domain.survival import Survival

    if covered and not survive:
        said.fault("--survive-group", "stands without --survive", "write --survive zone too, or leave it out")
    survival = Survival(tuple(survive), tuple(covered or ())) if survive else None
    question = question_of(common, said, kind, asked, given, excluded, all_or_nothing=all_or_nothing, survival=survival)
    if question is None:
        return None
    if question.survival is not None:
        surviving = search_surviving(question, question.survival, shows=common.shows)
        present(surviving.answer, common.output, common.figure)
        present_survival(surviving, common.output)
        if common.out is not None:
            keep(surviving.answer, common.out, kind.value)
        return surviving.answer, question.limits
    answer = search(
        question.problem,
        question.limits,
        question.warnings,
        shows=common.shows,
        explain=question.explain,
        label=question.label,
        said=question.said,
        hint=question.hint,
    )
    present(answer, common.output, common.figure)
    if common.out is not None:
        keep(answer, common.out, kind.value)
    return answer, question.limits


def question_of(
    common: Common,
    said: Arguments,
    kind: Kind,
    asked: Asked,
    given: Sequence[str],
    excluded: Sequence[str],
    *,
    all_or_nothing: bool = False,
    survival: Survival | None = None,
) -> Question | None:
    """Read the request; None for one that is only to be validated.

    Parameters
    ----------
    said
        Has the faults of the command's own options.
    asked
        Makes a problem of the cluster that the command line names, and warnings.
    given
        The options that ask for something and were given; a request file says all that by itself.
    excluded
        The options that a request file excludes, for the message.
    survival
        What the options say of it.

    Raises
    ------
    InvalidRequest
        With every fault of what is asked.
    """
    from solver.cli.present import check_figure, check_out
    from solver.cli.search import validate, validate_survival
    from solver.report.files import check_folder

    engine = None if common.engine is None else common.engine.value
    changes = said.limits(common.time_limit, engine, common.seed, common.deterministic_limit, common.workers)
    rules = said.rules("--rule", common.rule) or ()
    with said.together():
        check_figure(common.figure)
        check_out(common.out)
        if common.save_request is not None:
            check_folder("--save-request", common.save_request)
        call = _call(common, kind, asked, given, excluded, said)
        if call.survival is not None and survival is not None:
            said.fault("--survive", "stands beside survive of the request file", "leave out one of the two")
    limits, warnings = replace(call.limits, **changes), call.warnings
    in_file, survival = call.survival is not None, call.survival or survival
    problem = replace(call.problem, rules=(*call.problem.rules, *rules))
    problem = replace(problem, all_or_nothing=True) if all_or_nothing else problem
    if common.save_request is not None:
        _write_request(common.save_request, problem, limits, warnings, survival)
    if call.validate_only:
        validate(problem, limits, len(rules))
        if survival is not None:
            validate_survival(problem, survival, limits, in_file=in_file)
        for warning in warnings:
            say(f"warning: {warning}")
        say("the request is valid")
        return None
    return Question(
        problem, limits, tuple(warnings), call.explain, call.label, len(rules), call.hint, survival, in_file
    )


def _call(
    common: Common, kind: Kind, asked: Asked, given: Sequence[str], excluded: Sequence[str], said: Arguments
) -> PlaceCall:
    """What the command line asks: all that a request file says, or what is asked of a cluster."""
    from solver.cli.source import read_cluster, read_request, said_of
    from solver.domain.request import Limits
    from solver.errors import InvalidRequest
    from solver.formats.kinds import kind_faults, survival_faults
    from solver.service.decode import PlaceCall

    if common.request is not None:
        if common.cluster_dir is not None or given or common.priority or common.freeze:
            names = ["CLUSTER_DIR", *dict.fromkeys((*excluded, "--priority", "--freeze"))]
            remedy = f"leave out {', '.join(names[:-1])} and {names[-1]}"
            raise InvalidRequest.at("--request", "holds the cluster and all that is asked of it", remedy)
        call = read_request(common.request)
        faults = [*kind_faults(call.problem, kind), *survival_faults(call.survival, kind)]
        if faults:
            where = said_of(common.request)
            raise InvalidRequest([replace(fault, path=f"{where} {fault.path}") for fault in faults])
        return call
    if common.cluster_dir is None:
        raise InvalidRequest.at("CLUSTER_DIR", "is missing", "name the folder of a cluster, or use --request FILE")
    cluster = read_cluster(common.cluster_dir, common.stopping.value, common.at)
    problem, warnings = asked(cluster)
    return PlaceCall(problem, Limits(), warnings=(*cluster.warnings, *warnings))


def _write_request(
    path: Path, problem: Problem, limits: Limits, warnings: Sequence[str], survival: Survival | None
) -> None:
    """Write the whole request as a file that ``--request`` reads."""
    from solver.report.files import write_whole
    from solver.service.codec import request_to_json

    text = request_to_json(problem, limits, warnings=warnings, survival=survival)
    write_whole(path, (text.rstrip() + "\n").encode())
