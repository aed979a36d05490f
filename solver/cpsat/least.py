"""The least number that is enough for one of several options: a minimum over maxima, exact where it is minimised."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from solver.cpsat.values import Values, value_in
from solver.rules.model import Literal, Model, Sum, Variable

Option = Sequence[tuple[Sum, int]]
"""A number is enough for it where ``number * scale >= sum`` for each ``(sum, scale)``."""

NewVariable = Callable[[int, int, Callable[[Values], int]], Variable]
"""Makes a variable between two bounds whose value follows from those before it."""


def least_enough(model: Model, new_variable: NewVariable, options: Sequence[Option], most: int) -> Sum:
    """The least number from 0 to ``most`` that is enough for one of the options; ``most`` always is.

    Options that can never beat what is always there have no part in it.
    """
    ends = [[(model.range_of(sum_), scale) for sum_, scale in option] for option in options]
    lows, highs = ([max(-(-range_[k] // scale) for range_, scale in one) for one in ends] for k in (0, 1))
    best = max(min([most, *highs]), 0)
    open_ = [option for option, low in zip(options, lows, strict=True) if low < best]
    if not open_:
        return Sum(constant=best)
    least = max(min(lows), 0)
    variable = new_variable(least, best, lambda values: max(least, min(best, *(enough(o, values) for o in open_))))
    number = Sum((variable,), (1,))
    chosen = [model.at_least(number, best)]
    for option in open_:
        chosen.append(Literal(new_variable(0, 1, _holds(option, variable))))
        for sum_, scale in option:
            model.at_most(sum_ - number * scale, 0, chosen[-1:])
    model.require_one(chosen)
    return number


def enough(option: Option, values: Values) -> int:
    """The least number that is enough for an option, once the variables have values."""
    return max(-(-value_in(sum_, values) // scale) for sum_, scale in option)


def _holds(option: Option, variable: Variable) -> Callable[[Values], int]:
    """Whether the number is enough for an option."""
    return lambda values: int(enough(option, values) <= values[variable])
