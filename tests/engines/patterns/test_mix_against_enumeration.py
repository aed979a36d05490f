"""The cheapest mix against every way to put a few tasks onto instances, written down without the engine's code."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest

from solver.engines.deadline import Deadline
from solver.engines.patterns.mix.certificate import best_move, certificate, whole_units, worths
from solver.engines.patterns.mix.counting import counted
from solver.engines.patterns.mix.fluid import relaxed
from solver.engines.patterns.mix.problem import MOST_INSTANCES, MixProblem
from solver.engines.patterns.mix.search import cheapest


def partitions(count: int) -> Iterator[list[int]]:
    """Every way to put ``count`` things into blocks, as the number of each one's block."""

    def grow(done: list[int]) -> Iterator[list[int]]:
        if len(done) == count:
            yield done
            return
        for block in range(max(done, default=-1) + 2):
            yield from grow([*done, block])

    yield from grow([])


def least(problem: MixProblem) -> int | None:
    """What the cheapest mix costs, by trying everything; None where there is none."""
    tasks = [t for t in range(problem.kinds) for _ in range(int(problem.wanted[t]))]
    homes: list[int | None] = [None] * len(tasks)
    for e in range(problem.there):
        for t in range(problem.kinds):
            many = int(problem.running[t, e])
            tasks += [t] * many
            homes += [e] * many
    best: int | None = None
    for blocks in partitions(len(tasks)):
        cost = cheapest_blocks(problem, tasks, homes, blocks)
        if cost is not None and (best is None or cost < best):
            best = cost
    return best


def cheapest_blocks(problem: MixProblem, tasks: list[int], homes: list[int | None], blocks: list[int]) -> int | None:
    """The cheapest offers for given blocks, what is there used once at most."""
    contents = [[n for n in range(len(tasks)) if blocks[n] == block] for block in range(max(blocks, default=-1) + 1)]

    def holds(offer: int, content: list[int]) -> bool:
        kinds = [tasks[n] for n in content]
        load = [sum(int(problem.demand[t, r]) for t in kinds) for r in range(problem.demand.shape[1])]
        return all(load[r] <= problem.capacity[offer, r] for r in range(len(load))) and all(
            kinds.count(t) <= problem.cap[t, offer] for t in set(kinds)
        )

    found: int | None = None

    def choose(at: int, used: frozenset[int], cost: int, moved: int) -> None:
        nonlocal found
        if at == len(contents):
            kept = {e for e in range(problem.there) if problem.must_keep[e]} - used
            total = cost + sum(int(problem.price[e]) for e in kept)
            if (problem.max_moves is None or moved <= problem.max_moves) and (found is None or total < found):
                found = total
            return
        for offer in range(problem.offers):
            if (offer < problem.there and offer in used) or not holds(offer, contents[at]):
                continue
            away = sum(1 for n in contents[at] if homes[n] is not None and homes[n] != offer)
            choose(at + 1, used | {offer}, cost + int(problem.price[offer]), moved + away)

    choose(0, frozenset(), 0, 0)
    return found


def tiny(seed: int, there: int) -> MixProblem:
    """A few tasks of two or three types, two or three types to buy, and perhaps instances that are there."""
    draw = random.Random(seed)
    kinds, new = draw.randint(1, 3), draw.randint(1, 3)
    demand = np.array([[draw.randint(1, 5), draw.randint(0, 5)] for _ in range(kinds)], np.int64)
    capacity = np.array([[draw.randint(5, 12), draw.randint(5, 12)] for _ in range(there + new)], np.int64)
    running = np.zeros((kinds, there), np.int64)
    for e in range(there):
        t = draw.randrange(kinds)
        if (demand[t] <= capacity[e]).all():
            running[t, e] = 1
    cap = np.full((kinds, there + new), MOST_INSTANCES, np.int64)
    if draw.random() < 0.5:
        cap[0, :] = 1
    if kinds > 1 and draw.random() < 0.5:
        cap[1, there + new - 1] = running[1, -1] if new == 0 else 0
    return MixProblem(
        demand=demand,
        wanted=np.array([draw.randint(1, 2) for _ in range(kinds)], np.int64),
        capacity=capacity,
        price=np.array([draw.randint(50, 400) for _ in range(there + new)], np.int64),
        cap=cap,
        most=np.array([1] * there + [MOST_INSTANCES] * new, np.int64),
        running=running,
        must_keep=np.array([draw.random() < 0.3 for _ in range(there)], np.bool_),
        max_moves=draw.choice([0, 1, 2]) if there else None,
    )


