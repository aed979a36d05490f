"""Small reassignments at random, as texts, with every kind of constraint and cost."""

from __future__ import annotations

import itertools
import random

from tests.engines.reassignment.evaluator import is_allowed, read


def drawn(seed: int, processes: int = 5, machines: int = 3) -> tuple[str, str]:
    """A model and an assignment that keeps every constraint."""
    r = random.Random(seed)
    while True:
        model = _model(r, processes, machines)
        read_model = read(model)
        for _ in range(20):
            place = [r.randrange(machines) for _ in range(processes)]
            if is_allowed(read_model, place, place):
                return model, " ".join(map(str, place))


def _model(r: random.Random, processes: int, machines: int) -> str:
    resources = r.choice([1, 2, 3])
    rows = [[resources], *([r.randint(0, 1), r.choice([0, 1, 10])] for _ in range(resources)), [machines]]
    for machine in range(machines):
        capacity = [r.randint(processes, 4 * processes) for _ in range(resources)]
        safety = [r.randint(0, amount) for amount in capacity]
        distance = [0 if other == machine else r.randint(0, 3) for other in range(machines)]
        rows.append([r.randint(0, 1), r.randint(0, 2), *capacity, *safety, *distance])
    services = r.randint(1, processes)
    rows.append([services])
    of = [r.randrange(services) for _ in range(processes)]
    for service in range(services):
        needs = [other for other in range(services) if other != service and r.random() < 0.2 and other in of]
        rows.append([r.choice([0, 1, min(2, of.count(service))]), len(needs), *needs])
    rows.append([processes])
    for service in of:
        rows.append([service, *(r.randint(0, 5) for _ in range(resources)), r.randint(0, 4)])
    balances = r.choice([0, 1, 2]) if resources > 1 else 0
    rows.append([balances])
    for _ in range(balances):
        first, second = r.sample(range(resources), 2)
        rows += [[first, second, r.randint(0, 2)], [r.randint(0, 5)]]
    rows.append([r.choice([0, 1, 3]), r.choice([0, 1, 10]), r.choice([0, 1, 2])])
    return "\n".join(" ".join(map(str, row)) for row in rows) + "\n"


def everywhere(processes: int, machines: int) -> itertools.product[tuple[int, ...]]:
    """Every assignment."""
    return itertools.product(range(machines), repeat=processes)
