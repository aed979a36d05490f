"""Survival as part of a scenario: what it makes of the question, what its row says, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import solver
from solver.domain.request import Engine, Limits, Scheduling
from solver.domain.survival import Survival
from solver.errors import InvalidRequest
from solver.formats.table_cluster import TableCluster
from solver.robustness import survive
from solver.whatif import Analysis, Scenario, what_if
from solver.whatif.answering import Batch
from solver.whatif.asked import Asked
from solver.whatif.edits import Edit, LoseZone, Scale, SetCount, Survive
from solver.whatif.question import Place, Question, Reconcile
from solver.whatif.reading import Study, read_study
from solver.whatif.row import Row
from tests.builders import cluster, group, problem

LIMITS = Limits(time_limit=20, workers=1)
ZONE = Survival(("zone",))


def zones() -> TableCluster:
    """An instance with room for four tasks in each of three zones; one task of web and one of api run in a."""
    rows = [
        {"id": f"{zone}1", "zone": zone, "rack": f"r{zone}", "cpu": 4, "free": {"cpu": 2 if zone == "a" else 4}}
        for zone in "abc"
    ]
    groups = [group(name, cpu=1, scheduling=Scheduling.REPLICA) for name in ("web", "api")]
    return TableCluster(problem(cluster(rows, resources=("cpu",)), groups, {"web": [1, 0, 0], "api": [1, 0, 0]}))


def asked(survival: Survival | None = None, *, place: bool = False) -> Asked:
    """To have twelve tasks of web in all, which is more than fits once a zone is lost."""
    question: Question = Reconcile({"web": 11}, max_moves=0, survival=survival)
    if place:
        question = Place({"web": 10}, survival=survival)
    return Asked.of(zones(), question)


def row(base: Asked, *edits: Edit) -> Row:
    """The row of these edits."""
    found = Batch(base, LIMITS).row(Scenario("tested", edits))
    assert found.is_answered, found.reason
    return found


def refused(base: Asked, *edits: Edit) -> list[str]:
    """What the edits are refused with."""
    with pytest.raises(InvalidRequest) as found:
        Scenario("tested", edits).applied_to(base)
    return [str(fault) for fault in found.value.faults]


@pytest.mark.parametrize("place", [False, True])
def test_what_must_survive_a_zone_leaves_its_room(place: bool) -> None:
    """Of room for twelve tasks eight are used: those of any zone fit into the others. Without the edit all are placed."""
    free, safe = row(asked(place=place)), row(asked(place=place), Survive(("zone",)))
    assert (free.placed, free.missing, free.unsurvived) == (10, 0, None)
    assert (safe.placed, safe.missing, safe.unsurvived) == (6, 4, 0)
    assert safe.shortfall_proven


def test_a_scenario_may_ask_for_none_of_what_the_question_asks_for() -> None:
    """And a question asks for it in every scenario alike, the base too."""
    base = asked(ZONE)
    assert row(base).missing == 4
    assert row(base, Survive()).missing == 0 and row(base, Survive()).unsurvived is None


def test_only_the_named_groups_must_survive() -> None:
    """Of api's one task there is a place after any loss whatever web has, but for one."""
    found = row(asked(), Survive(("zone",), ("api",)))
    assert (found.missing, found.unsurvived) == (1, 0)


def test_a_loss_comes_on_top_of_what_edits_have_lost() -> None:
    """Two zones are left: four tasks survive the loss of either."""
    found = row(asked(), LoseZone("b"), Survive(("zone",)))
    assert (found.instances, found.placed + 2, found.unsurvived) == (2, 4, 0)


def test_losses_that_are_not_survived_before_are_counted() -> None:
    """Twelve tasks run, and nothing falls back after the loss of a zone."""
    groups = [group("web", cpu=1, scheduling=Scheduling.REPLICA)]
    rows = [{"id": zone, "zone": zone, "cpu": 4, "free": {"cpu": 0}} for zone in "abc"]
    full = TableCluster(problem(cluster(rows, resources=("cpu",)), groups, {"web": [4, 4, 4]}))
    found = row(Asked.of(full, Reconcile(max_moves=0)), Survive(("zone",)))
    assert (found.missing, found.unsurvived) == (0, 3)
    assert any("not survived before" in warning for warning in found.warnings)


def test_the_answer_is_that_of_survive() -> None:
    """The same plan and the same tiers as the library's for the edited request, which the checker passes."""
    edits = (Scale(0.9), SetCount({"api": 3}), Survive(("zone", "attribute:rack"), ("web",)))
    edited, answer = Batch(asked(), LIMITS).answer(Scenario("tested", edits))
    request, _ = edited.problem()
    found = survive(request, ("zone", "attribute:rack"), covered=("web",), limits=LIMITS)
    assert solver.check(answer.problem, answer.tasks) == ()
    assert [tier.value for tier in answer.tiers] == [tier.value for tier in found.answer.tiers]
    assert [loss.value for loss in answer.losses] == ["a", "b", "c", "ra", "rb", "rc"]


