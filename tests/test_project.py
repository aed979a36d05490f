"""The project itself: versions that work together, a lock without addresses, the public surface."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import solver


@pytest.fixture(scope="module")
def project(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def lock(root: Path) -> list[str]:
    """The lines of the lock that are no comment."""
    lines = (root / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def declared(project: dict) -> list[Requirement]:
    """Every requirement of the core and of the extras, but not the project's own name."""
    extras = [text for texts in project["optional-dependencies"].values() for text in texts]
    requirements = [Requirement(text) for text in [*project["dependencies"], *extras]]
    return [requirement for requirement in requirements if requirement.name != project["name"]]


def pinned(lock: list[str]) -> dict[str, str]:
    return {canonicalize_name(name): pin for name, _, pin in (line.partition("==") for line in lock)}


def test_ortools_is_recent() -> None:
    """The resolved ortools is at least 9.15: other packages may pull it back to 9.10 in silence."""
    assert Version(version("ortools")) >= Version("9.15")


def test_ortools_cannot_be_resolved_to_an_older_one(project: dict) -> None:
    """The declared range of ortools admits 9.15 and refuses 9.10 and 9.16."""
    (ortools,) = [requirement for requirement in declared(project) if requirement.name == "ortools"]
    assert [ortools.specifier.contains(text) for text in ("9.10.4067", "9.15.6755", "9.16.0")] == [False, True, False]


def test_lock_is_exact_pins_without_addresses(lock: list[str]) -> None:
    """Each line of the lock is ``name==version``: no address, no option, no range."""
    assert [line for line in lock if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", line)] == []


def test_lock_names_each_package_once(lock: list[str]) -> None:
    """No package is pinned twice, and the project does not pin itself."""
    names = [canonicalize_name(line.partition("==")[0]) for line in lock]
    assert len(names) == len(set(names))
    assert "placement-solver" not in names


def test_lock_satisfies_what_the_project_declares(project: dict, lock: list[str]) -> None:
    """Every declared requirement is pinned in the lock, within its range."""
    pins = pinned(lock)
    wrong = [
        str(requirement)
        for requirement in declared(project)
        if not requirement.specifier.contains(pins.get(canonicalize_name(requirement.name), "0"), prereleases=True)
    ]
    assert wrong == []


def test_environment_is_what_the_lock_says(project: dict, lock: list[str]) -> None:
    """The environment that runs the tests has the locked version of everything the project declares."""
    pins = pinned(lock)
    found = {canonicalize_name(requirement.name): version(requirement.name) for requirement in declared(project)}
    assert found == {name: pins[name] for name in found}


def test_installed_packages_agree() -> None:
    """``pip check`` finds no broken requirement."""
    answer = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_version_is_the_projects(project: dict) -> None:
    """``solver.__version__`` is the version that the project file declares."""
    assert solver.__version__ == project["version"]


def test_public_surface_is_sorted() -> None:
    """``solver.__all__`` is sorted and names nothing twice."""
    assert list(solver.__all__) == sorted(set(solver.__all__))


def test_public_surface_resolves() -> None:
    """Every public name is there, and ``dir`` shows it."""
    assert [name for name in solver.__all__ if not hasattr(solver, name)] == []
    assert set(solver.__all__) <= set(dir(solver))


def test_unknown_name_is_an_attribute_error() -> None:
    """A name that is not public is refused like that of any module."""
    with pytest.raises(AttributeError, match="no attribute 'plaice'"):
        solver.plaice  # noqa: B018


def test_import_loads_no_module_of_the_package() -> None:
    """``import solver`` alone loads neither ortools nor pandas nor any module of the package."""
    code = "import sys, solver; print(*sorted(name for name in sys.modules if name.partition('.')[0] in LOOK))"
    code = code.replace("LOOK", repr(("ortools", "pandas", "solver")))
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "solver"


def test_type_hints_are_announced(root: Path) -> None:
    """The package carries ``py.typed``, so that type checkers read its hints."""
    assert (root / "solver" / "py.typed").is_file()
