"""CP-SAT for a choice among some hundred or thousand listed possibilities: one thread with the whole linear relaxation.

It decides most such models at their root; of two threads neither has enough of it, and without the relaxation they stay open.
"""

from __future__ import annotations

from ortools.sat.python import cp_model


def solver_of_choices(seed: int, seconds: float, deterministic: float | None) -> cp_model.CpSolver:
    """A solver that ends after so many seconds, and after so many deterministic ones where that is not None."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    solver.parameters.add_lp_constraints_lazily = False
    # It takes an interrupt for itself otherwise, and the caller never hears of it.
    solver.parameters.catch_sigint_signal = False
    solver.parameters.random_seed = seed % 2**31
    solver.parameters.max_time_in_seconds = max(seconds, 0.01)
    if deterministic is not None:
        solver.parameters.max_deterministic_time = deterministic
    return solver
