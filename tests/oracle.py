"""Brute force on tiny problems: every plan there is, judged by a second, independent reading of the semantics.

Plain Python over dictionaries. It shares no code with the model, the checker or the numpy form of a rule; of the product
it uses only the types of the request and the syntax tree of an expression (evaluated by ``tests.query.row_by_row``).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction

from solver.domain.problem import Problem
from solver.domain.request import Preempt, RuleSpec, Scheduling, TaskGroup
from solver.query import parse, reads_state
from tests.query import row_by_row

State = tuple[tuple[int, ...], ...]
"""``state[g][i]``: tasks of each group on each instance."""


class Oracle:
    """All plans of a problem and their tier values.

    Parameters
    ----------
    goal
        The tier in which moves must gain, where the request asks for it: which one it is, counting has said. None where
        nothing can be gained.
    """

    def __init__(self, problem: Problem, goal: int | None = None) -> None:
        self.p = problem
        self.goal = goal
        self.groups = problem.groups
        self.I = range(problem.cluster.size)
        self.G = range(len(problem.groups))
        self.before: State = tuple(tuple(row) for row in problem.running.to_dense().tolist())
        self.attributes = {n: [column[i] for i in self.I] for n, column in problem.cluster.attributes.items()}
        self.free = problem.cluster.free.tolist()
        self.capacity = problem.cluster.capacity.tolist()
        self.owed = self._debts()
        self.reserved = self._reserved()
        self.running = [sum(row) for row in self.before]
        self.leaving = [[self._leaving(g, i) for i in self.I] for g in self.G]
        self.stoppable = [[self._stoppable(g, i) for i in self.I] for g in self.G]
        self.asked = [min(group.stop, sum(self.stoppable[g])) for g, group in enumerate(self.groups)]
        self.desired = [self.running[g] + group.start - self.asked[g] for g, group in enumerate(self.groups)]
        self.staying = [self.running[g] - self.asked[g] - sum(self.leaving[g]) for g in self.G]

    # The best plan.

    def plans(self) -> Iterator[State]:
        """Every state that the operation allows and that breaks no rule."""
        options = self.options()
        for state in itertools.product(*options):
            if self._within_budgets(state) and self._whole(state) and self.allowed(state):
                yield state

    def options(self) -> list[list[tuple[int, ...]]]:
        """For each group every row that the operation allows it, whatever the others do."""
        return [list(self._rows(g)) for g in self.G]

    def _whole(self, state: State) -> bool:
        """All or nothing of the request: everything that is wanted, or nothing more than before."""
        if not self.p.all_or_nothing:
            return True
        more = [sum(state[g]) - self.running[g] for g in self.G]
        short = any(more[g] < self.groups[g].start for g in self.G if self.groups[g].start)
        return not short or all(m <= 0 for m in more)

    def best(self) -> tuple[int, ...]:
        """The least vector of tier values."""
        return min(self.tiers(state) for state in self.plans())

    def _rows(self, g: int) -> Iterator[tuple[int, ...]]:
        group, before = self.groups[g], self.before[g]
        startable = group.start + (sum(self.stoppable[g]) if self._moves(g) else 0)
        low = [before[i] - self.stoppable[g][i] for i in self.I]
        high = [
            before[i] - self.leaving[g][i] if self.leaving[g][i] else before[i] + startable * self._static(g, i)
            for i in self.I
        ]
        kept = self.running[g] - sum(self.stoppable[g]) if self._preemptible(g) else self.staying[g]
        for row in itertools.product(*(range(a, b + 1) for a, b in zip(low, high, strict=True))):
            end, moved = sum(row), self.moved(g, row)
            gang = group.all_or_nothing and 0 < end - self.running[g] < group.start
            many = moved > 0 and not self._moves(g) or group.max_moves is not None and moved > group.max_moves
            if kept <= end <= self.desired[g] and not gang and not many:
                yield row

    def moved(self, g: int, row: tuple[int, ...]) -> int:
        """Tasks of the group that stop here and start there."""
        change = [after - before for after, before in zip(row, self.before[g], strict=True)]
        return min(sum(c for c in change if c > 0), -sum(c for c in change if c < 0))

    def _within_budgets(self, state: State) -> bool:
        moved = [self.moved(g, state[g]) for g in self.G]
        cost = sum(self.groups[g].move_cost * moved[g] for g in self.G)
        most, most_cost = self.p.freedom.max_moves, self.p.freedom.max_move_cost
        within = (most is None or sum(moved) <= most) and (most_cost is None or cost <= most_cost)
        return within and self._pays(state, cost)

    def _pays(self, state: State, cost: int) -> bool:
        """Whether the moves gain what they must."""
        if not self.p.freedom.min_gain:
            return True
        gained = 0 if self.goal is None else self.tiers(self.before)[self.goal] - self.tiers(state)[self.goal]
        return self.p.freedom.min_gain * cost <= 1000 * gained

    # What may stop.

    def _free_to_stop(self, g: int, i: int, awake: bool = False) -> int:
        """Tasks that are not protected (and run, if ``awake``), as far as they are known by name."""
        here = [task for task in self.p.tasks if (task.group, task.instance) == (g, i)]
        held = sum(1 for task in here if task.protected or (awake and not task.running))
        return 0 if self.p.frozen[i] else max(self.before[g][i] - held, 0)

    def _leaving(self, g: int, i: int) -> int:
        replaced = self.groups[g].movable or self.groups[g].scheduling is Scheduling.REPLICA
        return self._free_to_stop(g, i) if self.p.drained[i] and replaced else 0

    def _preemptible(self, g: int) -> bool:
        wanting = [group.priority for group in self.groups if group.start]
        if self.p.freedom.preempt is Preempt.NONE or not wanting:
            return False
        lower = self.groups[g].priority < max(wanting) or self.p.freedom.preempt is Preempt.ANY
        return lower and self.groups[g].scheduling is not Scheduling.DAEMON

    def _stoppable(self, g: int, i: int) -> int:
        if self.groups[g].stop or self._preemptible(g) or self.leaving[g][i]:
            return self._free_to_stop(g, i)
        return self._free_to_stop(g, i, awake=True) if self.groups[g].movable else 0

    def _moves(self, g: int) -> bool:
        return self.groups[g].movable or sum(self.leaving[g]) > 0

    # Instances.

    def attribute(self, i: int, name: str) -> str | None:
        """An attribute's value."""
        return self.attributes[name][i] if name in self.attributes else None

    def bucket(self, i: int, field: str) -> str | None:
        """The value of a field."""
        if field in ("instanceId", "host"):
            return self.p.cluster.instance_ids[i]
        return self.attribute(i, field.removeprefix("attribute:"))

    def _needs(self, g: int, i: int) -> bool:
        """Required attributes, location, providers and static expressions."""
        group = self.groups[g]
        for text in group.required_attributes:
            name, _, value = text.partition("=")
            found = self.attribute(i, name)
            if found is None or (value and found != value):
                return False
        if group.zones and self.attribute(i, "ecs.availability-zone") not in group.zones:
            return False
        if group.capacity_providers and self.p.cluster.capacity_provider[i] not in group.capacity_providers:
            return False
        for spec in group.constraints:
            static = spec.type == "memberOf" and not reads_state(parse(spec.argument))
            if static and not row_by_row.selects(parse(spec.argument), self._row(self.before, i)):
                return False
            if spec.type == "tolerates" and not self._tolerated(i, spec.argument):
                return False
        return True

    def _tolerated(self, i: int, argument: str) -> bool:
        """Whether each taint of the instance that refuses tasks is one of those that the argument stands for."""
        taints = [taint for taint in (self.attribute(i, "taints") or "").split(",") if taint]
        refusing = [taint.rsplit(":", 1) for taint in taints if not taint.endswith("PreferNoSchedule")]
        written = {text.strip() for text in argument.split(",")}
        return all(
            written & {f"{what}{end}" for what in (rest, rest.split("=")[0], "*") for end in ("", f":{effect}")}
            for rest, effect in refusing
        )

    def usable(self, g: int, i: int) -> bool:
        """ACTIVE, connected and admitted by what does not depend on counts."""
        return bool(self.p.cluster.active[i]) and bool(self.p.cluster.connected[i]) and self._needs(g, i)

    def _static(self, g: int, i: int) -> bool:
        return self.usable(g, i) and not bool(self.p.frozen[i]) and not bool(self.p.drained[i])

    def _row(self, state: State, i: int, without: int | None = None) -> row_by_row.Row:
        groups: dict[str, int] = {}
        for g in self.G:
            groups[self.groups[g].family] = groups.get(self.groups[g].family, 0) + state[g][i]
        if without is not None:
            groups[self.groups[without].family] -= 1
        attributes = {n: c[i] for n, c in self.p.cluster.attributes.items() if c[i] is not None}
        return {
            "attributes": attributes,
            "agentConnected": bool(self.p.cluster.connected[i]),
            "agentVersion": self.p.cluster.agent_version[i],
            "ec2InstanceId": self.p.cluster.ec2_instance_id[i],
            "registeredAt": self.p.cluster.registered_at[i],
            "runningTasksCount": sum(groups.values()) + int(self.p.cluster.unlisted_tasks[i]),
            "groups": groups,
        }

    # Counts.

    def family(self, state: State, name: str, i: int) -> int:
        """Tasks of a family, or of several, on an instance."""
        return sum(state[g][i] for g in self.G if self._is_of(g, name))

    def _is_of(self, g: int, name: str) -> bool:
        """Whether the group is of the family, or of one of several with ``|`` between them."""
        return self.groups[g].family in [one.strip() for one in name.split("|")]

    def started(self, state: State, g: int, i: int) -> int:
        """New tasks."""
        return state[g][i] - self.before[g][i]

    def in_bucket(self, state: State, name: str, field: str, value: str) -> int:
        """Tasks of a family in a bucket."""
        return sum(self.family(state, name, i) for i in self.I if self.bucket(i, field) == value)

    def _debts(self) -> dict[int, list[int]]:
        """For each DAEMON family, the revision that it owes (the one wanted, else the last) and where."""
        daemons = [g for g in self.G if self.groups[g].scheduling is Scheduling.DAEMON]
        debts = {}
        for family in dict.fromkeys(self.groups[g].family for g in daemons):
            revisions = [g for g in daemons if self.groups[g].family == family]
            owed = next((g for g in revisions if self.groups[g].start), revisions[-1])
            debts[owed] = [int(self.usable(owed, i) and not self.family(self.before, family, i)) for i in self.I]
        return debts

    def _paid(self, state: State, g: int, i: int) -> int:
        """Starts of any DAEMON revision of the family that owes."""
        same = [h for h in self.G if self.groups[h].family == self.groups[g].family]
        return sum(self.started(state, h, i) for h in same if self.groups[h].scheduling is Scheduling.DAEMON)

    def _reserved(self) -> list[list[int]]:
        reserved = [[0] * len(self.p.cluster.resources) for _ in self.I]
        for spec in self.p.rules:
            if spec.type == "reserve":
                resource, amount, *where = [part.strip() for part in spec.argument.split(",", 2)]
                for i in self.I:
                    if not where or row_by_row.selects(parse(where[0]), self._row(self.before, i)):
                        reserved[i][self.p.cluster.resources.index(resource)] += int(amount)
        return reserved

    # Constraints.

    def allowed(self, state: State) -> bool:
        """No rule is broken beyond what it was before."""
        return all(
            self._resources(state, i) and self._ports(state, i) and self._roles(state, i) and self._devices(state, i)
            for i in self.I
        ) and all(
            self._constraint(state, g, spec)
            for g in self.G
            for spec in (*self.groups[g].constraints, *self._by_itself(self.groups[g]))
        )

    def _resources(self, state: State, i: int) -> bool:
        for r, name in enumerate(self.p.cluster.resources):
            need = [group.demand.get(name, 0) for group in self.groups]
            added = sum(need[g] * self.started(state, g, i) for g in self.G)
            free_after = self.free[i][r] - added
            withheld = self.reserved[i][r]
            for g, owed in self.owed.items():
                withheld += need[g] * max(owed[i] - self._paid(state, g, i), 0)
            if free_after < withheld and added > 0:
                return False
        return True

    def _ports(self, state: State, i: int) -> bool:
        used = self.p.cluster.used_ports
        before_all = sum(1 for holders in used.values() if i in holders.tolist())
        added_all = 0
        for port in {port for group in self.groups for port in group.ports}:
            holders = [g for g in self.G if port in self.groups[g].ports]
            taken = int(port in used and i in used[port].tolist())
            before = max(taken, sum(self.before[g][i] for g in holders))
            added = sum(self.started(state, g, i) for g in holders)
            added_all += added
            if before + added > max(1, before):
                return False
            barred = [g for g in holders if self.groups[g].scheduling is not Scheduling.DAEMON]
            owed = any(self.owed[g][i] for g in self.owed if g in holders)
            if owed and any(self.started(state, g, i) > 0 for g in barred):
                return False
        return before_all + added_all <= max(100, before_all)

    def _devices(self, state: State, i: int) -> bool:
        """Some way to give each new task its devices; which tasks stop follows from who they are."""
        free = [int(amount) for amount in self.p.cluster.devices[i]]
        starting = []
        for g in self.G:
            need = self.groups[g].devices
            if need is None:
                continue
            here = [task for task in self.p.tasks if (task.group, task.instance) == (g, i)]
            here.sort(key=lambda task: (task.protected, task.healthy, task.running, task.id))
            for task in here[: max(self.before[g][i] - state[g][i], 0)]:
                for device in task.devices:
                    free[device] += need.each
            starting += [need] * self.started(state, g, i)
        ways = [itertools.combinations(range(len(free)), need.count) for need in starting]
        for way in itertools.product(*ways):
            held = [sum(n.each for n, on in zip(starting, way, strict=True) if d in on) for d in range(len(free))]
            if all(amount <= most for amount, most in zip(held, free, strict=True)):
                return True
        return False

    def _roles(self, state: State, i: int) -> bool:
        for spec in self.p.rules:
            if spec.type == "isolateRoles":
                roles = [role.strip() for role in spec.argument.split(",")]
                if self._mixed(state, i, roles) > self._mixed(self.before, i, roles):
                    return False
        return True

    def _mixed(self, state: State, i: int, roles: list[str]) -> int:
        counts = [sum(state[g][i] for g in self.G if self.groups[g].role == role) for role in roles]
        return sum(counts) if sum(count > 0 for count in counts) > 1 else 0

    def _by_itself(self, group: TaskGroup) -> tuple[RuleSpec, ...]:
        """A DAEMON group has one task on an instance."""
        return (RuleSpec("distinctInstance"),) if group.scheduling is Scheduling.DAEMON else ()

    def _constraint(self, state: State, g: int, spec: RuleSpec) -> bool:
        group = self.groups[g]
        parts = [part.strip() for part in spec.argument.split(",")]
        if spec.type in ("distinctInstance", "maxPerInstance"):
            k = 1 if spec.type == "distinctInstance" else int(spec.argument)
            return all(
                self.family(state, group.family, i) <= max(k, self.family(self.before, group.family, i)) for i in self.I
            )
        if spec.type == "memberOf":
            return self._member_of(state, g, spec)
        if spec.type == "maxSkew":
            return self._max_skew(state, g, spec.argument)
        if spec.type in ("tolerates", "prefers") or len(parts) == 3:
            return True
        return self._affinity(state, g, *parts) if spec.type == "affinity" else self._anti(state, g, *parts)

    def _member_of(self, state: State, g: int, spec: RuleSpec) -> bool:
        expression = parse(spec.argument)
        for i in self.I:
            if self.started(state, g, i) > 0:
                if not row_by_row.selects(expression, self._row(self.before, i)):
                    return False
                if not row_by_row.selects(expression, self._row(state, i, without=g)):
                    return False
        return True

    def _max_skew(self, state: State, g: int, argument: str) -> bool:
        field, k, least, members = self._skewed(g, argument)
        if not self._starts_any(state, self.groups[g].family):
            return True
        values = {self.bucket(i, field) for i in members} - {None}
        started = [i for i in self.I if self.started(state, g, i) > 0]
        named = len(argument.split(",", 3)) == 4
        if any(self.bucket(i, field) is None or (named and i not in members) for i in started):
            return False
        if not values:
            return not started
        before, after = self._by_value(self.before, g, argument), self._by_value(state, g, argument)
        few = len(values) < least
        lowest, lowest_before = (0, 0) if few else (min(after.values()), min(before.values()))
        if max(after.values()) - lowest > max(k, max(before.values()) - lowest_before):
            return False
        return all(after.get(self.bucket(i, field) or "", 0) - lowest <= k for i in started)

    def _skewed(self, g: int, argument: str) -> tuple[str, int, int, list[int]]:
        """Field, most difference, least number of values, and the instances that the values are taken from."""
        field, k, *more = [part.strip() for part in argument.split(",", 3)]
        if len(more) == 2:
            expression = parse(more[1])
            members = [i for i in self.I if row_by_row.selects(expression, self._row(self.before, i))]
        else:
            members = [i for i in self.I if self.usable(g, i)]
        return field, int(k), int(more[0]) if more else 1, members

    def _by_value(self, state: State, g: int, argument: str) -> dict[str, int]:
        """Tasks of the family in each value that counts: with an expression of its own only those where it holds."""
        field, _, _, members = self._skewed(g, argument)
        counted = members if len(argument.split(",", 3)) == 4 else self.I
        return {
            value: sum(self.family(state, self.groups[g].family, i) for i in counted if self.bucket(i, field) == value)
            for value in {self.bucket(i, field) for i in members}
            if value is not None
        }

    def _starts_any(self, state: State, *families: str) -> bool:
        """Whether a task of one of the families starts: where none does, a stop is never refused."""
        members = [g for g in self.G if any(self._is_of(g, one) for one in families)]
        return any(self.started(state, g, i) > 0 for g in members for i in self.I)

    def _values(self, field: str) -> set[str]:
        return {value for i in self.I if (value := self.bucket(i, field)) is not None}

    def _affinity(self, state: State, g: int, family: str, field: str) -> bool:
        if any(self.started(state, g, i) > 0 and self.bucket(i, field) is None for i in self.I):
            return False
        if not self._starts_any(state, family) and not any(self.started(state, g, i) > 0 for i in self.I):
            return True
        if self._is_of(g, family):
            used = [
                sum(self.in_bucket(s, family, field, v) > 0 for v in self._values(field)) for s in (state, self.before)
            ]
            return used[0] <= max(1, used[1])
        for value in self._values(field):
            alone = [
                0 if self.in_bucket(s, family, field, value) else self._own(s, g, field, value)
                for s in (state, self.before)
            ]
            if alone[0] > alone[1]:
                return False
        return True

    def _own(self, state: State, g: int, field: str, value: str) -> int:
        return sum(state[g][i] for i in self.I if self.bucket(i, field) == value)

    def _anti(self, state: State, g: int, family: str, field: str) -> bool:
        for members in self._apart(field):
            after, before = (self._together(s, g, family, members) for s in (state, self.before))
            if after > before:
                return False
        return True

    def _apart(self, field: str) -> list[list[int]]:
        """Instances by value; one without the field is alone."""
        by_value = [[i for i in self.I if self.bucket(i, field) == value] for value in self._values(field)]
        return by_value + [[i] for i in self.I if self.bucket(i, field) is None]

    def _together(self, state: State, g: int, family: str, members: list[int]) -> int:
        own = sum(state[g][i] for i in members)
        theirs = sum(self.family(state, family, i) for i in members)
        if self._is_of(g, family):
            return theirs if theirs > 1 else 0
        return own + theirs if own and theirs else 0

    # Objective.

    def tiers(self, state: State) -> tuple[int, ...]:
        """The values of the tiers, in order (§5.1)."""
        changing = [g for g in self.G if self.groups[g].start or sum(self.stoppable[g])]
        movers = [g for g in changing if self._moves(g)]
        values = self._first_tiers(state, movers)
        if self.p.freedom.empty:
            used = [self._opened(s, list(self.G)) for s in (state, self.before)]
            values.append(max(used[0] - used[1] + self.p.freedom.empty, 0))
            values += [self._move_cost(state, movers)] if movers else []
        if self.p.freedom.repair:
            values.append(self._broken(state))
        if self.p.freedom.consolidate:
            values.append(self._opened(state, list(self.G)))
        if self.p.freedom.slot:
            values.append(self._slot_missing(state))
        wanting = [g for g in changing if self.groups[g].start or self.asked[g] or g in movers]
        chains = {g: self._chain(self.groups[g]) for g in wanting}
        for position in range(max((len(chain) for chain in chains.values()), default=0)):
            here = {g: chain[position] for g, chain in chains.items() if position < len(chain)}
            values += self._spread(state, {g: spec for g, spec in here.items() if spec.type == "spread"})
            values += self._binpack(state, {g: spec for g, spec in here.items() if spec.type == "binpack"})
        soft = self._soft(state)
        if soft is not None:
            values.append(soft)
        if movers and not (self.p.freedom.interleaved or self.p.freedom.empty):
            values.append(self._move_cost(state, movers))
        return tuple(values)

    def _slot_missing(self, state: State) -> int:
        """Thousandths of the slot that are missing where it is nearly free."""
        least = 1000
        for i in self.I:
            if not (self.p.cluster.active[i] and self.p.cluster.connected[i]) or self.p.frozen[i] or self.p.drained[i]:
                continue
            worst = 0
            for name, need in self.p.freedom.slot.items():
                r = self.p.cluster.resources.index(name)
                taken = sum(self.started(state, g, i) * self.groups[g].demand.get(name, 0) for g in self.G)
                short = min(max(need - (self.free[i][r] - taken), 0), need)
                worst = max(worst, math.ceil(Fraction(1000 * short, need)))
            least = min(least, worst)
        return least

    def _broken(self, state: State) -> int:
        """Pairs of a rule and an instance or bucket that a state breaks, whoever broke them."""
        count = 0
        for i in self.I:
            for r, name in enumerate(self.p.cluster.resources):
                need = [group.demand.get(name, 0) for group in self.groups]
                free = self.free[i][r] - sum(need[g] * self.started(state, g, i) for g in self.G)
                owed = sum(need[g] * max(o[i] - self._paid(state, g, i), 0) for g, o in self.owed.items())
                count += free < self.reserved[i][r] + owed
            for port in {port for group in self.groups for port in group.ports}:
                holders = [g for g in self.G if port in self.groups[g].ports]
                taken = int(port in self.p.cluster.used_ports and i in self.p.cluster.used_ports[port].tolist())
                before = max(taken, sum(self.before[g][i] for g in holders))
                count += before + sum(self.started(state, g, i) for g in holders) > 1
            for spec in self.p.rules:
                if spec.type == "isolateRoles":
                    count += self._mixed(state, i, [role.strip() for role in spec.argument.split(",")]) > 0
        return count + sum(self._broken_by(state, g) for g in self.G)

    def _broken_by(self, state: State, g: int) -> int:
        """Pairs that the rules of one group have broken."""
        group, count = self.groups[g], 0
        for i in self.I:
            wanted = [text.partition("=") for text in group.required_attributes]
            lacks = any(
                (found := self.attribute(i, name)) is None or bool(value and found != value)
                for name, _, value in wanted
            )
            away = bool(group.zones) and self.attribute(i, "ecs.availability-zone") not in group.zones
            foreign = bool(group.capacity_providers) and (
                self.p.cluster.capacity_provider[i] not in group.capacity_providers
            )
            count += (lacks + away + foreign) * (state[g][i] > 0)
        for spec in (*group.constraints, *self._by_itself(group)):
            parts = [part.strip() for part in spec.argument.split(",")]
            if spec.type in ("distinctInstance", "maxPerInstance"):
                k = 1 if spec.type == "distinctInstance" else int(spec.argument)
                count += sum(self.family(state, group.family, i) > k for i in self.I)
            elif spec.type == "maxSkew":
                _, k, least, _ = self._skewed(g, spec.argument)
                filled = list(self._by_value(state, g, spec.argument).values())
                count += bool(filled) and max(filled) - (0 if len(filled) < least else min(filled)) > k
            elif spec.type == "affinity" and len(parts) == 2:
                held = {v: self.in_bucket(state, parts[0], parts[1], v) for v in self._values(parts[1])}
                if self._is_of(g, parts[0]):
                    count += sum(n > 0 for n in held.values()) > 1
                else:
                    count += sum(not n and self._own(state, g, parts[1], v) > 0 for v, n in held.items())
            elif spec.type == "antiAffinity" and len(parts) == 2:
                count += sum(self._together(state, g, parts[0], members) > 0 for members in self._apart(parts[1]))
        return count

    def _move_cost(self, state: State, movers: list[int]) -> int:
        return sum(self.groups[g].move_cost * self.moved(g, state[g]) for g in movers)

    def _first_tiers(self, state: State, movers: list[int]) -> list[int]:
        """Class by class: lost although nobody asked, wanted and nowhere, and moves where they matter there."""
        values = []
        any_counts = self.p.freedom.preempt is Preempt.ANY
        for priority in sorted({group.priority for group in self.groups}, reverse=True):
            members = [g for g in self.G if self.groups[g].priority == priority]
            # One whose every task is protected or leaves anyway has nothing to lose.
            losing = [g for g in members if self._preemptible(g) and self._least(g) < self.staying[g]]
            wanting = [g for g in members if self.groups[g].start or sum(self.leaving[g])]
            lost = {g: max(self.staying[g] - sum(state[g]), 0) for g in losing}
            missing = {g: self.desired[g] - sum(state[g]) for g in members}
            if any_counts and (losing or wanting):
                values.append(sum(missing[g] for g in {*losing, *wanting}))
            elif not any_counts:
                if losing:
                    values.append(sum(lost.values()))
                if wanting:
                    values.append(sum(missing[g] - lost.get(g, 0) for g in wanting))
            if self.p.freedom.interleaved and (mine := [g for g in members if g in movers]):
                values.append(self._move_cost(state, mine))
        return values

    def _least(self, g: int) -> int:
        return self.running[g] - sum(self.stoppable[g])

    def _chain(self, group: TaskGroup) -> tuple[RuleSpec, ...]:
        return group.strategies or ()

    def _spread(self, state: State, specs: dict[int, RuleSpec]) -> list[int]:
        if not specs:
            return []
        missing = squares = 0
        for family, field in {(self.groups[g].family, spec.argument) for g, spec in specs.items()}:
            members = [g for g in self.G if self.groups[g].family == family]
            values = {self.bucket(i, field) for i in self.I if any(self.usable(g, i) for g in members)} - {None}
            missing += sum(self.family(state, family, i) for i in self.I if self.bucket(i, field) is None)
            squares += sum(self.in_bucket(state, family, field, value) ** 2 for value in values)
        return [missing, squares]

    def _binpack(self, state: State, specs: dict[int, RuleSpec]) -> list[int]:
        if not specs:
            return []
        values = [self._opened(state, list(specs))]
        for resource in dict.fromkeys(spec.argument for spec in specs.values()):
            r = self.p.cluster.resources.index(resource)
            packing = [g for g, spec in specs.items() if spec.argument == resource]
            values.append(sum(state[g][i] * max(self.free[i][r], 0) for g in packing for i in self.I))
        return values

    def _opened(self, state: State, packing: list[int]) -> int:
        """Instances that only these groups keep in use."""
        daemon = {g for g in self.G if self.groups[g].scheduling is Scheduling.DAEMON}
        opened = 0
        for i in self.I:
            listed = [
                sum(self.before[g][i] * self.groups[g].demand.get(name, 0) for g in self.G)
                for name in self.p.cluster.resources
            ]
            unlisted = self.p.cluster.unlisted_tasks[i] > 0 or any(
                self.capacity[i][r] - self.free[i][r] > listed[r] for r in range(len(listed))
            )
            mine = any(state[g][i] for g in packing if g not in daemon)
            others = any(state[g][i] for g in self.G if g not in packing and g not in daemon)
            opened += mine and not others and not unlisted
        return opened

    def _soft(self, state: State) -> int | None:
        total = None
        for g in self.G:
            for spec in self.groups[g].constraints:
                parts = [part.strip() for part in spec.argument.split(",")]
                if spec.type in ("affinity", "antiAffinity") and len(parts) == 3:
                    total = (total or 0) + int(parts[2]) * self._soft_count(state, g, spec.type, parts[0], parts[1])
                if spec.type == "prefers":
                    weight, text = spec.argument.split(",", 1)
                    away = [i for i in self.I if not row_by_row.selects(parse(text), self._row(self.before, i))]
                    total = (total or 0) + int(weight) * sum(state[g][i] for i in away)
        return total

    def _soft_count(self, state: State, g: int, kind: str, family: str, field: str) -> int:
        count = 0
        if kind == "antiAffinity":
            companions = 2 if self._is_of(g, family) else 1
            for members in self._apart(field):
                if sum(self.family(state, family, i) for i in members) >= companions:
                    count += sum(state[g][i] for i in members)
            return count
        for i in self.I:
            value = self.bucket(i, field)
            if value is None or not self.in_bucket(state, family, field, value):
                count += state[g][i]
        return count
