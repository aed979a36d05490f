"""The wheel: built from the checkout, installed in a clean environment, and run there."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command as a user would who has no checkout on the path; its standard output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV_"))}
    environment["MPLBACKEND"] = "Agg"
    answer = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built with the backend that the environment has: no network."""
    into = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation")
    run(*pip, "--wheel-dir", into, root, cwd=into)
    (built,) = into.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel in it. It sees the dependencies of this one, but not its editable install.

    A path file in the new environment names the folder of the dependencies. The path files of *that* folder, among
    them the one of the editable install, are not read from there.
    """
    home = tmp_path_factory.mktemp("clean")
    venv.create(home, with_pip=False, symlinks=True)
    packages = home / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    pip = (sys.executable, "-m", "pip", "--python", home / "bin" / "python", "install", "--quiet")
    run(*pip, "--no-index", "--no-deps", wheel, cwd=home)
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return home


def test_wheel_holds_the_package_and_nothing_beside_it(wheel: Path) -> None:
    """Only ``solver`` and its metadata are installed: no tests, no benchmarks, no datasets folder."""
    top = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert top == {"solver", "placement_solver-0.1.0.dist-info"}


def test_wheel_holds_every_source_file(wheel: Path, root: Path) -> None:
    """Every Python file of the package, the marker of its type hints and the licence are in the wheel."""
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = {path.relative_to(root).as_posix() for path in (root / "solver").rglob("*.py")}
    assert sources <= names
    assert {"solver/py.typed", "placement_solver-0.1.0.dist-info/licenses/LICENSE"} <= names


def test_wheel_holds_the_demo_cluster(wheel: Path, root: Path) -> None:
    """The demo cluster of the checkout is in the wheel, document by document, byte by byte."""
    archive = zipfile.ZipFile(wheel)
    installed = {
        name.removeprefix("solver/_demo/"): archive.read(name)
        for name in archive.namelist()
        if name.startswith("solver/_demo/")
    }
    committed = {path.name: path.read_bytes() for path in (root / "datasets" / "demo").glob("*.json")}
    assert installed == committed
    assert {"container-instances.json", "services.json", "task-definitions.json", "tasks.json"} <= set(installed)


def test_wheel_is_what_the_clean_environment_imports(clean: Path) -> None:
    """In the clean environment ``solver`` is the installed one, not the checkout."""
    found = run(clean / "bin" / "python", "-c", "import solver; print(solver.__file__)", cwd=clean)
    assert Path(found.strip()).is_relative_to(clean)


def test_command_tells_its_version(clean: Path) -> None:
    """``placement-solver --version`` names the version."""
    assert "0.1.0" in run(clean / "bin" / "placement-solver", "--version", cwd=clean)


def test_demo_works_without_a_checkout(clean: Path, tmp_path: Path) -> None:
    """``placement-solver demo`` answers and draws its picture from the wheel alone."""
    figure = tmp_path / "demo.png"
    answer = run(clean / "bin" / "placement-solver", "demo", "--figure", figure, cwd=tmp_path)
    assert answer.strip()
    assert figure.read_bytes().startswith(b"\x89PNG")
