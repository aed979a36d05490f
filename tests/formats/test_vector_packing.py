"""Vector packing files: what is read, what is refused, and plans judged by an evaluator that shares no code with the solver."""

from __future__ import annotations

import tarfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from solver import Limits, place
from solver.domain.answer import Answer
from solver.errors import InvalidRequest, TooLarge, UnreadableDocument
from solver.formats.vector_packing import problem_from_vbp, read_vector_packing

SMALL = "2\n10 8\n3\n4 4 2\n6 1 1\n2 7 3\n"


def bins_of(text: str, answer: Answer) -> int:
    """How many bins the answer uses for the items of a text, which it must hold all of, each bin within its capacities."""
    lines = [[int(word) for word in line.split()] for line in text.strip().splitlines()]
    capacity, items = lines[1], lines[3:]
    load: dict[int, list[int]] = defaultdict(lambda: [0] * len(capacity))
    held = [0] * len(items)
    tasks = answer.tasks
    for group, instance, count in zip(tasks.group.tolist(), tasks.instance.tolist(), tasks.count.tolist(), strict=True):
        item = int(answer.problem.groups[group].name.removeprefix("item")) - 1
        held[item] += count
        for d, size in enumerate(items[item][:-1]):
            load[instance][d] += size * count
    assert held == [item[-1] for item in items]
    assert all(amount <= most for loads in load.values() for amount, most in zip(loads, capacity, strict=True))
    return len(load)


def test_items_are_groups_and_bins_are_instances() -> None:
    """Sizes as resources, a bin for each item."""
    problem = problem_from_vbp(SMALL)
    assert problem.cluster.resources == ("size1", "size2")
    assert problem.cluster.capacity.tolist() == [[10, 8]] * 6
    assert [(group.demand, group.start) for group in problem.groups] == [
        ({"size1": 4, "size2": 4}, 2),
        ({"size1": 6, "size2": 1}, 1),
        ({"size1": 2, "size2": 7}, 3),
    ]


def test_the_plan_uses_as_few_bins_as_there_can_be() -> None:
    """Three bins hold one of the tall items each; the others fit nowhere but in two more, or one with the flat one."""
    answer = place(problem_from_vbp(SMALL), Limits(time_limit=10))
    assert bins_of(SMALL, answer) == 4
    assert answer.tiers[1].value == answer.tiers[1].bound == 4


def test_published_optima_are_met_and_proved(published: Callable[[str], Path]) -> None:
    """The smallest problems of each class in three and five dimensions."""
    archive, listed = (
        published("vector_packing/New_instances.tar.gz"),
        published("vector_packing/New_summary_known.csv"),
    )
    optimum = {cells[0]: int(cells[2]) for cells in (line.split("\t") for line in listed.read_text().splitlines()[1:])}
    with tarfile.open(archive) as file:
        for name in [f"class{k}_20_{d}_0" for k in (1, 2, 3, 4, 5) for d in (3, 5)]:
            member = file.extractfile(f"New_instances_multidim/{name.split('_')[0]}/{name}.vbp")
            assert member is not None
            text = member.read().decode()
            answer = place(problem_from_vbp(text, name), Limits(time_limit=20))
            assert bins_of(text, answer) == answer.tiers[1].value == answer.tiers[1].bound == optimum[name], name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "vbp: has no header; begin with dimensions, capacities and the number of items"),
        ("2\n10", "vbp: has no header; begin with dimensions, capacities and the number of items"),
        ("1\n10\n2\n3 1\n", "vbp: holds 5 numbers; 2 items of 1 sizes and a count each need 7 with the header"),
        ("1\n10\n1\n3.5 1\n", "vbp: holds '3.5'; must hold whole numbers of up to 16 digits only"),
        ("1\n10\n1\n-3 1\n", "vbp: holds -3; give numbers from 0 to 9,007,199,254,740,992 in all"),
        ("1\n10\n0\n", "vbp: has 0 items; give at least one"),
        ("1\n10\n-1\n", "vbp: has -1 items; give at least one"),
        (
            "1\n10\n1\n" + "9" * 5_000 + " 1\n",
            f"vbp: holds '{'9' * 40}'; must hold whole numbers of up to 16 digits only",
        ),
        ("1\n10\n1\n3 900000000\n", "vbp: holds 900,000,000 items; give at most 100,000"),
    ],
)
def test_what_is_not_in_the_format_is_refused(text: str, said: str) -> None:
    """With what would be right."""
    with pytest.raises((UnreadableDocument, TooLarge)) as refused:
        problem_from_vbp(text)
    assert str(refused.value) == said


def test_an_item_that_fits_no_bin_is_refused_by_name() -> None:
    """Each of them, with the dimension."""
    with pytest.raises(InvalidRequest) as refused:
        problem_from_vbp("2\n10 8\n2\n11 4 1\n1 9 1\n", "a.vbp")
    assert [str(fault) for fault in refused.value.faults] == [
        "a.vbp item 1: has 11 of size 1; a bin has 10",
        "a.vbp item 2: has 9 of size 2; a bin has 8",
    ]


def test_a_file_is_named_in_what_is_said_of_it(tmp_path: Path) -> None:
    """One that is absent, one that is not text."""
    with pytest.raises(UnreadableDocument, match=r"absent\.vbp: cannot be read"):
        read_vector_packing(tmp_path / "absent.vbp")
    (tmp_path / "broken.vbp").write_bytes(b"\xff\xfe")
    with pytest.raises(UnreadableDocument, match=r"broken\.vbp: is not text"):
        read_vector_packing(tmp_path / "broken.vbp")
