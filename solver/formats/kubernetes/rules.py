"""The rules of a group of pods, in the words of ``solver.rules`` (Kubernetes documentation, Assigning Pods to Nodes, Taints
and Tolerations, Pod Topology Spread Constraints).

====================================================== ==================================================================
Kubernetes                                             here
====================================================== ==================================================================
node selector, required node affinity                  ``memberOf``
preferred node affinity                                ``prefers`` with its weight
taints and tolerations                                 ``tolerates``; of ``PreferNoSchedule``, ``prefers``
pod affinity, anti-affinity                            ``affinity``, ``antiAffinity``; preferred: with their weights
topology spread, ``DoNotSchedule``                     ``maxSkew``
topology spread, ``ScheduleAnyway``                    the strategy ``spread``
====================================================== ==================================================================

Selectors of pods become families. What that cannot say is a remark on the group.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from solver.domain.cluster import ZONE
from solver.domain.request import MAX_CONSTRAINTS, MAX_STRATEGIES, RuleSpec, Scheduling
from solver.formats.ecs.remarks import listed
from solver.formats.kubernetes.affinity import Chosen, PodTerm, Spread
from solver.formats.kubernetes.groups import PodGroup
from solver.formats.kubernetes.nodes import Node, refused_by
from solver.formats.kubernetes.selectors import NOWHERE, Term, both, either
from solver.query.parse import MAX_LENGTH
from solver.rules.tolerates import ATTRIBUTE

AVOIDED = 100
"""What a task on an instance with a ``PreferNoSchedule`` taint costs: as much as the weightiest preference."""

COMPUTED = "kubernetes.selected-"
"""Attributes that stand for an expression that is too long, or that no expression says."""

NAMESPACE_NAME = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Said:
    """What a group's pods ask for, as rules.

    Parameters
    ----------
    remarks
        What of it is not modelled, or is modelled otherwise.
    refusal
        Why no new task of it can be asked for; empty if one can.
    """

    constraints: tuple[RuleSpec, ...]
    strategies: tuple[RuleSpec, ...] | None
    remarks: tuple[str, ...]
    refusal: str = ""


class RuleMaker:
    """Says the rules of groups of pods.

    Parameters
    ----------
    namespaces
        Labels of each namespace that is known by a document.
    """

    def __init__(
        self, nodes: Sequence[Node], groups: Sequence[PodGroup], namespaces: Mapping[str, Mapping[str, str]]
    ) -> None:
        self.nodes = nodes
        self.computed: dict[str, list[str | None]] = {}
        """Attributes that expressions read and no label says, by name."""
        self._namespaces = namespaces
        self._members: dict[str, list[PodGroup]] = {}
        for group in groups:
            self._members.setdefault(group.namespace, []).append(group)
        self._families: dict[tuple[Chosen, bool], tuple[dict[str, bool], tuple[str, ...]]] = {}
        self._names: dict[object, str] = {}
        self._taints = tuple(dict.fromkeys(taint for node in nodes for taint in node.taints))
        self._has_zones = any(node.zone is not None for node in nodes)

    def said(self, group: PodGroup) -> Said:
        """The rules of one group."""
        remarks = list(group.shape.remarks)
        hard = [*self._where(group), *self._tolerated(group)]
        soft = [*self._rather(group), *self._avoided(group)]
        for term, near in [*((t, True) for t in group.shape.near), *((t, False) for t in group.shape.apart)]:
            found = list(self._companions(group, term, near, remarks))
            (soft if term.weight else hard).extend(found)
        hard += self._skews(group, remarks)
        hard, soft = list(dict.fromkeys(hard)), list(dict.fromkeys(soft))
        refusal = ""
        if len(hard) > MAX_CONSTRAINTS:
            refusal = f"needs {len(hard)} rules, and at most {MAX_CONSTRAINTS} can be said; choose another group"
            hard = hard[:MAX_CONSTRAINTS]
        left_out = len(hard) + len(soft) - MAX_CONSTRAINTS
        if left_out > 0:
            soft = sorted(soft, key=_weight, reverse=True)[: MAX_CONSTRAINTS - len(hard)]
            remarks.append(
                f"{left_out} of its preferences, the ones of least weight, are left out: it has too many rules"
            )
        chain = self._chain(group, remarks)
        return Said(tuple(hard + soft), chain, tuple(dict.fromkeys(remarks)), refusal)

    # Nodes.

    def _where(self, group: PodGroup) -> Iterator[RuleSpec]:
        """Where its node selector and its required node affinity let it be."""
        shape = group.shape
        if shape.selector:
            term = Term(shape.selector)
            yield RuleSpec(
                "memberOf", self._short(term.expression(), lambda node: term.matches(node.labels, node.name))
            )
        if shape.nodes is not None:
            yield RuleSpec("memberOf", self._short(either(shape.nodes), lambda node: _matches_any(shape.nodes, node)))

    def _short(self, text: str, holds: Callable[[Node], bool], most: int = MAX_LENGTH) -> str:
        """An expression, or an attribute in its place where it is too long."""
        return text if len(text) <= most else self._attribute(text, holds)

    def _attribute(self, key: object, holds: Callable[[Node], bool]) -> str:
        """That an attribute of our own is there, on the nodes where a condition holds."""
        if key not in self._names:
            name = self._names[key] = f"{COMPUTED}{len(self._names) + 1}"
            self.computed[name] = ["true" if holds(node) else None for node in self.nodes]
        return f"attribute:{self._names[key]} exists"

    def _tolerated(self, group: PodGroup) -> Iterator[RuleSpec]:
        if refused_by(self._taints, group.shape.tolerations):
            yield RuleSpec("tolerates", ", ".join(group.shape.tolerations))

    def _avoided(self, group: PodGroup) -> Iterator[RuleSpec]:
        for taint in refused_by(self._taints, group.shape.tolerations, soft=True):
            pattern = re.escape(taint).replace("\\-", "-")
            yield RuleSpec("prefers", f"{AVOIDED}, not (attribute:{ATTRIBUTE} =~ '(?:.*,)?{pattern}(?:,.*)?')")

    def _rather(self, group: PodGroup) -> Iterator[RuleSpec]:
        for weight, term in group.shape.rather:
            if not term.labels and not term.fields:
                continue  # It matches no node, so that it prefers none.
            most = MAX_LENGTH - len(f"{weight}, ")
            text = self._short(term.expression(), partial(_matches_any, (term,)), most)
            yield RuleSpec("prefers", f"{weight}, {text}")

    # Other pods.

    def _companions(self, group: PodGroup, term: PodTerm, near: bool, remarks: list[str]) -> Iterator[RuleSpec]:
        """A term of pod affinity or anti-affinity."""
        chosen = term.chosen_by(dict(group.labels))
        families, unknown = self._selected(chosen, all_if_unknown=not near)
        what = "affinity" if near else "anti-affinity"
        if unknown:
            took = "all are taken for selected" if not near else "none is taken for selected"
            remarks.append(f"its pod {what} selects namespaces by labels that no document gives: {took}")
        some = [family for family, whole in families.items() if not whole and family != group.family]
        if some:
            remarks.append(f"its pod {what} selects only some pods of {listed(some)}: all of them count")
        weight = f", {term.weight}" if term.weight else ""
        field = f"attribute:{term.key}"
        own = group.family in families and self._selects(chosen, group)
        if group.family in families and (not own or not families[group.family]):
            own = own or not near
            remarks.append(f"its pod {what} selects only some of its own pods: all revisions count alike")
        others = [family for family in families if family != group.family]
        if near:
            if own or others:
                yield RuleSpec(
                    "affinity", f"{' | '.join([*([group.family] if own else []), *others])}, {field}{weight}"
                )
            elif not term.weight:
                remarks.append("its pod affinity selects no pod of the cluster: it can be nowhere")
                yield RuleSpec("memberOf", NOWHERE)
            return
        if own or others:
            lacking = [node.name for node in self.nodes if term.key not in node.labels]
            if lacking and not term.weight:
                remarks.append(
                    f"{listed(lacking)} without the label {term.key}: its pod anti-affinity holds on each of them alone, "
                    "where Kubernetes asks for nothing"
                )
        if own:
            yield RuleSpec("antiAffinity", f"{group.family}, {field}{weight}")
        if others:
            yield RuleSpec("antiAffinity", f"{' | '.join(others)}, {field}{weight}")

    def _selects(self, chosen: Chosen, group: PodGroup) -> bool:
        return chosen.holds(dict(group.labels))

    def _selected(self, chosen: Chosen, *, all_if_unknown: bool) -> tuple[dict[str, bool], tuple[str, ...]]:
        """The families that are selected, and whether all of their groups are; and namespaces of which it is not known."""
        key = (chosen, all_if_unknown)
        if key not in self._families:
            unknown = tuple(name for name in self._members if self._in_namespace(chosen, name) is None)
            found: dict[str, list[bool]] = {}
            for name, groups in self._members.items():
                inside = self._in_namespace(chosen, name)
                for group in groups if (all_if_unknown if inside is None else inside) else ():
                    found.setdefault(group.family, []).append(chosen.holds(dict(group.labels)))
            self._families[key] = ({family: all(holds) for family, holds in found.items() if any(holds)}, unknown)
        return self._families[key]

    def _in_namespace(self, chosen: Chosen, name: str) -> bool | None:
        """Whether pods of a namespace may be selected; None where its labels would tell and are not known."""
        if name in chosen.namespaces:
            return True
        if chosen.of_namespaces is None:
            return False
        if name in self._namespaces or set(chosen.of_namespaces.keys()) <= {NAMESPACE_NAME}:
            return chosen.of_namespaces.matches({NAMESPACE_NAME: name, **self._namespaces.get(name, {})})
        return None

    # Spreading.

    def _skews(self, group: PodGroup, remarks: list[str]) -> Iterator[RuleSpec]:
        """Its topology spread constraints that refuse."""
        hard = [spread for spread in group.shape.spreads if spread.hard]
        keys = tuple(dict.fromkeys(spread.key for spread in hard))
        for spread in hard:
            if self._counts_itself(group, spread, remarks):
                argument = f"attribute:{spread.key}, {spread.skew}, {spread.least}, "
                room = MAX_LENGTH - 1
                yield RuleSpec("maxSkew", argument + self._counted_on(group, spread, keys, room))

    def _counted_on(self, group: PodGroup, spread: Spread, keys: tuple[str, ...], most: int) -> str:
        """The nodes whose pods count: with all the keys, and where affinity and taints let the pod be, as the policies say."""
        shape = group.shape
        parts = [f"attribute:{key} exists" for key in keys]
        if spread.by_affinity:
            parts += [Term(shape.selector).expression()] if shape.selector else []
            parts += [either(shape.nodes)] if shape.nodes is not None else []

        def holds(node: Node) -> bool:
            return (
                all(key in node.labels for key in keys)
                and (not spread.by_affinity or _admits(group, node))
                and not (spread.by_taints and refused_by(node.every_taint, shape.tolerations))
            )

        text = both(parts)
        if not spread.by_taints:
            return self._short(text, holds, most)
        return self._attribute((text, shape.tolerations), holds)

    def _counts_itself(self, group: PodGroup, spread: Spread, remarks: list[str]) -> bool:
        """Whether a spread is over the group's own pods; with a remark where it is over others too."""
        chosen = spread.chosen_by(dict(group.labels))
        if not self._selects(chosen, group):
            remarks.append(
                f"its topology spread over {spread.key} counts other pods than its own, which is not modelled"
            )
            return False
        families, _ = self._selected(chosen, all_if_unknown=False)
        others = [family for family in families if family != group.family]
        if others:
            remarks.append(
                f"its topology spread over {spread.key} counts pods of {listed(others)} too: only its own do here"
            )
        if not families[group.family]:
            remarks.append(f"its topology spread over {spread.key} counts one revision: all of them do here")
        return True

    def _chain(self, group: PodGroup, remarks: list[str]) -> tuple[RuleSpec, ...] | None:
        """Its strategies: what it would rather spread over; by default over zones and nodes, as kube-scheduler does."""
        if group.scheduling is Scheduling.DAEMON:
            return None
        soft = [
            spread for spread in group.shape.spreads if not spread.hard and self._counts_itself(group, spread, remarks)
        ]
        found = [f"attribute:{spread.key}" for spread in soft]
        if not found and group.scheduling is Scheduling.REPLICA:
            found = [*([f"attribute:{ZONE}"] if self._has_zones else []), "instanceId"]
        if len(found) > MAX_STRATEGIES:
            remarks.append(f"of its {len(found)} soft topology spreads the first {MAX_STRATEGIES} count")
        return tuple(RuleSpec("spread", field) for field in dict.fromkeys(found[:MAX_STRATEGIES])) or None


def _admits(group: PodGroup, node: Node) -> bool:
    """Whether the node selector and the required node affinity of a group let it be on a node."""
    shape = group.shape
    return all(r.matches(node.labels) for r in shape.selector) and (
        shape.nodes is None or _matches_any(shape.nodes, node)
    )


def _matches_any(terms: Sequence[Term] | None, node: Node) -> bool:
    return any(term.matches(node.labels, node.name) for term in terms or ())


def _weight(rule: RuleSpec) -> int:
    """The weight of a preference, wherever it is written."""
    text = rule.argument.partition(",")[0] if rule.type == "prefers" else rule.argument.rpartition(",")[2]
    return int(text.strip()) if text.strip().isdigit() else 0
