"""The prices of rules, side by side: what each costs, what all cost together, and what is proved of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from solver.domain.money import MILLIONTHS
from solver.pricing.least import Span, Unit
from solver.pricing.listed import Listed
from solver.rules.summed_skew import Level


@dataclass(frozen=True)
class PricedRule:
    """What one rule costs, or several together.

    Parameters
    ----------
    listed
        The rule; None for several.
    together
        What they are, for people; empty for one rule.
    price
        How much more the best plan with the rule needs than the best plan without it. Below zero: the rule saves something.
    missing
        How many more tasks have no place because of it.
    with_it, without
        What the two plans need: their difference is the price.
    """

    listed: Listed | None
    together: str
    price: Span
    missing: Span
    with_it: Span
    without: Span

    @property
    def proven(self) -> bool:
        """Whether the price is proved; otherwise it is that of the plans found."""
        return self.price.proven

    @property
    def is_alike(self) -> bool:
        """Whether it is proved that the rule costs no task its place, so that both plans hold the same tasks."""
        return self.missing.proven and self.missing.value == 0


@dataclass(frozen=True, eq=False)
class PriceList:
    """The prices of all rules of a request, in one unit.

    Parameters
    ----------
    unit
        What the prices are in; dollars are in millionths of the currency.
    rules
        One by one; what costs most comes first.
    together
        All constraints, all strategies and soft rules, and everything at once. Not the sum of the prices: one rule may cost
        what another costs already, or only what another lets it.
    unpriced
        Rules that were not reached in the time given.
    base
        With every constraint, and no strategy or soft rule.
    levels
        In skew: the families and fields that are looked at.
    total
        How many rules there are.
    """

    unit: Unit
    rules: tuple[PricedRule, ...]
    together: tuple[PricedRule, ...]
    unpriced: tuple[Listed, ...]
    base: PricedRule
    levels: tuple[Level, ...]
    total: int
    warnings: tuple[str, ...]
    seconds: float
    interrupted: bool = False

    @property
    def whole(self) -> bool:
        """Whether every rule has a price."""
        return not self.unpriced

    @property
    def proven(self) -> bool:
        """Whether every rule has a price, and each is proved."""
        return self.whole and all(row.proven for row in self.rules)

    @cached_property
    def by_rule(self) -> dict[tuple[str, str], PricedRule]:
        """The prices by family (empty for the cluster) and rule as it is written."""
        return {(row.listed.of, row.listed.rule): row for row in self.rules if row.listed is not None}

    def frame(self) -> pd.DataFrame:
        """One row a rule, what costs most first, then those together and those without a price.

        ``price`` is in the unit (dollars in the currency), ``at_least`` and ``at_most`` are what is proved of it, ``proven`` says
        whether they are equal; ``tasks`` are those that have no place because of the rule. Rules that were not reached have
        no numbers.
        """
        spans = ("price", "at_least", "at_most", "with_it", "without")
        cells = [self._cells(row) for row in (*self.rules, *self.together)]
        cells += [
            [one.kind.value, one.rule, one.of, *[None] * len(spans), False, None, None, None] for one in self.unpriced
        ]
        columns = ["kind", "rule", "of", *spans, "proven", "tasks", "tasks_at_least", "tasks_at_most"]
        found = pd.DataFrame(cells, columns=columns)
        found.insert(3, "unit", self.unit.value)
        dollars = self.unit is Unit.DOLLARS
        for name in spans:
            found[name] = found[name].astype("Float64" if dollars else "Int64")
            if dollars:
                found[name] = found[name] / MILLIONTHS
        for name in ("tasks", "tasks_at_least", "tasks_at_most"):
            found[name] = found[name].astype("Int64")
        return found

    @staticmethod
    def _cells(row: PricedRule) -> list[object]:
        one = row.listed
        named = ["together", row.together, ""] if one is None else [one.kind.value, one.rule, one.of]
        price, missing = row.price, row.missing
        numbers = [price.value, price.low, price.high, row.with_it.value, row.without.value]
        return [*named, *numbers, row.proven, missing.value, missing.low, missing.high]
