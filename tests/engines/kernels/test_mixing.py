"""The compiled search for mixes: what it leaves is a mix, costs what it says, and is compiled for one kind of arrays."""

from __future__ import annotations

import numpy as np
import pytest

from solver.engines.deadline import Deadline
from solver.engines.kernels import compiled, mixing
from solver.engines.patterns.mix.fluid import relaxed
from solver.engines.patterns.mix.improving import Improver
from solver.engines.patterns.mix.problem import MOST_INSTANCES, Filled, Mix, MixProblem


def some(seed: int, there: int, kinds: int = 12) -> MixProblem:
    """Tasks of many sizes, of which some are on what is there; caps, offers that run out, and a budget of moves."""
    draw = np.random.default_rng(seed)
    new = 6
    demand = draw.integers(0, 30, (kinds, 2)) + 1
    capacity = draw.integers(40, 120, (there + new, 2))
    running = np.zeros((kinds, there), np.int64)
    for e in range(there):
        for t in draw.permutation(kinds)[:3].tolist():
            if (running[:, e] @ demand + demand[t] <= capacity[e]).all():
                running[t, e] += 1
    cap = np.full((kinds, there + new), MOST_INSTANCES, np.int64)
    cap[0] = 1
    most = np.array([1] * there + [MOST_INSTANCES] * new, np.int64)
    most[there] = 2
    return MixProblem(
        demand=demand,
        wanted=draw.integers(0, 9, kinds),
        capacity=capacity,
        price=draw.integers(20, 200, there + new),
        cap=cap,
        most=most,
        running=running,
        must_keep=draw.random(there) < 0.2,
        max_moves=int(draw.integers(0, 9)) if there else None,
    )


def improver(problem: MixProblem) -> Improver:
    proof, _ = relaxed(problem, Deadline(60.0))
    earned = (proof.unit * problem.capacity).sum(axis=1) / proof.scale
    return Improver(problem, proof.worth / proof.scale, earned, np.ones(problem.capacity.shape))


def one_each(problem: MixProblem) -> Mix:
    """Everything there kept, and a new instance of the last offer for every task: a dear mix to begin with."""
    kept = [
        Filled(e, {t: int(problem.running[t, e]) for t in np.flatnonzero(problem.running[:, e]).tolist()})
        for e in range(problem.there)
    ]
    fits = problem.fits()
    alone = [
        Filled(problem.there + 1 + int(fits[t, problem.there + 1 :].argmax()), {t: 1})
        for t in np.flatnonzero(problem.wanted).tolist()
        for _ in range(int(problem.wanted[t]))
    ]
    return Mix((*kept, *alone))


@pytest.mark.parametrize("seed", range(30))
def test_every_mix_that_is_left_answers_the_question(seed: int) -> None:
    """After each round of attempts: every task once, nothing overfull, no cap, offer or budget exceeded, never dearer."""
    problem = some(seed, there=(0, 4, 9)[seed % 3])
    begun = one_each(problem)
    assert list(begun.wrong(problem)) == []
    search = improver(problem)
    held = search._held(begun)
    cost, limit = begun.cost(problem), 2**62 if problem.max_moves is None else problem.max_moves
    for round_ in range(25):
        cost -= mixing.improve(search._asked, held, round_, 12, 8, 1, 6, limit)
        filled = []
        for i in np.flatnonzero(held.offer >= 0).tolist():
            tasks: dict[int, int] = {}
            e = int(held.first[i])
            while e >= 0:
                assert held.many[e] > 0
                tasks[int(held.kind[e])] = tasks.get(int(held.kind[e]), 0) + int(held.many[e])
                e = int(held.following[e])
            filled.append(Filled(int(held.offer[i]), tasks))
        mix = Mix(tuple(filled))
        assert list(mix.wrong(problem)) == []
        assert mix.cost(problem) == cost
    assert cost < begun.cost(problem)


@pytest.mark.parametrize("seed", range(10))
def test_what_is_filled_from_nothing_is_a_mix(seed: int) -> None:
    """Every task once, within what instances have."""
    problem = some(100 + seed, there=0, kinds=40)
    found = improver(problem).filled(problem.wanted, seed)
    assert found is not None
    mix = Mix(tuple(Filled(one.offer, dict(one.held)) for one in found))
    assert list(mix.wrong(problem)) == []


def test_one_form_is_compiled() -> None:
    """Warming up compiles what the search runs."""
    compiled.load_mixing()
    problem = some(7, there=3)
    search = improver(problem)
    assert search.filled(problem.wanted, 0) is not None
    search.improved(one_each(problem), Deadline(0.2), 0, 0)
    assert all(len(kernel.signatures) == 1 for kernel in compiled.MIXING)
