"""Fewest instances opened: first fit, counting, column generation, noisy rounding, the restricted master in integers.

Each step ends the search as soon as a plan meets the bound. Everything but the clock is counted in iterations, so that
the same problem and seed give the same plan whenever time cuts nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import numpy as np

from solver.domain.counts import Ints
from solver.engines.deadline import Deadline
from solver.engines.kernels import compiled
from solver.engines.patterns import diving
from solver.engines.patterns.box import Box
from solver.engines.patterns.branching import REDUCED_COST, Generator, Tree, Verdict
from solver.engines.patterns.check import holds, opened, weight
from solver.engines.patterns.classes import Classes, classes
from solver.engines.patterns.closing import choose, usable
from solver.engines.patterns.counting import counting_bound
from solver.engines.patterns.fillers import Filler, Searches, Tables
from solver.engines.patterns.handing_back import hand_back
from solver.engines.patterns.lightening import lighten
from solver.engines.patterns.master import Columns, Master, Relaxation, worth_keeping
from solver.engines.patterns.memory import recalled, remembered
from solver.engines.patterns.pricing import Certificate, certified
from solver.engines.patterns.problem import PackingProblem, PackingResult, PatternMemory, Started
from solver.engines.patterns.rounding import on_instances, round_with_noise
from solver.engines.patterns.state import PartialPlan
from solver.engines.patterns.types import TaskTypes, task_types

OnIncumbent = Callable[[PackingResult], None]

FIRST_FITS = 8
"""Orders tried for the first plan."""
FIRST_TRIES = 60
"""Roundings before the integer program."""
SIGMAS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
TRIES_ON_THE_WAY = 2
"""Roundings of each relaxation before the last."""
TRIES_A_BOX = 6
FIRST_BOXES = 20
"""Boxes of the search tree looked at before the integer program."""
CLOSING_SHARE = 0.5
"""Of the time left, for each choice among all fillings that matter."""
DIVING_SHARE, FIRST_DIVES, MAX_DIVES = 0.6, 4, 20
"""Of the time left, for each dive; and how many there are before the search tree and at the end."""
INTEGER_SHARE = 0.3
"""Of the time left, for the integer program."""
MAX_TRIES = 20_000
MAX_TYPES, MAX_ZONES, MAX_TYPE_CELLS = 500, 64, 2 * 10**7
"""The largest problem taken on: types, zones, types times instances."""
LIGHT_TRIES = 30
"""Roundings for the second cost alone."""


class Search:
    """One search; what it knows grows until ``result`` is read."""

    def __init__(
        self,
        problem: PackingProblem,
        types: TaskTypes,
        deadline: Deadline,
        seed: int,
        on_incumbent: OnIncumbent | None,
        memory: PatternMemory | None = None,
    ) -> None:
        self._problem = problem
        self._types = types
        self._deadline = deadline
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self._on_incumbent = on_incumbent
        self._memory = memory
        self._closed = int(problem.empty.sum())
        self._best: Started | None = None
        self._opened, self._weight = self._closed + 1, 0
        self._bound, self._source = 0, "counting"
        self._columns = Columns(types.count)
        self._plan = PartialPlan(problem, types)
        self._relaxation: Relaxation | None = None
        self._uncompiled = False

    @cached_property
    def _classes(self) -> Classes:
        return classes(self._problem, self._types)

    @cached_property
    def _filler(self) -> Filler:
        exact = self._classes.loose is self._classes.grid
        self._uncompiled = not exact and not self._compiled()
        return Tables(self._types, self._classes) if exact or self._uncompiled else Searches(self._types, self._classes)

    def _compiled(self) -> bool:
        return compiled.ready(compiled.PACKING, self._deadline.remaining())

    # What is known

    @property
    def done(self) -> bool:
        """Nothing more to find, or no time to find it."""
        return self._opened <= self._bound or self._bound > self._closed or self._deadline.passed()

    def result(self) -> PackingResult:
        """The best plan so far beside the bound."""
        found = self._best is not None
        started = self._best if self._best is not None else Started.nothing()
        return PackingResult(
            found=found,
            impossible=self._bound > self._closed,
            started=started,
            opened=self._opened if found else 0,
            bound=min(self._bound, self._closed) if found else self._bound,
            proven=found and self._opened == self._bound,
            bound_source=self._source,
            weight=self._weight,
            uncompiled=self._uncompiled,
        )

    def memory(self) -> PatternMemory | None:
        """What is left for a problem like this one."""
        if self._relaxation is None:
            return self._memory
        return remembered(self._types, self._classes, self._columns, self._relaxation)

    def offer(self, started: Started) -> bool:
        """Take the plan if it holds and opens fewer, or as many at a smaller second cost."""
        cost = opened(self._problem, started), weight(self._problem, started)
        if self._best is not None and cost >= (self._opened, self._weight):
            return False
        if not holds(self._problem, started):
            return False
        self._best, (self._opened, self._weight) = started, cost
        if self._on_incumbent is not None:
            self._on_incumbent(self.result())
        return True

    def _offer_held(self, held: Ints) -> bool:
        started = hand_back(self._problem, self._types, held)
        return started is not None and self.offer(started)

    def _raise_bound(self, bound: int, source: str) -> None:
        if bound > self._bound:
            self._bound, self._source = bound, source

    # The steps

    def run(self) -> None:
        """All steps, until done."""
        recollection = None if self._memory is None else recalled(self._memory, self._types, self._classes)
        if self._best is None or recollection is None:
            self._first_fit()
        if self.done:
            return
        self._raise_bound(counting_bound(self._types, self._classes), "counting")
        if self.done:
            return
        if recollection is not None:
            kind, held, price = recollection
            root = Box.whole(self._types, self._classes)
            proof = certified(self._types, self._classes, self._filler, price, root)
            self._raise_bound(proof.bound, "relaxation")
            if self.done:
                return
            self._columns.add(kind, held)
        self._columns_of_plan()
        self._search_patterns(Generator(self._types, self._classes, self._columns, self._filler))

    def lighten(self) -> None:
        """Spend what time is left on the second cost of the best plan."""
        if self._best is None or self._problem.weight is None or self._deadline.passed():
            return
        self._lighten(self._problem.weight, self._held_by(self._best))
        if self._relaxation is None:
            return
        for number in range(LIGHT_TRIES):
            if self._deadline.passed():
                return
            if self._complete(self._relaxation, SIGMAS[number % len(SIGMAS)], self._opened):
                self._lighten(self._problem.weight, self._plan.held)

    def _lighten(self, weights: Ints, held: Ints) -> None:
        classes = self._classes
        if not self._deadline.passed():
            self._offer_held(lighten(self._problem, self._types, classes, weights, held, self._deadline))

    def _held_by(self, started: Started) -> Ints:
        """``int64[T, I]``: the tasks of each type that start on each instance."""
        held = np.zeros((self._types.count, self._problem.instances), dtype=np.int64)
        np.add.at(held, (self._types.of_group[started.group], started.instance), started.count)
        return held

    def _search_patterns(self, generator: Generator) -> None:
        """Everything that follows the first relaxation."""

        def on_the_way(relaxation: Relaxation, bound: int) -> bool:
            self._raise_bound(bound, "relaxation")
            self._relaxation = relaxation
            self._round(relaxation, TRIES_ON_THE_WAY)
            return self.done

        relaxation, bound = generator.relax(generator.root, self._opened - 1, self._deadline, on_the_way)
        self._raise_bound(bound, "relaxation")
        if relaxation is None or self.done:
            return
        self._round(relaxation, FIRST_TRIES)
        self._close(generator.certify(relaxation, generator.root))
        for _ in range(FIRST_DIVES):
            self._dive(relaxation)
        tree = self._tree(generator)
        tree = self._branch(generator, tree, FIRST_BOXES)
        if not self.done:
            self._integer(relaxation)
        while not self.done and not tree.exhausted:
            tree = self._branch(generator, tree, FIRST_BOXES)
            self._dive(relaxation)
        for _ in range(MAX_DIVES):
            self._dive(relaxation)
        self._round(relaxation, MAX_TRIES)

    def _tree(self, generator: Generator) -> Tree:
        """The search tree for a plan that meets the bound."""
        target = self._bound

        def round_off(relaxation: Relaxation) -> bool:
            self._round(relaxation, TRIES_A_BOX)
            return self._opened <= target

        return Tree(generator, target, round_off)

    def _branch(self, generator: Generator, tree: Tree, boxes: int) -> Tree:
        """Look at more boxes; the same tree, or the next one once the bound could be raised."""
        if self.done or tree.explore(boxes, self._deadline) is not Verdict.REFUTED:
            return tree
        self._raise_bound(self._bound + 1, "relaxation")
        return self._tree(generator)

    def _close(self, proof: Certificate) -> None:
        """Choose among all fillings that matter, for the largest target for which they can be listed, again and again."""
        target = min(self._opened, self._closed + 1) - 1
        while not self.done and target >= self._bound and self._compiled():
            listed = usable(self._types, self._classes, proof, target, self._deadline)
            if listed is None:
                target = min(target - 1, (target + self._bound) // 2)
                continue
            deadline = self._deadline.part(CLOSING_SHARE)
            chosen = choose(self._types, self._classes, listed, target, self._bound, deadline, self._seed)
            if chosen.times is not None:
                pattern = np.repeat(np.arange(len(chosen.times)), chosen.times)
                order = np.argsort(-self._plan.sizes(), kind="stable")
                if self._load(listed.kind[pattern], listed.held[pattern], order, target):
                    self._offer_held(self._plan.held)
            before = self._bound
            self._raise_bound(chosen.bound, "relaxation")
            if self._bound == before:
                return
            target = min(self._opened, self._closed + 1) - 1

    def _dive(self, relaxation: Relaxation) -> None:
        """Keep what is used most and relax the rest, again and again."""
        if self.done or not self._compiled():
            return
        until = self._deadline.part(DIVING_SHARE)
        kind, held = diving.dive(self._types, self._classes, self._columns, relaxation, until, self._rng)
        if self._load(kind, held, np.argsort(-self._plan.sizes(), kind="stable"), self._opened - 1):
            self._offer_held(self._plan.held)

    def _first_fit(self) -> None:
        """Largest types first; in other orders where that leaves tasks over. Without another plan, whatever time it takes."""
        until = self._deadline if self._best is not None else Deadline(math.inf)
        base_order = -np.log(self._plan.sizes())
        for sigma in np.arange(FIRST_FITS) * 0.1:
            noise = sigma * self._rng.standard_normal(len(base_order))
            self._plan.clear()
            order = np.argsort(base_order + noise, kind="stable")
            if self._plan.complete_first_fit(order, self._rng.permutation(self._types.zones), self._closed, until):
                self._offer_held(self._plan.held)
                return

    def _columns_of_plan(self) -> None:
        """Start the column generation from what the first plan puts on each instance."""
        plan = self._plan.held
        if not plan.any() and self._best is not None:
            plan = self._held_by(self._best)
        for kind in range(self._classes.count):
            members = self._classes.members[self._classes.start[kind] : self._classes.start[kind + 1]]
            held = np.unique(plan[:, members].T, axis=0)
            self._columns.add(np.full(len(held), kind, dtype=np.int64), held)

    def _round(self, relaxation: Relaxation, tries: int) -> None:
        """Noisy roundings, each towards fewer opened than the best plan."""
        for number in range(tries):
            if self.done:
                return
            if self._complete(relaxation, SIGMAS[number % len(SIGMAS)], self._opened - 1):
                self._offer_held(self._plan.held)

    def _complete(self, relaxation: Relaxation, sigma: float, most_opened: int) -> bool:
        """Round with noise and complete by first fit; whether all fits within ``most_opened``."""
        known = len(relaxation.used)
        times = np.zeros(len(self._columns.kind), dtype=np.int64)
        times[:known] = round_with_noise(
            relaxation.used, self._columns.kind[:known], self._classes, most_opened, sigma, self._rng
        )
        order = np.argsort(0.3 * sigma * self._rng.standard_normal(self._types.count) - np.log(self._plan.sizes()))
        kind, held = self._repeated(times)
        left = np.maximum(self._types.total - held.sum(axis=0), 0)
        price = relaxation.price * np.exp(0.1 * sigma * self._rng.standard_normal((self._types.count, 1)))
        more = self._filler.more_patterns(price, left)
        return self._load(np.concatenate([kind, more[0]]), np.concatenate([held, more[1]]), order, most_opened)

    def _repeated(self, times: Ints) -> tuple[Ints, Ints]:
        """Each known pattern so many times, the fullest first: ``int64[N]`` classes and ``int64[N, T]`` fillings."""
        fullest = np.argsort(-self._columns.held.sum(axis=1), kind="stable")
        pattern = np.repeat(fullest, times[fullest])
        return self._columns.kind[pattern], self._columns.held[pattern]

    def _load(self, kind: Ints, held: Ints, order: Ints, most_opened: int) -> bool:
        """Patterns on instances, as many as may be opened, and first fit for the rest; whether all fits."""
        instance, held = on_instances(kind, held, self._classes)
        opens = self._problem.empty[instance]
        kept = ~opens | (np.cumsum(opens) <= most_opened)
        self._plan.clear()
        self._plan.load(instance[kept], held[kept])
        return self._plan.complete_first_fit(
            order, self._rng.permutation(self._types.zones), most_opened, self._deadline
        )

    def _integer(self, relaxation: Relaxation) -> None:
        """The restricted master in integers: its plan counts, its bound does not, for patterns are lacking."""
        gap = self._opened - 1 - relaxation.value + 1e-6 if self._best is not None else np.inf
        keep = np.flatnonzero(worth_keeping(relaxation, self._columns, self._classes, gap + REDUCED_COST))
        program = Master(self._types, self._classes, whole=True)
        program.add(self._columns.kind[keep], self._columns.held[keep])
        program.restrict_opened(self._bound, self._opened - 1)
        found = program.integers(self._deadline.part(INTEGER_SHARE), self._seed)
        if found is None:
            return
        times = np.zeros(len(self._columns.kind), dtype=np.int64)
        times[keep] = found
        order = np.argsort(-self._plan.sizes(), kind="stable")
        if self._load(*self._repeated(times), order, self._opened - 1):
            self._offer_held(self._plan.held)


def applicable(problem: PackingProblem) -> bool:
    """Whether the problem is of a size that this engine can hold: its tables grow with types, instances and zones."""
    types = task_types(problem)
    if types is None:
        return True
    cells = types.count * problem.instances
    return types.count <= MAX_TYPES and problem.zones <= MAX_ZONES and cells <= MAX_TYPE_CELLS


def improve(
    problem: PackingProblem,
    deadline: Deadline,
    *,
    incumbent: Started | None = None,
    seed: int = 0,
    on_incumbent: OnIncumbent | None = None,
    memory: PatternMemory | None = None,
) -> PackingResult:
    """The best plan found by the deadline that starts everything, and a bound on all such plans.

    Parameters
    ----------
    incumbent
        A plan to begin with; ignored if it does not hold.
    seed
        Of the noise; the same problem and seed give the same plan whenever the deadline cuts nothing.
    on_incumbent
        Called with each better plan as it is found.
    memory
        Of a problem like this one.
    """
    types = task_types(problem)
    closed = int(problem.empty.sum())
    if types is None:
        return PackingResult(False, True, Started.nothing(), 0, closed + 1, False, "counting", 0)
    if types.count == 0:
        return PackingResult(True, False, Started.nothing(), 0, 0, True, "counting", 0)
    search = Search(problem, types, deadline, seed, on_incumbent, memory)
    if incumbent is not None:
        search.offer(incumbent)
    search.run()
    search.lighten()
    return replace(search.result(), memory=search.memory())
