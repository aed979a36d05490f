"""What a plan must survive: after it, the loss of any one zone (instance, type, ...) leaves every task a place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from solver.domain.request import Limits
from solver.domain.survival import Survival
from solver.errors import Fault, InvalidRequest, require
from solver.robustness.requirement import required
from solver.whatif.asked import Asked
from solver.whatif.edits.base import Edit, require_all
from solver.whatif.node import Node

NOTHING = "none"
"""In YAML: nothing need be survived, whatever the question says."""


@dataclass(frozen=True)
class Survive(Edit):
    """Other losses that the plan must survive.

    Parameters
    ----------
    lose
        Kinds of loss: ``zone``, ``type``, ``instance``, ``attribute:NAME``; empty for none.
    groups
        Services or groups whose tasks must have a place after them; none for all but those of DAEMON services.
    """

    NAME: ClassVar[str] = "survive"
    lose: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @classmethod
    def read(cls, node: Node) -> Survive:
        """``zone``, ``[zone, instance]``, ``none``, or ``{lose: zone, groups: [service:web]}``."""
        fields = {"lose": node}
        if isinstance(node.value, dict):
            fields = node.mapping(("lose", "groups"), required=("lose",))
        lose, groups = (fields[name].texts() if name in fields else () for name in ("lose", "groups"))
        return cls(() if lose == (NOTHING,) else lose, groups)

    def applied_to(self, asked: Asked) -> Asked:
        """The question with what must be survived."""
        survival = Survival(self.lose, self.groups) if self.lose else None
        changed = replace(asked, question=replace(asked.question, survival=survival))
        require(survival_faults(changed))
        return changed


def survival_faults(asked: Asked) -> tuple[Fault, ...]:
    """What of a question's survival means nothing on its cluster: kinds of loss at ``lose[k]``, groups at ``groups[k]``."""
    survival = asked.question.survival
    if survival is None:
        return ()
    try:
        require_all(asked.survival, lambda: required(asked.base, Survival(survival.lose), Limits()))
    except InvalidRequest as invalid:
        return invalid.faults
    return ()
