"""The container and the manifest of ``deploy/``: linted, and true to the command line."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from typer.testing import CliRunner

from solver.cli.app import app
from solver.service.configuration import options_of
from solver.service.options import ServerOptions

KUBERNETES = "1.33"


@pytest.fixture(scope="module")
def resources(root: Path) -> dict[str, Any]:
    """The manifest's resources by kind."""
    found = list(yaml.safe_load_all((root / "deploy" / "kubernetes.yaml").read_text()))
    return {one["kind"]: one for one in found}


@pytest.fixture(scope="module")
def container(resources: dict[str, Any]) -> dict[str, Any]:
    """The server's container."""
    (found,) = resources["StatefulSet"]["spec"]["template"]["spec"]["containers"]
    return dict(found)


def options_in(help_of: str) -> set[str]:
    """The options of a command."""
    printed = CliRunner().invoke(app, [help_of, "--help"], env={"COLUMNS": "200"}).stdout
    return set(re.findall(r"--[a-z][a-z-]*", re.sub(r"\x1b\[[0-9;]*m", "", printed)))


def test_the_dockerfile_passes_its_linter(root: Path) -> None:
    """hadolint finds nothing."""
    linter = Path(sys.executable).parent / "hadolint"
    found = subprocess.run(
        [str(linter), str(root / "deploy" / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout) == (0, "")


def test_what_the_dockerfile_copies_is_there_and_not_ignored(root: Path) -> None:
    """Each source of a COPY from the checkout, which the list of what is sent to the builder names."""
    sent = {line[1:] for line in (root / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", (root / "deploy" / "Dockerfile").read_text(), re.MULTILINE)
    sources = {source for line in copies for source in line.split()}
    assert sources
    assert all((root / source).exists() for source in sources)
    assert sources <= sent


def test_the_container_is_of_the_python_that_the_lock_was_made_with(root: Path) -> None:
    """Its constraints are exact versions."""
    images = re.findall(r"^FROM (\S+)", (root / "deploy" / "Dockerfile").read_text(), re.MULTILINE)
    assert set(images) == {"python:3.11-slim"}


@pytest.mark.parametrize("kind", ["ConfigMap", "Service", "StatefulSet"])
def test_the_manifest_is_valid(resources: dict[str, Any], kind: str) -> None:
    """By the schemas of Kubernetes, with no field that they do not know."""
    kubernetes_validate.validate(resources[kind], KUBERNETES, strict=True)


def test_a_wrong_manifest_is_not_valid(resources: dict[str, Any]) -> None:
    """The check is one."""
    wrong = {**resources["Service"], "spec": {"ports": "50051"}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES, strict=True)


def test_the_configuration_is_one_of_the_server(resources: dict[str, Any], container: dict[str, Any]) -> None:
    """Every entry is known, the addresses are the container's ports, and the files are where volumes are mounted."""
    options = options_of(ServerOptions, tomllib.loads(resources["ConfigMap"]["data"]["server.toml"]))
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert options.address == f"0.0.0.0:{ports['grpc']}"
    assert options.metrics_address == f"0.0.0.0:{ports['metrics']}"
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    files = (options.state, options.audit, options.tls_cert, options.tls_key, options.callers)
    assert {str(Path(str(file)).parent) for file in files} <= mounts
    pod = resources["StatefulSet"]["spec"]["template"]["spec"]
    assert options.drain_seconds < pod["terminationGracePeriodSeconds"]
    assert all(port["port"] == ports[port["name"]] for port in resources["Service"]["spec"]["ports"])


def test_the_arguments_are_options_of_the_commands(container: dict[str, Any], root: Path) -> None:
    """Of ``serve`` and of ``health``."""
    assert {one for one in container["args"] if one.startswith("--")} <= options_in("serve")
    probes = {str(container[probe]["exec"]["command"]) for probe in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert len(probes) == 1
    command = container["livenessProbe"]["exec"]["command"]
    assert command[:2] == ["placement-solver", "health"]
    assert {one for one in command if one.startswith("--")} <= options_in("health")
    last = (root / "deploy" / "Dockerfile").read_text().splitlines()[-1]
    assert set(re.findall(r"--[a-z-]+", last)) <= options_in("serve")


def test_every_volume_that_is_mounted_is_there(resources: dict[str, Any]) -> None:
    """And every one that is there is mounted."""
    spec = resources["StatefulSet"]["spec"]
    pod = spec["template"]["spec"]
    volumes = {one["name"] for one in pod["volumes"]} | {
        one["metadata"]["name"] for one in spec["volumeClaimTemplates"]
    }
    both = (*pod["containers"], *pod["initContainers"])
    assert {mount["name"] for one in both for mount in one["volumeMounts"]} == volumes
