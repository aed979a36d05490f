"""What a simulation is of: services with their policies, providers with their types, prices, and the demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from solver.scaling.curve import Curve
from solver.scaling.managed_scaling import ManagedScaling
from solver.scaling.needed import Amounts
from solver.scaling.policy import Policy
from solver.scaling.strategy import Share


@dataclass(frozen=True)
class ServiceSetting:
    """A service that scales.

    Parameters
    ----------
    load_per_task
        Demand that one task carries at 100 percent.
    minimum, maximum
        Tasks.
    strategy
        Its capacity providers.
    zone_rebalancing
        Its tasks are brought back evenly over the zones, once all of them run.
    start_up
        Seconds from a task's start until it carries demand.
    """

    name: str
    load_per_task: Fraction
    minimum: int
    maximum: int
    policies: tuple[Policy, ...]
    strategy: tuple[Share, ...]
    zone_rebalancing: bool = False
    start_up: int = 0


@dataclass(frozen=True)
class ProviderSetting:
    """A capacity provider with its Auto Scaling group.

    Parameters
    ----------
    types
        Instance types; the group launches the first. ECS's M looks at all of them.
    zones
        The group launches in the one where it has the fewest instances.
    minimum, maximum
        Instances.
    launch
        Seconds until a new instance takes tasks.
    """

    name: str
    types: tuple[str, ...]
    zones: tuple[str, ...]
    minimum: int
    maximum: int
    launch: int = 120
    managed: ManagedScaling = ManagedScaling()


@dataclass(frozen=True)
class OurSetting:
    """How our rules search.

    Parameters
    ----------
    max_moves
        Tasks that may move in one minute, to make room or to empty instances.
    every
        Minutes between two looks at what could be emptied.
    deterministic_limit
        Of one search, in CP-SAT's deterministic seconds.
    ahead
        Keep room for the tasks that are likely to come while an instance is launched.
    """

    max_moves: int = 10
    every: int = 5
    deterministic_limit: float = 0.2
    ahead: bool = True


@dataclass(frozen=True)
class Setting:
    """The whole.

    Parameters
    ----------
    prices
        Of an instance for an hour, by type, in millionths.
    types
        What an instance of each type has that a provider names.
    seed
        For ties that the engines break by chance.
    warnings
        Of providers that the cluster, or the file, does not have.
    """

    services: tuple[ServiceSetting, ...]
    providers: tuple[ProviderSetting, ...]
    prices: Mapping[str, int]
    types: Mapping[str, Amounts]
    curve: Curve
    ours: OurSetting = OurSetting()
    seed: int = 0
    warnings: tuple[str, ...] = ()

    def provider(self, name: str) -> ProviderSetting:
        """The provider of this name."""
        return next(one for one in self.providers if one.name == name)
