"""What an expression reads of a cluster in one state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from solver.domain.columns import TextColumn


class Facts(Protocol):
    """A cluster of ``I`` instances in one state, as columns over the instances.

    Attributes are the cluster's and stay as they are; ``running_tasks`` and ``tasks_of`` are the state's (§3.2).
    """

    @property
    def size(self) -> int:
        """``I``, the number of instances."""
        ...

    def attribute(self, name: str) -> TextColumn | None:
        """The values of an attribute, ``""`` where it is a name alone; None if no instance has it."""
        ...

    @property
    def agent_connected(self) -> NDArray[np.bool_]:
        """``bool[I]``: whether the instance's agent is connected."""
        ...

    @property
    def agent_version(self) -> TextColumn:
        """Version of the container agent, with or without a leading ``v``."""
        ...

    @property
    def ec2_instance_id(self) -> TextColumn:
        """EC2 instance id."""
        ...

    @property
    def registered_at(self) -> TextColumn:
        """When the instance joined the cluster, ISO 8601."""
        ...

    @property
    def running_tasks(self) -> NDArray[np.int64]:
        """``int64[I]``: tasks with desired status RUNNING, whoever started them."""
        ...

    @property
    def task_groups(self) -> Sequence[str]:
        """The families (ECS's task groups) that have tasks or may have them."""
        ...

    def tasks_of(self, family: str) -> NDArray[np.int64]:
        """``int64[I]``: tasks of the family on each instance."""
        ...
