"""Other strategies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from solver.domain.request import RuleSpec
from solver.errors import InvalidRequest
from solver.whatif.asked import Asked
from solver.whatif.edits.base import Edit, groups_of, require_readable, rule_of
from solver.whatif.node import Node


@dataclass(frozen=True)
class SetStrategies(Edit):
    """Groups get these strategies, in this order, in place of their own.

    Parameters
    ----------
    strategies
        As in a table of groups: ``spread(attribute:ecs.availability-zone)``, ``binpack(memory)``.
    groups
        Services or groups; none for all.
    """

    NAME: ClassVar[str] = "set_strategies"
    strategies: tuple[RuleSpec, ...]
    groups: tuple[str, ...] = ()

    @classmethod
    def read(cls, node: Node) -> SetStrategies:
        """``{strategies: [binpack(memory)], groups: [service:web]}``, or the list of strategies alone."""
        if not isinstance(node.value, dict):
            return cls(_rules(node))
        fields = node.mapping(("strategies", "groups"), required=("strategies",))
        strategies = _rules(fields["strategies"]) if "strategies" in fields else ()
        return cls(strategies, fields["groups"].texts() if "groups" in fields else ())

    def applied_to(self, asked: Asked) -> Asked:
        """The question with the strategies."""
        if not self.strategies:
            raise InvalidRequest.at("strategies", "is empty", "name one, such as binpack(memory), or random for none")
        return self._written(asked, groups_of(asked, self.groups, lambda every: self._written(asked, every)))

    def _written(self, asked: Asked, groups: tuple[int, ...]) -> Asked:
        altered = asked.with_groups(groups, lambda group: replace(group, strategies=self.strategies))
        return require_readable(altered, "strategies")


def _rules(node: Node) -> tuple[RuleSpec, ...]:
    return (rule_of(node),) if isinstance(node.value, str) else tuple(rule_of(item) for item in node.items())