def test_what_means_nothing_is_refused_with_its_field() -> None:
    """Kinds of loss and groups, all of them at once; what is lost must leave something."""
    base = asked()
    assert refused(base, Survive(("zon", "attribute:rak"), ("wep", "api"))) == [
        "edits[0].survive.groups[0]: 'wep' is not a group of the cluster; did you mean 'web'?",
        "edits[0].survive.lose[0]: is 'zon'; must be zone, type, instance, or attribute:NAME such as attribute:rack",
        "edits[0].survive.lose[1]: is attribute:rak, and no instance has the attribute 'rak'; did you mean 'rack'?",
    ]
    (said,) = refused(base, LoseZone("a"), LoseZone("b"), Survive(("zone",)))
    assert said.startswith("edits[2].survive.lose[0]: is zone, and every instance is lost with zone c; ")


def test_a_deterministic_limit_is_refused() -> None:
    """It cannot be kept; where nothing is to be survived it can."""
    limits = Limits(time_limit=5, deterministic_limit=1.0)
    safe, free = Scenario("safe", (Survive(("zone",)),)), Scenario("free", (Survive(),))
    for scenarios, question in (([safe], Reconcile()), ([], Reconcile(survival=ZONE))):
        with pytest.raises(InvalidRequest, match=r"^limits\.deterministic_limit: stands beside survive, "):
            what_if(zones(), scenarios, question, limits=limits, workers=1)
    assert what_if(zones(), [free], Reconcile(), limits=limits, workers=1).by_name["free"].is_answered


def test_a_table_has_the_column_where_it_says_something() -> None:
    """Numbers where something is to be survived, nothing elsewhere."""
    rows = (row(asked()), row(asked(), Survive(("zone",))))
    frame = Analysis(rows, 2).frame()
    assert frame["unsurvived"].isna().tolist() == [True, False]
    assert int(frame["unsurvived"].iloc[1]) == 0


def read(tmp_path: Path, text: str) -> Study:
    """What a file with this text says of the cluster."""
    path = tmp_path / "scenarios.yaml"
    path.write_text(text, encoding="utf-8")
    return read_study(path, zones())


def test_a_file_says_it_in_every_spelling(tmp_path: Path) -> None:
    """As one kind, as several, with groups, as none; in the question, and as the values of an axis."""
    study = read(
        tmp_path,
        """
ask: {place: {groups: {web: 2}, survive: [zone, "attribute:rack"], survive_groups: web}}
scenarios:
  - name: spelled
    edits:
      - survive: zone
      - survive: [zone, instance]
      - survive: {lose: zone, groups: [web]}
      - survive: {lose: none}
      - survive: none
grid:
  axes:
    survive: {values: [none, zone], edits: {survive: $value}}
""",
    )
    assert study.asked.question == Place({"web": 2}, survival=Survival(("zone", "attribute:rack"), ("web",)))
    spelled, without, safe = study.scenarios
    assert spelled.edits == (
        Survive(("zone",)),
        Survive(("zone", "instance")),
        Survive(("zone",), ("web",)),
        Survive(),
        Survive(),
    )
    assert (without.edits, safe.edits) == ((Survive(),), (Survive(("zone",)),))


def test_everything_wrong_with_it_is_told_at_once(tmp_path: Path) -> None:
    """At the field of the file that says it."""
    with pytest.raises(InvalidRequest) as found:
        read(
            tmp_path,
            """
ask: {reconcile: {survive: zon, survive_groups: [web, wep]}}
limits: {deterministic_limit: 1}
scenarios:
  - {name: a, edits: [survive: []]}
  - {name: b, edits: [survive: {groups: [web]}]}
  - {name: c, edits: [survive: rack]}
""",
        )
    assert sorted(fault.path.rpartition(" ")[2] for fault in found.value.faults) == [
        "ask.reconcile.survive[0]",
        "ask.reconcile.survive_groups[1]",
        "limits.deterministic_limit",
        "scenarios[0].edits[0].survive",
        "scenarios[1].edits[0].survive.lose",
        "scenarios[2].edits[0].survive.lose[0]",
    ]
    with pytest.raises(InvalidRequest, match=r"ask\.place\.survive_groups: stands without survive; "):
        read(tmp_path, "ask: {place: {survive_groups: web}}\nscenarios: [{name: a, edits: []}]")


def test_the_sequential_engine_survives_too() -> None:
    """One task at a time, each with a place after every loss."""
    found = Batch(asked(), Limits(time_limit=20, workers=1, engine=Engine.SEQUENTIAL)).row(
        Scenario("tested", (Survive(("zone",)),))
    )
    assert 0 < found.placed <= 6 and found.unsurvived == 0
