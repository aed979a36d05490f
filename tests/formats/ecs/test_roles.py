"""Tasks that were started with a task role of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from solver.api import place
from solver.domain.request import Limits, RuleSpec
from solver.errors import InvalidRequest
from solver.formats.ecs import EcsCluster
from tests.formats.ecs.documents import Documents

IAM = "arn:aws:iam::111122223333:role"
ISOLATED = [RuleSpec("isolateRoles", f"{IAM}/reports, {IAM}/etl")]


def overriding(role: object) -> dict[str, Any]:
    return {"overrides": {"taskRoleArn": role, "containerOverrides": []}}


def batch(*roles: object) -> Documents:
    """Standalone tasks on instance a, one for each role (None for no override); instance b is empty."""
    documents = (
        Documents().instance("a", free=(1024, 2048)).instance("b").definition("batch:1", taskRoleArn=f"{IAM}/batch")
    )
    documents.definition("report:1", taskRoleArn=f"{IAM}/reports")
    for k, role in enumerate(roles):
        documents.task(f"t{k}", "family:batch", "batch:1", "a", **({} if role is None else overriding(role)))
    return documents


def groups(cluster: EcsCluster) -> dict[str, tuple[str, str, int]]:
    """Family, role and running tasks by name."""
    totals = cluster.problem.running.totals().tolist()
    return {g.name: (g.family, g.role, n) for g, n in zip(cluster.problem.groups, totals, strict=True)}


def test_tasks_with_a_role_of_their_own_are_a_group(tmp_path: Path) -> None:
    """By role; a task that was given its definition's own role is like one that was given none."""
    found = groups(batch(None, f"{IAM}/etl", f"{IAM}/batch", f"{IAM}/etl", f"{IAM}/teams/etl").read(tmp_path))
    assert found == {
        "family:batch": ("family:batch", f"{IAM}/batch", 2),
        "family:batch as role/etl": ("family:batch", f"{IAM}/etl", 2),
        "family:batch as role/teams/etl": ("family:batch", f"{IAM}/teams/etl", 1),
    }


def test_roles_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """A role of another account by its ARN; one of which only the name is given is of the task's account."""
    other = "arn:aws:iam::444455556666:role/etl"
    found = groups(batch(f"{IAM}/etl", other, "etl", "batch").read(tmp_path))
    assert {name: (role, tasks) for name, (_, role, tasks) in found.items()} == {
        "family:batch": (f"{IAM}/batch", 1),
        "family:batch as role/etl": (f"{IAM}/etl", 2),
        f"family:batch as role/{other}": (other, 1),
    }


def test_isolation_is_by_the_role_that_a_task_runs_under(tmp_path: Path) -> None:
    """§3.8: what must not share an instance with etl goes elsewhere, although the definition has another role."""
    for role, instance in ((f"{IAM}/etl", "b"), (None, "a")):
        cluster = batch(role).read(tmp_path / instance)
        packed = [RuleSpec("binpack", "cpu")]
        problem, _ = cluster.request({"family:report": 1}, rules=ISOLATED, strategies=packed)
        answer = place(problem, Limits(workers=1))
        assert [problem.cluster.ec2_instance_id[i] for _, i, _ in answer.started] == [f"i-{instance}"]


def test_nothing_new_of_them_can_be_asked_for(tmp_path: Path) -> None:
    """A group has no overrides; the refusal names what can be started."""
    cluster = batch(None, f"{IAM}/etl").read(tmp_path)
    with pytest.raises(
        InvalidRequest, match="which its tasks were given when they started; start family:batch instead"
    ):
        cluster.request({"family:batch as role/etl": 1})
    with pytest.raises(InvalidRequest, match="is not a group of the cluster"):
        cluster.request({"family:batch as role/none": 1})


def test_they_stop_and_move_with_their_family(tmp_path: Path) -> None:
    """Terminating the family means them too, and what is drained moves, as a move keeps the overrides."""
    cluster = batch(None, f"{IAM}/etl").read(tmp_path)
    problem, _ = cluster.terminate({"family:batch": 2})
    assert [group.stop for group in problem.groups] == [1, 1]
    problem, _ = cluster.drain(["i-a"], movable=["family:batch"])
    answer = place(problem, Limits(workers=1))
    assert sorted((problem.groups[g].name, i) for g, i, _ in answer.tasks) == [
        ("family:batch", 1),
        ("family:batch as role/etl", 1),
    ]


def test_a_role_that_is_no_text_is_named_with_its_path(tmp_path: Path) -> None:
    """As every other field."""
    with pytest.raises(InvalidRequest, match=r"tasks.json\[0\].tasks\[0\].overrides.taskRoleArn: is 7; must be text"):
        batch(7).read(tmp_path)


def test_a_task_of_an_unknown_definition_has_the_role_that_it_was_given(tmp_path: Path) -> None:
    """Where the task definition is missing, the override alone says the role."""
    documents = batch().task("t9", "family:lost", "lost:1", "a", **overriding(f"{IAM}/etl"))
    assert groups(documents.read(tmp_path))["family:lost:1 as role/etl"] == ("family:lost", f"{IAM}/etl", 1)


def test_a_role_that_no_document_says_is_warned_of(tmp_path: Path) -> None:
    """Where roles are isolated: without its task definition a task's role is not known, unless it was given one."""
    documents = batch(None).task("t8", "family:lost", "lost:1", "a")
    cluster = documents.task("t9", "family:gone", "gone:1", "a", **overriding(f"{IAM}/etl")).read(tmp_path)
    said = "family:lost:1: the task role is not known"
    for warnings in (
        cluster.request({"family:report": 1}, rules=ISOLATED)[1],
        cluster.terminate({"family:batch": 1}, rules=ISOLATED)[1],
    ):
        assert [text.startswith(said) for text in warnings if "task role" in text] == [True]
    assert not any("task role" in text for text in cluster.request({"family:report": 1})[1])
