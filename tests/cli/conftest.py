"""A small cluster in tables, and a way to run the command in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from solver.cli.app import app

INSTANCES = """\
id,ec2_instance_id,cpu,memory,attribute:ecs.availability-zone,attribute:ecs.instance-type,attribute:stack,status
a1,i-0a1,2048,4096,us-east-1a,m5.large,prod,ACTIVE
a2,i-0a2,2048,4096,us-east-1a,m5.large,dev,
b1,i-0b1,2048,4096,us-east-1b,m5.large,prod,
c1,i-0c1,4096,8192,us-east-1c,m5.xlarge,prod,DRAINING
"""
GROUPS = """\
name,cpu,memory,start,constraints,strategies
web,512,512,4,memberOf(attribute:stack == prod),spread(attribute:ecs.availability-zone)
batch,1024,256,0,distinctInstance,binpack(memory)
"""
RUNNING = "group,instance,count\nweb,i-0a1,2\nbatch,c1,1\n"

Run = Callable[..., Result]


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Four instances, of which one drains; six more tasks of web fit, and one of batch."""
    for name, text in (("instances", INSTANCES), ("groups", GROUPS), ("running", RUNNING)):
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run() -> Run:
    """Run the command with arguments, and perhaps standard input."""

    def invoke(*arguments: object, stdin: str | None = None) -> Result:
        return CliRunner().invoke(
            app, [str(argument) for argument in arguments], input=stdin, prog_name="placement-solver"
        )

    return invoke
