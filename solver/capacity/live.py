"""The catalogue of a region as AWS tells it now."""

from __future__ import annotations

from collections.abc import Callable

from solver.aws import SoldType, sold_types
from solver.capacity.catalogue import Catalogue, InstanceType
from solver.domain.devices import WHOLE
from solver.domain.money import MILLIONTHS
from solver.errors import SourceUnavailable


def live_catalogue(region: str | None = None, progress: Callable[[str, int, int], None] | None = None) -> Catalogue:
    """What EC2 offers in a region, with prices on demand; what is left out is a warning.

    Parameters
    ----------
    region
        That of the environment where it is left out.
    progress
        Told what is read, how much of it is done, and how much there is.

    Raises
    ------
    SourceUnavailable
        If AWS cannot be asked, or answers with nothing that can be bought.
    """
    types, warnings = sold_types(region, progress)
    if not types:
        raise SourceUnavailable("; ".join(["EC2 and the price list together have no instance type", *warnings]))
    return Catalogue(tuple(_as_read(one) for one in types), warnings)


def _as_read(sold: SoldType) -> InstanceType:
    return InstanceType(
        sold.name,
        sold.processors * 1024,
        sold.memory,
        round(sold.price * MILLIONTHS),
        sold.devices * WHOLE,
        sold.interfaces - 1,
        sold.architecture,
        sold.zones,
    )
