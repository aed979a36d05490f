"""A reassignment judged from its two texts by the challenge's own definition, in plain loops: it shares no code with the
solver."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass
class Model:
    """The numbers of a model file, as they stand there."""

    resources: list[tuple[int, int]] = field(default_factory=list)
    machines: list[tuple[int, int, list[int], list[int], list[int]]] = field(default_factory=list)
    services: list[tuple[int, list[int]]] = field(default_factory=list)
    processes: list[tuple[int, list[int], int]] = field(default_factory=list)
    balances: list[tuple[int, int, int, int]] = field(default_factory=list)
    weights: tuple[int, int, int] = (0, 0, 0)


def read(text: str) -> Model:
    """The model of a text that is in order."""
    words = iter(map(int, text.split()))
    model = Model()
    count = next(words)
    model.resources = [(next(words), next(words)) for _ in range(count)]
    machines = next(words)
    for _ in range(machines):
        model.machines.append(
            (next(words), next(words), _some(words, count), _some(words, count), _some(words, machines))
        )
    for _ in range(next(words)):
        spread, needs = next(words), next(words)
        model.services.append((spread, _some(words, needs)))
    for _ in range(next(words)):
        model.processes.append((next(words), _some(words, count), next(words)))
    for _ in range(next(words)):
        model.balances.append((next(words), next(words), next(words), next(words)))
    model.weights = (next(words), next(words), next(words))
    assert next(words, None) is None
    return model


def _some(words: Iterator[int], count: int) -> list[int]:
    return [next(words) for _ in range(count)]


def is_allowed(model: Model, initial: Sequence[int], final: Sequence[int]) -> bool:
    """Whether an assignment keeps every hard constraint."""
    for machine, (_, _, capacity, _, _) in enumerate(model.machines):
        for r, (transient, _) in enumerate(model.resources):
            used = 0
            for process, (_, requirement, _) in enumerate(model.processes):
                if final[process] == machine or (transient and initial[process] == machine):
                    used += requirement[r]
            if used > capacity[r]:
                return False
    on_machine = Counter((service, machine) for (service, _, _), machine in zip(model.processes, final, strict=True))
    if max(on_machine.values()) > 1:
        return False
    locations, neighbourhoods = defaultdict(set), defaultdict(set)
    for (service, _, _), machine in zip(model.processes, final, strict=True):
        neighbourhoods[service].add(model.machines[machine][0])
        locations[service].add(model.machines[machine][1])
    for service, (spread, needs) in enumerate(model.services):
        if len(locations[service]) < spread or any(neighbourhoods[service] - neighbourhoods[other] for other in needs):
            return False
    return True


def cost(model: Model, initial: Sequence[int], final: Sequence[int]) -> int:
    """What an assignment costs."""
    total = 0
    for machine, (_, _, capacity, safety, _) in enumerate(model.machines):
        here = [requirement for (_, requirement, _), at in zip(model.processes, final, strict=True) if at == machine]
        used = [sum(requirement[r] for requirement in here) for r in range(len(model.resources))]
        for r, (_, weight) in enumerate(model.resources):
            total += weight * max(0, used[r] - safety[r])
        for first, second, target, weight in model.balances:
            left = capacity[first] - used[first], capacity[second] - used[second]
            total += weight * max(0, target * left[0] - left[1])
    moved: Counter[int] = Counter()
    for (service, _, move_cost), old, new in zip(model.processes, initial, final, strict=True):
        if old != new:
            moved[service] += 1
            total += model.weights[0] * move_cost + model.weights[2] * model.machines[old][4][new]
    return total + model.weights[1] * max(moved.values(), default=0)
