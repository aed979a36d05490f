"""Rows on disk: whole or not at all, each once, and only of the run that they are said to be of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from solver.domain.request import Limits
from solver.errors import InvalidRequest
from solver.whatif.row import Outcome, Row, Tier, from_cells, to_cells
from solver.whatif.store import LOCK, RESULTS, RUN, Store, read_rows, write_parquet

SAME = {"cluster": "c" * 64, "limits": "few"}
FULL = Row(
    scenario='odd, "name" – ü',
    status=Outcome.FEASIBLE,
    wanted=5,
    placed=3,
    missing=2,
    short={"service:web": 2},
    displaced=1,
    lost=4,
    moved=6,
    stopped=7,
    unsurvived=3,
    instances=9,
    used=8,
    cost=1_234_567,
    used_cost=100_000,
    tiers=(Tier("unplaced", "tasks not placed", 2, 1, False), Tier("moved", "tasks moved", 0, 0, True)),
    warnings=("mind, this", "and that"),
    fingerprint="f" * 64,
    seconds=0.25,
)


def row(name: str) -> Row:
    """A row of this name."""
    return Row(name, Outcome.OPTIMAL, wanted=1, placed=1)


def test_a_row_comes_back_as_it_was() -> None:
    """Text and numbers, tiers and warnings; a row without an answer, and one whose reason has line breaks."""
    failed = Row.failed("broken", "first\nsecond\r\n third")
    for one in (FULL, row("plain"), failed):
        assert from_cells(to_cells(one)) == one
        assert not any("\n" in cell or "\r" in cell for cell in to_cells(one))
    assert failed.reason == "first second third"


@pytest.mark.parametrize("cost", [0, 1, 999_999, 1_000_000, 8_894_000, 123_456_789_012])
def test_a_cost_is_written_exactly(cost: int) -> None:
    """To the millionth."""
    assert from_cells(to_cells(Row("x", Outcome.OPTIMAL, cost=cost, used_cost=None))).cost == cost


def test_rows_are_found_again(tmp_path: Path) -> None:
    """What was appended is there for the next run, in the order of the scenarios once the run is whole."""
    folder = tmp_path / "new" / "results"
    with Store(folder, SAME) as store:
        store.append(row("b"))
        store.append(FULL)
    with Store(folder, SAME) as store:
        assert store.rows == {"b": row("b"), FULL.scenario: FULL}
        store.append(row("a"))
        store.put_in_order(["a", "b", FULL.scenario])
        store.append(row("z"))
    assert list(read_rows(folder)) == ["a", "b", FULL.scenario, "z"]


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_torn_row_is_cut_off_and_no_other_is_lost(tmp_path: Path, cut: int) -> None:
    """Whatever part of the last row a crash has left, the rows before it stay, and the next is whole."""
    with Store(tmp_path, SAME) as store:
        store.append(row("a"))
        store.append(FULL)
    path = tmp_path / RESULTS
    path.write_bytes(path.read_bytes()[:-cut])
    assert list(read_rows(tmp_path)) == ["a"]
    with Store(tmp_path, SAME) as store:
        assert list(store.rows) == ["a"]
        store.append(row("c"))
    assert list(read_rows(tmp_path)) == ["a", "c"]


def test_a_torn_header_is_written_anew(tmp_path: Path) -> None:
    """A crash before the first row leaves a folder that a run can begin with."""
    with Store(tmp_path, SAME):
        pass
    path = tmp_path / RESULTS
    path.write_bytes(path.read_bytes()[:10])
    with Store(tmp_path, SAME) as store:
        store.append(row("a"))
    assert list(read_rows(tmp_path)) == ["a"]


def test_of_long_limits_the_message_names_the_one_that_differs(tmp_path: Path) -> None:
    """With both values, wherever it stands."""
    for name, one, other, said in (
        ("seed", Limits(), Limits(seed=3), "seed=0, now seed=3"),
        ("time", Limits(time_limit=2.0), Limits(time_limit=30.0), "time_limit=2.0, now time_limit=30.0"),
    ):
        folder = tmp_path / name
        with Store(folder, {"limits": repr(one)}):
            pass
        with pytest.raises(InvalidRequest) as refused:
            Store(folder, {"limits": repr(other)})
        assert f"({said})" in str(refused.value)


def test_rows_of_another_run_are_refused_with_what_differs(tmp_path: Path) -> None:
    """The folder is left as it is."""
    with Store(tmp_path, SAME) as store:
        store.append(row("a"))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(InvalidRequest) as refused:
        Store(tmp_path, {"cluster": "d" * 64, "limits": "few"})
    assert [str(fault) for fault in refused.value.faults] == [
        f"{tmp_path} cluster: is not that of the rows there (cccccccccccc..., now dddddddddddd...); "
        "resume with what it was begun with, or name another folder"
    ]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    with Store(tmp_path, SAME) as store:
        assert list(store.rows) == ["a"]


def test_two_runs_do_not_write_to_one_folder(tmp_path: Path) -> None:
    """The second is refused while the first goes on, and only then."""
    with Store(tmp_path, SAME), pytest.raises(InvalidRequest, match="is in use by another run"):
        Store(tmp_path, SAME)
    Store(tmp_path, SAME).close()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("scenario,other\n", "has other columns"),
        ("{header}\na,OPTIMAL\n", "line 2: cannot be read .has 2 columns in place of"),
        ("{header}\n{row}\n{row}\n", "line 3: has scenario 'a' once more"),
        ("{header}\n{bad}\n", "line 2: cannot be read"),
    ],
)
def test_a_file_that_somebody_changed_is_refused(tmp_path: Path, content: str, said: str) -> None:
    """Nothing is guessed of a row that cannot be read."""
    with Store(tmp_path, SAME) as store:
        store.append(row("a"))
    path = tmp_path / RESULTS
    header, whole = path.read_text(encoding="utf-8").splitlines()
    bad = whole.replace("OPTIMAL", "SPLENDID")
    path.write_text(content.format(header=header, row=whole, bad=bad), encoding="utf-8")
    with pytest.raises(InvalidRequest, match=said):
        Store(tmp_path, SAME)


def test_results_without_their_run_are_refused(tmp_path: Path) -> None:
    """Of what they are, nobody knows."""
    with Store(tmp_path, SAME) as store:
        store.append(row("a"))
    known = json.loads((tmp_path / RUN).read_text(encoding="utf-8"))
    assert known == SAME and (tmp_path / LOCK).exists()
    (tmp_path / RUN).unlink()
    with pytest.raises(InvalidRequest, match="holds results of an unknown run"):
        Store(tmp_path, SAME)
    (tmp_path / RUN).write_text("{", encoding="utf-8")
    with pytest.raises(InvalidRequest, match="is no JSON"):
        Store(tmp_path, SAME)
    with pytest.raises(InvalidRequest, match="does not exist"):
        read_rows(tmp_path / "absent")


def test_parquet_has_the_same_rows(tmp_path: Path) -> None:
    """Numbers as numbers, missing where there is no answer."""
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    path = write_parquet(tmp_path, [FULL, Row.failed("broken", "why")])
    frame = pd.read_parquet(path).set_index("scenario")
    assert frame.loc[FULL.scenario, "cost"] == pytest.approx(1.234567) and frame.loc[FULL.scenario, "missing"] == 2
    assert pd.isna(frame.loc["broken", "missing"]) and frame.loc["broken", "reason"] == "why"
