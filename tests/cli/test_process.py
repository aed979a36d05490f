"""The command as a process of its own: exit codes, clean standard output, what it loads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import solver

COMMAND = (sys.executable, "-c", "from solver.cli import main; main()")


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    whole = {**os.environ, "COLUMNS": "80", **environment}
    command = [*COMMAND, *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=whole, stdin=subprocess.DEVNULL)


def test_version() -> None:
    """--version names the version and ends with 0."""
    answer = run("--version")
    assert (answer.returncode, answer.stdout) == (0, f"placement-solver {solver.__version__}\n")


@pytest.mark.parametrize("arguments", [("--help",), ("place", "--help"), ("check", "-h"), ("import", "ecs", "--help")])
def test_help_loads_little(arguments: tuple[str, ...]) -> None:
    """Help and version load neither ortools nor numpy nor matplotlib."""
    code = (
        "import sys\nfrom solver.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('LOADED', *sorted({'ortools', 'numpy', 'pandas', 'matplotlib', 'grpc'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Usage" in answer.stdout
    assert answer.stdout.splitlines()[-1] == "LOADED"


def test_help_documents_the_exit_codes() -> None:
    """The exit codes stand in the help of the command and of place."""
    for arguments in (("--help",), ("place", "--help")):
        text = " ".join(run(*arguments).stdout.split())
        assert "0 everything asked for was done; 1 failure; 2 bad input; 3 a shortfall" in text
        assert "4 all or nothing, and proved impossible; 5 all or nothing, and not found in the time given" in text


@pytest.mark.parametrize(
    ("shell", "begin"),
    [
        ("bash", "_placement_solver_completion() {"),
        ("zsh", "#compdef placement-solver"),
        ("fish", "complete --command placement-solver "),
    ],
)
def test_shell_completion(shell: str, begin: str) -> None:
    """The command prints the completion script of each shell: here of the named one, else of that which runs it."""
    answer = run("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert answer.returncode == 0
    assert answer.stdout.startswith(begin)


def test_completion_offers_the_commands() -> None:
    """Completion of the empty word offers every command."""
    asked = {"_PLACEMENT_SOLVER_COMPLETE": "complete_bash", "COMP_WORDS": "placement-solver ", "COMP_CWORD": "1"}
    offered = run(**asked).stdout.split()
    assert {"place", "query", "check", "serve", "demo", "import"} <= set(offered)


@pytest.mark.parametrize(("count", "code"), [("6", 0), ("7", 3), ("x", 2)])
def test_exit_codes(tables: Path, count: str, code: int) -> None:
    """The exit code of the process is that of the answer."""
    assert run("place", tables, "--group", f"web={count}").returncode == code


def test_json_to_a_pipe_is_only_json(tables: Path) -> None:
    """With -o json a program reads standard output as it is."""
    answer = run("place", tables, "--group", "web=7", "-o", "json")
    assert json.loads(answer.stdout)["status"] == "STATUS_OPTIMAL"
    assert answer.stderr == ""


def test_no_colours_in_a_pipe(tables: Path) -> None:
    """A pipe and NO_COLOR get text without escape sequences; a terminal that is forced gets colours."""
    assert "\x1b" not in run("place", tables, "--group", "web=7").stdout
    assert "\x1b[" in run("place", tables, "--group", "web=7", FORCE_COLOR="1").stdout


def test_a_reader_that_leaves(tables: Path) -> None:
    """When the reader of the output is gone, the command ends without a traceback."""
    command = [*COMMAND, "place", str(tables), "--group", "web=6", "-o", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
    assert errors == b""


def test_faults_leave_no_traceback(tables: Path) -> None:
    """A faulty table ends with 2 and one line a fault."""
    text = (tables / "instances.csv").read_text(encoding="utf-8").replace("2048", "-2048")
    (tables / "instances.csv").write_text(text, encoding="utf-8")
    answer = run("place", tables, "--group", "web=1")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert [line.split(":")[1].strip() for line in answer.stderr.splitlines()] == [
        f"instances.csv line {line}, cpu" for line in (2, 3, 4)
    ]


def test_an_interrupt_reaches_a_search_that_is_under_way() -> None:
    """CP-SAT neither keeps it for itself nor has the next one kill the process: the search ends, and the caller knows."""
    code = (
        "import os, random, signal, threading, time\n"
        "from ortools.sat.python import cp_model\n"
        "from solver.cli.search import interrupts\n"
        "from solver.domain.request import Limits\n"
        "from solver.engines import exact\n"
        "from solver.engines.deadline import Deadline\n"
        "r, model, solver = random.Random(1), cp_model.CpModel(), cp_model.CpSolver()\n"
        "xs = [model.new_bool_var('') for _ in range(300)]\n"
        "for _ in range(200):\n"
        "    model.add(sum(r.choice([-1, 1, 2, 3]) * x for x in r.sample(xs, 20)) <= r.randint(3, 9))\n"
        "model.maximize(sum(r.randint(1, 50) * x for x in xs))\n"
        "with interrupts() as cancelled:\n"
        "    deadline = Deadline(300, cancelled)\n"
        "    exact._configure(solver, Limits(workers=1), deadline)\n"
        "    threading.Timer(1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
        "    status = exact._solve(solver, model, None, deadline)\n"
        "    print('ENDED', solver.status_name(status), cancelled(), deadline.elapsed() < 200)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert answer.stdout in ("ENDED FEASIBLE True True\n", "ENDED UNKNOWN True True\n"), answer.stderr


def test_an_interrupt_takes_the_best_plan_so_far(tables: Path) -> None:
    """The first interrupt ends the search, not the command: the best plan so far is printed."""
    code = (
        "import os, signal, sys\n"
        "import solver.api as api\n"
        "place = api.place\n"
        "def interrupted(*arguments, cancelled, **more):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    print('CANCELLED', cancelled(), file=sys.stderr)\n"
        "    return place(*arguments, cancelled=cancelled, **more)\n"
        "api.place = interrupted\n"
        "from solver.cli import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", code, "place", str(tables), "--group", "web=2"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "CANCELLED True" in answer.stderr
    assert answer.returncode == 0
    assert answer.stdout.startswith("Placed all 2 tasks")
