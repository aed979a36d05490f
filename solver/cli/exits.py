"""What the exit code of a command says, and how an error becomes one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING

import typer

from solver.errors import InvalidQuery, InvalidRequest, PlacementSolverError, TooLarge

if TYPE_CHECKING:
    from solver.domain.answer import Answer


class Exit(IntEnum):
    """The exit codes.

    ``apply`` ends with 0 when the plan is carried out, or when a dry run finds nothing against it; with 1 when nothing of
    it was carried out; with 3 when a part of it was, by this run or an earlier one.
    """

    DONE = 0
    FAILURE = 1
    BAD_INPUT = 2
    SHORTFALL = 3
    IN_PART = 3
    IMPOSSIBLE = 4
    NOT_FOUND = 5


MEANING = {
    Exit.DONE: "everything asked for was done",
    Exit.FAILURE: "failure",
    Exit.BAD_INPUT: "bad input",
    Exit.SHORTFALL: "a shortfall, even of everything, proved or not",
    Exit.IMPOSSIBLE: "all or nothing, and proved impossible",
    Exit.NOT_FOUND: "all or nothing, and not found in the time given",
}

MEANING_OF_APPLY = {
    Exit.DONE: "carried out, or a dry run that found nothing against it",
    Exit.FAILURE: "nothing was carried out",
    Exit.BAD_INPUT: "bad input",
    Exit.IN_PART: "carried out in part",
}


def codes(meaning: Mapping[Exit, str]) -> str:
    """What help says of the exit codes."""
    return "Exit codes: " + "; ".join(f"{code.value} {what}" for code, what in meaning.items()) + "."


def of_answer(answer: Answer) -> Exit:
    """The code of an answer; tasks that were to stop and are protected, or that no order can stop, are a shortfall."""
    from solver.domain.solution import Status
    from solver.formats.blocked import is_blocked
    from solver.rules.emptying import TO_EMPTY

    if answer.status is Status.INFEASIBLE:
        return Exit.IMPOSSIBLE
    if answer.status is Status.NOT_FOUND:
        return Exit.NOT_FOUND
    stuck = answer.steps is not None and answer.steps.block is not None
    stuck |= any(tier.name == TO_EMPTY and tier.value for tier in answer.tiers)
    return Exit.DONE if answer.complete and not stuck and not is_blocked(answer.problem) else Exit.SHORTFALL


def say(text: str) -> None:
    """Write a line to standard error, as it is."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def errors_to_exit_codes() -> Iterator[None]:
    """Print an error of this package, one line a fault, and end with its code; a reader that is gone ends quietly."""
    try:
        yield
        sys.stdout.flush()
    except InvalidQuery as invalid:
        say(f"error: the expression cannot be read, {invalid}\n{invalid.caret()}")
        raise typer.Exit(Exit.BAD_INPUT) from invalid
    except (InvalidRequest, TooLarge) as invalid:
        for line in str(invalid).splitlines():
            say(f"error: {line}")
        raise typer.Exit(Exit.BAD_INPUT) from invalid
    except PlacementSolverError as failed:
        say(f"error: {failed}")
        raise typer.Exit(Exit.FAILURE) from failed
    except BrokenPipeError:
        # Whoever read our output has seen enough (``| head``). Nothing more can be written, at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(Exit.DONE) from None
    except OSError as failed:
        where, what = failed.filename or "output", failed.strerror or failed
        say(f"error: {where}: {what}; check the path, its rights and the disk")
        raise typer.Exit(Exit.FAILURE) from failed
