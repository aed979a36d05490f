"""Catalogues of instance types: what is read, and what is refused with its line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from solver.capacity.catalogue import InstanceType, read_catalogue, without_dearer
from solver.errors import InvalidRequest, UnreadableDocument

HEADER = "instance_type,vcpu,memory_mib,gpu,max_enis,arch,price_per_hour\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "types.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_amounts_are_counted_in_whole_units(tmp_path: Path) -> None:
    """A processor is 1,024 units, a device 1,000 thousandths, money millionths; the primary interface takes no task."""
    found = read_catalogue(written(tmp_path, HEADER + "m5.large,2,8192,0,3,amd64,0.096\n"))
    assert found.types == (InstanceType("m5.large", 2_048, 8_192, 96_000, 0, 2, "x86_64"),)


def test_memory_may_be_in_gib(tmp_path: Path) -> None:
    """The column says the unit."""
    found = read_catalogue(written(tmp_path, "instance_type,vcpu,memory_gib,usd_per_hour\na,1,1.5,0.1\n"))
    assert found.types[0].memory == 1_536


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a,2,8192,0,3,amd64,-0.1", "line 3, price_per_hour: is -0.1, which is negative"),
        ("a,2,,0,3,amd64,0.1", "line 3, memory_mib: is empty"),
        ("a,2,8 GiB,0,3,amd64,0.1", "line 3, memory_mib: is '8 GiB'"),
        ("a,0,8192,0,3,amd64,0.1", "line 3, vcpu: is 0"),
        ("a,2,8192,0,3,mips,0.1", "line 3, arch: is 'mips'"),
        ("a,2,8192,0,3,amd64,nan", "line 3, price_per_hour: is 'nan'"),
        ("a,2,8192,0,3,amd64,1e400", "line 3, price_per_hour: is 1e400"),
        ("b,2,8192,0,3,amd64,0.1", "line 3, instance_type: 'b' stands on line 2 too"),
        ("a,2,8192,0,3,amd64", "line 3: has 6 cells"),
        (",2,8192,0,3,amd64,0.1", "line 3, instance_type: is empty"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, said: str) -> None:
    """The message names the line and the column."""
    path = written(tmp_path, HEADER + "b,2,8192,0,3,amd64,0.1\n" + row + "\n")
    with pytest.raises(InvalidRequest) as refused:
        read_catalogue(path)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("instance_type,vcpu,memory_gb,price_per_hour", "column memory_gb: has a unit that is not known"),
        ("instance_type,vcpu,memory_mib,price_per_month", "column price_per_month: has a unit that is not known"),
        ("instance_type,vcpu,memory_mib", "has no column 'price_per_hour'"),
        ("instance_type,vcpu,memory_mib,memory_gib,price_per_hour", "says the same as column memory_mib"),
        ("instance_type,vcpu,vcpu,memory_mib,price_per_hour", "column vcpu: stands there twice"),
    ],
)
def test_a_bad_header_is_named(tmp_path: Path, header: str, said: str) -> None:
    """A unit that nobody can know is refused, not guessed."""
    with pytest.raises(InvalidRequest) as refused:
        read_catalogue(written(tmp_path, header + "\n"))
    assert said in str(refused.value)


def test_incomplete_rows_are_passed_over_only_when_asked(tmp_path: Path) -> None:
    """Then a warning says how many."""
    path = written(tmp_path, HEADER + "a,2,8192,0,3,amd64,0.1\nb,2,,0,3,amd64,0.1\n")
    found = read_catalogue(path, skip_incomplete=True)
    assert [one.name for one in found.types] == ["a"]
    assert found.warnings == ("types.csv: 1 of 2 rows have empty cells and are passed over",)


def test_an_empty_catalogue_is_refused(tmp_path: Path) -> None:
    """So is a file that is not there."""
    with pytest.raises(InvalidRequest):
        read_catalogue(written(tmp_path, HEADER))
    with pytest.raises(UnreadableDocument):
        read_catalogue(tmp_path / "absent.csv")


def test_patterns_choose_types(tmp_path: Path) -> None:
    """``!`` takes away; a pattern that matches nothing is a mistake."""
    rows = "".join(f"{name},2,8192,0,3,amd64,0.1\n" for name in ("m5.large", "t3.large", "t3.small"))
    found = read_catalogue(written(tmp_path, HEADER + rows))
    assert [one.name for one in found.only(["!t3.*"]).types] == ["m5.large"]
    with pytest.raises(InvalidRequest):
        found.only(["x9.*"])


def test_only_a_type_that_has_less_for_no_less_is_needless() -> None:
    """Neither a cheaper smaller one nor one with more of anything is."""
    a, b = InstanceType("a", 10, 10, 5), InstanceType("b", 10, 9, 5)
    c, d = InstanceType("c", 5, 5, 4), InstanceType("d", 1, 20, 9)
    amounts = {one: [one.cpu, one.memory] for one in (a, b, c, d)}
    assert without_dearer(amounts, by_architecture=False) == [c, a, d]