@pytest.mark.parametrize("seed", range(24))
def test_the_cheapest_mix_of_new_instances_is_found_and_proved(seed: int) -> None:
    """Few tasks and types: the mix costs what the best of all ways costs, and the bound says so."""
    problem = tiny(seed, 0)
    right = least(problem)
    found = cheapest(problem, Deadline(60.0), seed)
    if right is None:
        assert found.mix is None
        return
    assert found.mix is not None
    assert list(found.mix.wrong(problem)) == []
    assert (found.cost, found.bound) == (right, right)


@pytest.mark.parametrize("seed", range(16))
def test_no_mix_is_cheaper_than_the_bound_nor_dearer_than_first_fit(seed: int) -> None:
    """With instances that are there and a budget of moves the bound holds, and the mix answers the question."""
    problem = tiny(1_000 + seed, 2)
    right = least(problem)
    found = cheapest(problem, Deadline(0.5), seed)
    if right is None:
        assert found.mix is None
        return
    assert found.bound <= right
    if found.mix is not None:
        assert list(found.mix.wrong(problem)) == []
        assert found.cost >= right
        assert found.first_fit is None or found.cost <= found.first_fit


@pytest.mark.parametrize("seed", range(24))
def test_no_mix_is_cheaper_than_what_is_there_counted_one_by_one(seed: int) -> None:
    """Whole instances that are given up or kept, and the sum of what is new: never above the best of all ways."""
    problem = tiny(3_000 + seed, 1 + seed % 2)
    right = least(problem)
    found = counted(problem, None, 0, Deadline(5.0))
    assert right is None or found.bound <= right
    if found.tasks is not None and found.kept is not None:
        assert (found.tasks.sum(axis=1) <= problem.total).all()
        assert (found.tasks.T @ problem.demand <= problem.capacity[: problem.there] * found.kept[:, None]).all()
        assert not (problem.must_keep & (found.kept == 0)).any()


@pytest.mark.parametrize("seed", range(30))
def test_the_best_price_of_a_move_is_found(seed: int) -> None:
    """At given values of units no price of a move gives a better bound, but for what rounding it costs."""
    problem = tiny(4_000 + seed, 2)
    proof, _ = relaxed(problem, Deadline(20.0))
    draw = np.random.default_rng(seed)
    unit = whole_units(problem, proof.unit / proof.scale * draw.random(proof.unit.shape))
    best = certificate(problem, unit, best_move(problem, unit, worths(problem, unit))).value
    # One part of a millionth for each task that runs, and for each that may move.
    rounding = int(problem.running.sum()) + (problem.max_moves or 0) + 1
    for move in (0, 1, *(int(2.0**power) for power in draw.uniform(0, 40, 200))):
        assert certificate(problem, unit, move).value <= best + 2 * rounding


@pytest.mark.parametrize("seed", range(30))
def test_any_values_give_a_bound(seed: int) -> None:
    """A certificate owes nothing to where its values come from."""
    problem = tiny(2_000 + seed, seed % 3)
    right = least(problem)
    draw = np.random.default_rng(seed)
    unit = draw.integers(0, 2**24 * 60, problem.capacity.shape)
    if right is not None:
        assert certificate(problem, unit, int(draw.integers(0, 2**24 * 100))).bound <= right


def test_workload_n6_needs_2595_instances() -> None:
    """50,000 tasks of (50, 100) and 1,000 of (95, 190) on (1000, 5000, 100 tasks): the CPU alone needs 2,595."""
    found = cheapest(
        MixProblem(
            demand=np.array([[50, 100, 1], [95, 190, 1]], np.int64),
            wanted=np.array([50_000, 1_000], np.int64),
            capacity=np.array([[1_000, 5_000, 100]], np.int64),
            price=np.array([1_000_000], np.int64),
            cap=np.full((2, 1), MOST_INSTANCES, np.int64),
            most=np.array([MOST_INSTANCES], np.int64),
            running=np.zeros((2, 0), np.int64),
            must_keep=np.zeros(0, np.bool_),
        ),
        Deadline(60.0),
    )
    assert (found.cost, found.bound) == (2_595_000_000, 2_595_000_000)
