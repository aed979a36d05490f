"""Ctrl-C while a search runs."""

from __future__ import annotations

import os
import signal
import threading
import time

from ortools.sat.python import cp_model

from solver.cli.search import interrupts


def test_an_interrupt_is_heard_while_a_search_keeps_the_main_thread() -> None:
    """Forty pigeons in thirty-nine holes, with no help: nothing but the interrupt ends it before the time limit."""
    model = cp_model.CpModel()
    at = [[model.new_bool_var("") for _ in range(39)] for _ in range(40)]
    for row in at:
        model.add_bool_or(row)
    for hole in range(39):
        for one in range(40):
            for other in range(one):
                model.add_bool_or(at[one][hole].negated(), at[other][hole].negated())
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = 20
    solver.parameters.cp_model_presolve = False
    solver.parameters.symmetry_level = 0
    solver.parameters.catch_sigint_signal = False
    heard: list[bool] = []
    with interrupts() as cancelled:
        over = threading.Event()

        def press() -> None:
            time.sleep(0.3)
            os.kill(os.getpid(), signal.SIGINT)
            while not over.is_set():
                if cancelled():
                    heard.append(True)
                    solver.stop_search()
                    return
                time.sleep(0.01)

        pressing = threading.Thread(target=press)
        pressing.start()
        status = solver.solve(model)
        over.set()
        pressing.join()
    assert status == cp_model.UNKNOWN and heard == [True]
