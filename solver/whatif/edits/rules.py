"""Rules that are added, dropped, or written otherwise: constraints of groups, or rules of the whole cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from solver.domain.request import RuleSpec, TaskGroup
from solver.errors import InvalidRequest
from solver.formats.choose import nearest
from solver.rules.bind import CLUSTER_RULES, CONSTRAINTS
from solver.whatif.asked import Asked
from solver.whatif.edits.base import Edit, groups_of, require_all, require_readable, rule_of
from solver.whatif.node import Node

Change = Callable[[tuple[RuleSpec, ...]], tuple[RuleSpec, ...]]


@dataclass(frozen=True)
class _RuleOfGroups(Edit):
    """A rule, and the services or groups that it is about; none for all."""

    rule: RuleSpec
    groups: tuple[str, ...] = ()

    @classmethod
    def read(cls, node: Node) -> Self:
        """``{rule: distinctInstance, groups: [service:web]}``."""
        if isinstance(node.value, str):
            return cls(rule_of(node))
        fields = node.mapping(("rule", "groups"), required=("rule",))
        rule = rule_of(fields["rule"]) if "rule" in fields else RuleSpec("")
        return cls(rule, fields["groups"].texts() if "groups" in fields else ())


@dataclass(frozen=True)
class AddRule(_RuleOfGroups):
    """A constraint more for some groups; without groups, a rule of the cluster, or a constraint of every group.

    Parameters
    ----------
    rule
        As in a table of groups: ``distinctInstance``, ``maxPerInstance(2)``, ``reserve(memory, 512)``.
    groups
        Services or groups; none for all.
    """

    NAME: ClassVar[str] = "add_rule"

    def applied_to(self, asked: Asked) -> Asked:
        """The question with the rule."""
        return _changed(asked, self.rule, self.groups, lambda rules: (*rules, self.rule))

    def supposed(self, asked: Asked) -> Asked:
        """With a rule of which nothing is known."""
        return replace(asked, rules_known=False)


@dataclass(frozen=True)
class DropRule(_RuleOfGroups):
    """A rule less.

    Parameters
    ----------
    rule
        As it is written there; without an argument, every rule of the type.
    groups
        Services or groups; none for all that have it, and the cluster.
    """

    NAME: ClassVar[str] = "drop_rule"

    def applied_to(self, asked: Asked) -> Asked:
        """The question without the rule."""
        _require_present(asked, self.rule, self.groups)
        return _changed(
            asked, self.rule, self.groups, lambda rules: tuple(rule for rule in rules if not _means(self.rule, rule))
        )


@dataclass(frozen=True)
class AlterRule(Edit):
    """A rule written otherwise, where it stands.

    Parameters
    ----------
    rule
        As it is written there; without an argument, every rule of the type.
    to
        What stands there instead.
    groups
        Services or groups; none for all that have it, and the cluster.
    """

    NAME: ClassVar[str] = "alter_rule"
    rule: RuleSpec
    to: RuleSpec
    groups: tuple[str, ...] = ()

    @classmethod
    def read(cls, node: Node) -> AlterRule:
        """``{rule: maxPerInstance, to: maxPerInstance(3), groups: [service:web]}``."""
        fields = node.mapping(("rule", "to", "groups"), required=("rule", "to"))
        rule, to = (rule_of(fields[name]) if name in fields else RuleSpec("") for name in ("rule", "to"))
        return cls(rule, to, fields["groups"].texts() if "groups" in fields else ())

    def applied_to(self, asked: Asked) -> Asked:
        """The question with the other rule."""
        require_all(lambda: _require_present(asked, self.rule, self.groups), self._require_kind)
        return _changed(
            asked,
            self.rule,
            self.groups,
            lambda rules: tuple(self.to if _means(self.rule, rule) else rule for rule in rules),
            path="to",
        )

    def supposed(self, asked: Asked) -> Asked:
        """With a rule of which nothing is known."""
        return replace(asked, rules_known=False)

    def _require_kind(self) -> None:
        """A rule of groups does not become one of the cluster."""
        if (self.rule.type in CLUSTER_RULES) != (self.to.type in CLUSTER_RULES):
            known = CLUSTER_RULES if self.rule.type in CLUSTER_RULES else tuple(CONSTRAINTS)
            raise InvalidRequest.at("to", f"is {self.to}, a rule of another kind", nearest(self.to.type, known))


def _means(asked: RuleSpec, rule: RuleSpec) -> bool:
    return asked.type == rule.type and asked.argument in ("", rule.argument)


def _require_present(asked: Asked, rule: RuleSpec, groups: tuple[str, ...]) -> None:
    """Refuse to change a rule that nobody has."""
    _require_borne(asked, rule, groups, groups_of(asked, groups, lambda every: _require_borne(asked, rule, (), every)))


def _require_borne(asked: Asked, rule: RuleSpec, groups: tuple[str, ...], chosen: tuple[int, ...]) -> None:
    own = [spec for g in chosen for spec in asked.base.groups[g].constraints]
    of_cluster = () if groups else (*asked.base.rules, *asked.question.rules)
    found = [str(spec) for spec in (*own, *of_cluster)]
    if asked.rules_known and not any(_means(rule, spec) for spec in (*own, *of_cluster)):
        where = "none of the groups" if groups else "neither a group nor the cluster"
        remedy = nearest(str(rule), dict.fromkeys(found)) if found else "there is no rule to change"
        raise InvalidRequest.at("rule", f"is {rule}, which {where} has", remedy)


def _changed(asked: Asked, rule: RuleSpec, groups: tuple[str, ...], change: Change, path: str = "rule") -> Asked:
    """The question with the constraints of some groups, or the rules of the cluster, changed; all of them can be read."""
    if rule.type in CLUSTER_RULES:
        if groups:
            raise InvalidRequest.at("groups", f"stand beside {rule.type}, a rule of the cluster", "leave them out")
        question = replace(asked.question, rules=change(asked.question.rules))
        problem = replace(asked.base, rules=change(asked.base.rules) if asked.base.rules else ())
        altered = replace(asked.with_problem(problem), question=question)
        require_readable(altered.with_problem(replace(problem, rules=(*problem.rules, *question.rules))), path)
        return altered

    def written(group: TaskGroup) -> TaskGroup:
        return replace(group, constraints=change(group.constraints))

    def read(chosen: tuple[int, ...]) -> Asked:
        if rule.type not in CONSTRAINTS:
            known = (*CONSTRAINTS, *CLUSTER_RULES)
            raise InvalidRequest.at("rule", f"'{rule.type}' is not a rule", nearest(rule.type, known))
        return require_readable(asked.with_groups(chosen, written), path)

    return read(groups_of(asked, groups, read))
