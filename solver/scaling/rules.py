"""What tells one way to scale a cluster from another: the choice of provider, of places, of M, and of the instances that go."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from solver.domain.counts import Bools
from solver.domain.request import Limits
from solver.scaling.fleet import Fleet
from solver.scaling.setting import ProviderSetting, ServiceSetting, Setting


class Rules(ABC):
    """The decisions of a minute, and what waits between them.

    Parameters
    ----------
    groups
        By service, the group whose tasks start.
    """

    NAME: ClassVar[str]

    def __init__(self, setting: Setting, groups: Mapping[str, str]) -> None:
        self.setting = setting
        self.groups = groups
        self.waiting: dict[str, dict[str, int]] = {service.name: {} for service in setting.services}
        self.tried: dict[tuple[str, str], int] = {}

    @staticmethod
    @abstractmethod
    def limits(setting: Setting) -> Limits:
        """For each placement."""

    @abstractmethod
    def assign(self, service: ServiceSetting, fleet: Fleet, more: int) -> None:
        """So many tasks more of a service wait, each for instances of a provider."""

    @abstractmethod
    def place(self, fleet: Fleet) -> None:
        """Start what waits and fits."""

    @abstractmethod
    def stop(self, service: ServiceSetting, fleet: Fleet, count: int) -> None:
        """Stop so many running tasks of a service."""

    @abstractmethod
    def needed(self, provider: ProviderSetting, fleet: Fleet, minute: int) -> int | None:
        """M, in instances; None where the metric stays at its target."""

    @abstractmethod
    def cold_start(self) -> bool:
        """Whether a group without instances goes to two, whatever is needed."""

    @abstractmethod
    def removed(self, provider: ProviderSetting, fleet: Fleet, count: int) -> Bools:
        """``bool[I]``: the instances that go, so many at most, after what has to move has moved."""

    def count_waiting(self, service: str) -> int:
        """Tasks of a service that wait."""
        return sum(self.waiting[service].values())

    def forget_waiting(self, service: str, count: int) -> int:
        """Drop so many tasks of a service that wait, the last provider's first; how many were dropped."""
        dropped = 0
        for provider in reversed(list(self.waiting[service])):
            some = min(count - dropped, self.waiting[service][provider])
            self.waiting[service][provider] -= some
            dropped += some
        return dropped
