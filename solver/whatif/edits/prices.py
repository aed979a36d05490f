"""What instances cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from solver.domain.money import millionths, price_faults
from solver.errors import require
from solver.whatif.asked import Asked
from solver.whatif.edits.base import Edit
from solver.whatif.node import Node


@dataclass(frozen=True)
class SetPrices(Edit):
    """Instances of some types cost so much an hour; the others what they did.

    Parameters
    ----------
    prices
        By type, in any currency; counted in its millionths.
    """

    NAME: ClassVar[str] = "set_prices"
    prices: Mapping[str, float]

    @classmethod
    def read(cls, node: Node) -> SetPrices:
        """``{m5.large: 0.096}``."""
        return cls({name: value.number() for name, value in node.mapping().items()})

    def applied_to(self, asked: Asked) -> Asked:
        """The question with the prices."""
        require(price_faults(self.prices))
        return replace(asked, prices={**asked.prices, **millionths(self.prices)})
