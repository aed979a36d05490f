"""A file of scenarios: what it may say, and that everything wrong with it is told at once, each with its path."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from solver.domain.request import Engine, Limits, Preempt, RuleSpec
from solver.errors import InvalidRequest, PlacementSolverError, TooLarge, UnreadableDocument
from solver.whatif.edits import (
    EDITS,
    AddInstances,
    AddRule,
    AlterRule,
    ChangeDemand,
    ChangeType,
    DropRule,
    Instances,
    LoseInstances,
    LoseZone,
    MoveBudget,
    RemoveInstances,
    Scale,
    SetCount,
    SetPrices,
    SetStrategies,
    Survive,
)
from solver.whatif.question import InstanceType, Place, Reconcile
from solver.whatif.reading import HOLDS, Study, read_study
from solver.whatif.yaml_text import MOST_BYTES, parse_yaml
from tests.whatif.clusters import demo, small

PYTHON = "tag:yaml.org,2002:python/object/apply:os.system"
CONTROL = "unacceptable character #x0007: special characters are not allowed"
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def read(tmp_path: Path, text: str) -> Study:
    """What a file with this text says of the small cluster."""
    path = tmp_path / "scenarios.yaml"
    path.write_text(text, encoding="utf-8")
    return read_study(path, small())


def refused(tmp_path: Path, text: str) -> list[str]:
    """The faults of a file, without its name."""
    with pytest.raises(PlacementSolverError) as found:
        read(tmp_path, text)
    return str(found.value).replace(f"{tmp_path / 'scenarios.yaml'}", "FILE").splitlines()


def of_edits(tmp_path: Path, *edits: str) -> Study:
    """The study of one scenario with these edits."""
    listed = "".join(f"      - {edit}\n" for edit in edits)
    return read(tmp_path, f"scenarios:\n  - name: tried\n    edits:\n{listed}")


def test_every_kind_of_edit_is_read(tmp_path: Path) -> None:
    """Each edit as docs/what-if.md writes it, long and short."""
    text = """
types: {large: {cpu: 5000, memory: 9000, price: 0.2}, huge: {cpu: 64000, memory: 128000}}
prices: {small: 0.05}
scenarios:
  - name: all
    edits:
      - add_instances: {type: huge, zone: a, count: 2, attributes: {stack: prod}, name: big}
      - remove_instances: [a1, b1]
      - remove_instances: {where: "attribute:ecs.instance-type == small", count: 1}
      - lose_instances: c1
      - lose_zone: b
      - change_type: {instances: [a2], type: large}
      - scale: {factor: 1.5, groups: [web]}
      - scale: 2
      - set_count: {web: 4}
      - change_demand: {groups: web, amounts: {cpu: 100}, factors: {memory: 1.5}}
      - add_rule: {rule: "maxPerInstance(3)", groups: [web]}
      - alter_rule: {rule: maxPerInstance, to: distinctInstance}
      - drop_rule: distinctInstance
      - add_rule: reserve(memory, 100)
      - set_strategies: {strategies: [spread(instanceId), binpack(cpu)], groups: [web, db]}
      - set_strategies: random
      - set_prices: {large: 0.3}
      - move_budget: 5
      - move_budget: {moves: null, cost: 9}
      - survive: {lose: instance, groups: [web]}
"""
    study = read(tmp_path, text)
    assert study.scenarios[0].edits == (
        AddInstances(count=2, type="huge", zone="a", attributes={"stack": "prod"}, name="big"),
        RemoveInstances(Instances(("a1", "b1"))),
        RemoveInstances(Instances(where="attribute:ecs.instance-type == small", count=1)),
        LoseInstances(Instances(("c1",))),
        LoseZone("b"),
        ChangeType(Instances(("a2",)), "large"),
        Scale(1.5, ("web",)),
        Scale(2),
        SetCount({"web": 4}),
        ChangeDemand(("web",), {"cpu": 100}, {"memory": 1.5}),
        AddRule(RuleSpec("maxPerInstance", "3"), ("web",)),
        AlterRule(RuleSpec("maxPerInstance"), RuleSpec("distinctInstance")),
        DropRule(RuleSpec("distinctInstance")),
        AddRule(RuleSpec("reserve", "memory, 100")),
        SetStrategies((RuleSpec("spread", "instanceId"), RuleSpec("binpack", "cpu")), ("web", "db")),
        SetStrategies((RuleSpec("random"),)),
        SetPrices({"large": 0.3}),
        MoveBudget(5),
        MoveBudget(None, 9),
        Survive(("instance",), ("web",)),
    )
    assert {type(edit) for edit in study.scenarios[0].edits} == set(EDITS.values())
    assert study.asked.prices == {"large": 200_000, "small": 50_000}
    assert study.asked.types["large"] == InstanceType({"cpu": 5000, "memory": 9000})


def test_what_is_asked_and_the_limits_are_read(tmp_path: Path) -> None:
    """A question of either kind, and limits that the command line may override."""
    text = """
ask:
  reconcile:
    {desired: {web: 4}, max_moves: 3, preempt: lower, movable: [db], rebalance: true, consolidate: true,
     priorities: {web: 5}, frozen: [a1], rules: ["reserve(cpu, 10)"], all_or_nothing: true, max_move_cost: 9}
limits: {time_limit: 2.5, deterministic_limit: 1, seed: 3, engine: exact}
scenarios: [{name: one, edits: []}]
"""
    study = read(tmp_path, text)
    assert study.asked.question == Reconcile(
        {"web": 4},
        3,
        9,
        Preempt.LOWER,
        ("db",),
        True,
        True,
        {"web": 5},
        ("a1",),
        (RuleSpec("reserve", "cpu, 10"),),
        True,
    )
    assert study.limited(Limits()) == Limits(2.5, 1.0, 2, 3, Engine.EXACT)
    placing = read(tmp_path, "ask: {place: {groups: {web: 2}, frozen: a1}}\nscenarios: [{name: one, edits: []}]")
    assert placing.asked.question == Place({"web": 2}, frozen=("a1",))
    assert read(tmp_path, "ask: reconcile\nscenarios: [{name: one, edits: []}]").asked.question == Reconcile()


def test_a_grid_is_read_in_every_spelling(tmp_path: Path) -> None:
    """Choices as edits, with names, as nothing; values in a template; a sample."""
    text = """
grid:
  axes:
    lost: [none, lose_zone: a, {name: both, edits: [lose_zone: a, lose_zone: b]}]
    growth: {values: [1, 1.5, 2], edits: {scale: {groups: [web], factor: $value}}}
    named: {values: [web, db], edits: [{set_count: {$value: 1}}, {add_rule: {rule: maxPerInstance(2), groups: [$value]}}]}
"""
    scenarios = read(tmp_path, text).scenarios
    assert len(scenarios) == 3 * 3 * 2
    assert scenarios[-1].name == "lost=both growth=2 named=db"
    two = AddRule(RuleSpec("maxPerInstance", "2"), ("db",))
    assert scenarios[-1].edits == (LoseZone("a"), LoseZone("b"), Scale(2, ("web",)), SetCount({"db": 1}), two)
    assert scenarios[0].edits[0] == Scale(1, ("web",))
    sampled = read(tmp_path, text + "  sample: 5\n  seed: 2\n").scenarios
    assert len(sampled) == 5 and all(one in scenarios for one in sampled)


def test_a_grid_of_a_thousand_million_is_read_with_a_sample_and_refused_without(tmp_path: Path) -> None:
    """Nine axes of ten: a hundred of them at once, or a clear error."""
    axes = "".join(
        f"    x{k}: {{values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], edits: {{scale: $value}}}}\n" for k in range(9)
    )
    assert len(read(tmp_path, f"grid:\n  axes:\n{axes}  sample: 100\n").scenarios) == 100
    assert refused(tmp_path, f"grid:\n  axes:\n{axes}") == [
        "grid: has 1,000,000,000 scenarios; write sample: N for some of them, or have at most 100,000"
    ]


def test_everything_wrong_with_a_file_is_told_at_once(tmp_path: Path) -> None:
    """Words that are not known, values of the wrong kind and names that stand twice, each with its path."""
    text = """
asks: reconcile
limits: {time_limit: soon}
prices: {large: -1}
types: {huge: {cpu: 1, gold: 3}}
scenarios:
  - name: one
    edits: [lose_zones: a]
  - name: one
    edits: [scale: {factor: much, group: web}]
  - name: base
    edits: [{lose_zone: a, scale: 2}, 7]
  - edits: []
"""
    assert refused(tmp_path, text) == [
        "asks: is not known; did you mean 'ask'?",
        "types.huge.gold: is not known; must be one of cpu, memory, price",
        "types.huge.memory: is missing; types.huge needs it",
        "prices.large: is -1; must be 0 to 1,000,000",
        "scenarios[0].edits[0].lose_zones: is not an edit; did you mean 'lose_zone'?",
        "scenarios[1].edits[0].scale.group: is not known; did you mean 'groups'?",
        "scenarios[1].edits[0].scale.factor: is 'much'; must be a number, like 2 or 0.5",
        "scenarios[2].edits[0]: holds 2 edits (lose_zone, scale); write each edit as an entry of its own: '- EDIT: ...'",
        "scenarios[2].edits[1]: is no edit; write EDIT: and what it says, such as lose_zone: us-east-1a",
        "scenarios[3].name: is missing; scenarios[3] needs it",
        "limits.time_limit: is 'soon'; must be a number, like 2 or 0.5",
        "scenarios[1].name: 'one' is already that of scenarios[0]; give each its own",
        "scenarios[2].name: is 'base'; the cluster as it is has this name already: take another",
    ]


def test_edits_that_do_not_fit_the_cluster_are_told_at_once(tmp_path: Path) -> None:
    """Every list of edits is tried on the cluster before anything is answered, those of a grid too."""
    text = """
ask: {reconcile: {desired: {wbe: 3}}}
scenarios:
  - name: gone
    edits: [lose_instances: [a1, x1]]
  - name: nothing left
    edits: [lose_zone: a, lose_zone: b, lose_zone: c]
  - name: unknown
    edits: [scale: {factor: -2, groups: [web]}, lose_zone: q]
grid:
  axes:
    growth: {values: [1, -1], edits: {scale: $value}}
    lost: [lose_zone: d]
"""
    assert refused(tmp_path, text) == [
        "ask.reconcile.desired.wbe: is not a group of the cluster; did you mean 'web'?",
        "scenarios[0].edits[0].lose_instances[1]: 'x1' is no instance of the cluster; must be one of a1, a2, b1, b2, c1, c2",
        "scenarios[1].edits[2].lose_zone: leaves no instance; leave at least one",
        "scenarios[2].edits[0].scale.factor: is -2; must be 0 to 1,000",
        "scenarios[2].edits[1].lose_zone: 'q' is no zone of the cluster; must be one of a, b, c",
        "grid.axes.growth.edits.scale.factor with $value -1: is -1; must be 0 to 1,000",
        "grid.axes.lost[0].lose_zone: 'd' is no zone of the cluster; must be one of a, b, c",
    ]


def test_faults_of_both_kinds_are_told_in_one_message(tmp_path: Path) -> None:
    """Words that cannot be read hide nothing that the cluster does not know, in the same edit or elsewhere."""
    text = """
ask: {reconcile: {movable: [wbe], frozen: [a9], rules: ["reserv(cpu, 1)"], max_move: 2}}
limits: {seed: -1}
scenarios:
  - edits: [lose_zone: q]
  - name: two
    edits:
      - lose_zones: a
      - scale: {factor: much, groups: [5, wbe]}
      - change_type: {instances: [x1], type: lagre}
      - set_strategies: {strategies: [spred(host)], groups: [dbb]}
      - alter_rule: {rule: maxPerInstance, to: "reserve(cpu, 1)", groups: [dbb]}
      - add_instances: {type: lagre, zoen: a, count: 0}
      - remove_instances: [new-1]
grid:
  axes:
    growth: {values: [1, 2], edits: [{scale: {groups: [wbe], factor: $value}}, lose_zone: {}]}
"""
    assert refused(tmp_path, text) == [
        "ask.reconcile.max_move: is not known; did you mean 'max_moves'?",
        "scenarios[0].name: is missing; scenarios[0] needs it",
        "scenarios[1].edits[0].lose_zones: is not an edit; did you mean 'lose_zone'?",
        "scenarios[1].edits[1].scale.factor: is 'much'; must be a number, like 2 or 0.5",
        "scenarios[1].edits[1].scale.groups[0]: is 5; must be text; put it in quotes where it looks like something else",
        "scenarios[1].edits[5].add_instances.zoen: is not known; did you mean 'zone'?",
        "grid.axes.growth.edits[1].lose_zone: is {}; must be text; put it in quotes where it looks like something else",
        "limits.seed: is -1; must be 0 to 2,147,483,647",
        "ask.reconcile.frozen[0]: 'a9' is to be frozen and is neither a group nor an instance; must be one of web, db, agent",
        "ask.reconcile.movable[0]: 'wbe' is not a group of the cluster; did you mean 'web'?",
        "ask.reconcile.rules[0]: reserv: type is not a rule of the cluster; must be one of isolateRoles, reserve",
        "scenarios[0].edits[0].lose_zone: 'q' is no zone of the cluster; must be one of a, b, c",
        "scenarios[1].edits[1].scale.groups[1]: 'wbe' is not a group of the cluster; did you mean 'web'?",
        "scenarios[1].edits[2].change_type.instances[0]: 'x1' is no instance of the cluster; "
        "must be one of a1, a2, b1, b2, c1, c2",
        "scenarios[1].edits[2].change_type.type: 'lagre' is no type that is known; did you mean 'large'?, "
        "or list it under types",
        "scenarios[1].edits[3].set_strategies.groups[0]: 'dbb' is not a group of the cluster; did you mean 'db'?",
        "scenarios[1].edits[3].set_strategies.strategies: spred: type is not a strategy; "
        "must be one of binpack, leastFragmentation, random, spread",
        "scenarios[1].edits[4].alter_rule.groups[0]: 'dbb' is not a group of the cluster; did you mean 'db'?",
        "scenarios[1].edits[4].alter_rule.rule: is maxPerInstance, which neither a group nor the cluster has; "
        "there is no rule to change",
        "scenarios[1].edits[4].alter_rule.to: is reserve(cpu, 1), a rule of another kind; "
        "must be one of affinity, antiAffinity, distinctInstance, maxPerInstance, maxSkew, memberOf, prefers, tolerates",
        "scenarios[1].edits[5].add_instances.count: is 0; must be 1 to 10,000",
        "scenarios[1].edits[5].add_instances.type: 'lagre' is no type that is known; did you mean 'large'?, "
        "or list it under types",
        "grid.axes.growth.edits[0].scale.groups[0]: 'wbe' is not a group of the cluster; did you mean 'web'?",
    ]


PLANTED: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("lose_zone: c", "lose_zone: cc", "", ()),
    ("lose_instances: [a1]", "lose_instances: [a1, a1, x1]", "", ("[1]", "[2]")),
    ("remove_instances: {where: 'attribute:ecs.instance-type == small'}", "remove_instances: {where: 'a ='}", "", (".where",)),
    ("scale: 2", "scale: -1", "", (".factor",)),
    ("scale: {groups: [web], factor: 2}", "scale: {groups: [web, wbe], factor: 2000}", "", (".groups[1]", ".factor")),
    ("set_count: {web: 3}", "set_count: {wbe: 3, web: -1}", "", (".wbe", ".web")),
    ("add_instances: {type: large, name: n}", "add_instances: {type: lagre, count: 0, name: n}", "", (".type", ".count")),
    ("add_instances: {like: b1}", "add_instances: {like: z9, tpye: 3}", ".tpye", (".like",)),
    ("change_demand: {groups: web, amounts: {cpu: 9}}", "change_demand: {groups: wbe, amounts: {cpi: 9}}", "",
     (".groups[0]", ".amounts.cpi")),
    ("add_rule: distinctInstance", "add_rule: distinctInstanc", "", (".rule",)),
    ("set_strategies: random", "set_strategies: {strategies: [], groups: [web]}", "", (".strategies",)),
    ("set_prices: {large: 1}", "set_prices: {large: -1}", "", (".large",)),
    ("move_budget: 3", "move_budget: {moves: -3, cost: much}", ".cost", (".moves",)),
)  # fmt: skip
"""An edit as it is right, as it is wrong, and where it is wrong: what cannot be read, and what does not fit the cluster."""


@pytest.mark.parametrize("seed", range(12))
def test_what_is_wrong_is_told_wherever_it_stands_and_nothing_else(tmp_path: Path, seed: int) -> None:
    """Files with faults planted at random: exactly those are told, in the order of the file within each kind."""
    draw = random.Random(seed)
    lines, unread, unfit = ["scenarios:"], [], []
    for s in range(draw.randint(1, 4)):
        lines += [f"  - name: s{s}", "    edits:"]
        for e, (right, wrong, read, fits) in enumerate(draw.sample(PLANTED, draw.randint(1, 6))):
            where = f"scenarios[{s}].edits[{e}].{right.partition(':')[0]}"
            planted = draw.random() < 0.4
            lines.append(f"      - {wrong if planted else right}")
            if planted:
                unread += [f"{where}{read}"] if read else []
                unfit += [f"{where}{part}" for part in fits or ("",)]
    text = "\n".join(lines)
    if unread or unfit:
        told = [line.partition(": ")[0] for line in refused(tmp_path, text)]
        assert sorted(told) == sorted([*unread, *unfit]), f"seed {seed}\n{text}"
    else:
        assert read(tmp_path, text).scenarios


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "FILE: is empty; must be YAML with scenarios or a grid"),
        ("[1, 2", "FILE line 1, column 6: is no YAML: expected ',' or ']', but got '<stream end>'; must be one YAML document"),
        ("a: 1\na: 2", "FILE line 2, column 1: 'a' stands twice; write each key once"),
        ("a: !!python/object/apply:os.system [ls]", f"FILE line 1, column 4: has the tag {PYTHON}; leave the tag out"),
        ("a: &a [*a]", "FILE line 1, column 4: contains itself; leave out the alias"),
        ("base: &b {x: 1}\nother:\n  <<: *b", "FILE line 3, column 3: merges another mapping; write out what it has"),
        ("a: 1\n---\na: 2", "FILE line 2, column 1: is no YAML: but found another document; must be one YAML document"),
        ("a: \x07", f"FILE: is no YAML: {CONTROL}; must be text without control characters"),
        ("[" * 5_000, "FILE: is nested too deeply; must have some levels only"),
        ("scenarios: []", "scenarios: has 0 entries; must have 1 to 100,000"),
        ("ask: reconcile", "scenarios: is missing, and so is grid; write scenarios: or grid:, or both"),
        ("3", "FILE_IS_NUMBER"),
        ("grid: {axes: {}}", "grid.axes: is empty; name an axis, with choices"),
        ("grid: {axes: {a: []}}", "grid.axes.a: has no choice, so that the grid is empty; give it some, or leave the axis out"),
    ],
    ids=range(14),
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_where(tmp_path: Path, text: str, expected: str) -> None:
    """No YAML, keys twice, tags, values that contain themselves, too deep, nothing in it."""
    found = refused(tmp_path, text)
    if expected == "FILE_IS_NUMBER":
        assert found == [": is 3; must be a mapping with ask, limits, prices, types, scenarios, grid"]
    else:
        assert found == [expected]


def test_a_file_that_unfolds_without_end_is_refused_at_once() -> None:
    """Ten aliases of ten aliases of ...: ten to the ninth values are never made."""
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 10)]
    with pytest.raises(TooLarge, match="unfolds to more than"):
        parse_yaml("\n".join(levels), "bomb", HOLDS)


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """Only the limit is read of it."""
    with pytest.raises(TooLarge, match="has more than"):
        read(tmp_path, "#" * (MOST_BYTES + 1))


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    """With its name, and what would be right."""
    with pytest.raises(UnreadableDocument, match="cannot be read"):
        read_study(tmp_path / "absent.yaml", small())
    (tmp_path / "bytes.yaml").write_bytes(b"name: \xff")
    with pytest.raises(UnreadableDocument, match="is not UTF-8"):
        read_study(tmp_path / "bytes.yaml", small())


def test_only_true_and_false_are_truth_values_and_numbers_are_decimal() -> None:
    """``no``, ``on`` and ``1:30`` are text; so is what is quoted."""
    text = 'a: [no, on, 1:30, 012, "1", true, False, 1, -2, 1.5, null, 2026-01-01, 0x10]'
    values = ["no", "on", "1:30", "012", "1", True, False, 1, -2, 1.5, None, "2026-01-01", "0x10"]
    assert parse_yaml(text, "text", HOLDS) == {"a": values}


@pytest.mark.parametrize("name", ["what_if.yaml", "what_if_grid.yaml"])
def test_the_examples_are_read(name: str) -> None:
    """The files in examples fit the bundled cluster."""
    study = read_study(EXAMPLES / name, demo())
    assert len(study.scenarios) == {"what_if.yaml": 5, "what_if_grid.yaml": 1_000}[name]


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        ("edits: [lose_zone a]", ["scenarios[0].edits[0]: is no edit; write lose_zone: a"]),
        (
            "edits: {lose_zone: q, scale: {groups: [wbe], factor: 2}}",
            [
                "scenarios[0].edits: holds 2 edits (lose_zone, scale); write each edit as an entry of its own: '- EDIT: ...'",
                "scenarios[0].edits.lose_zone: 'q' is no zone of the cluster; must be one of a, b, c",
                "scenarios[0].edits.scale.groups[0]: 'wbe' is not a group of the cluster; did you mean 'web'?",
            ],
        ),
        (
            "lose_zone: a",
            ["scenarios[0].lose_zone: is an edit, and stands beside name; put it into the list under edits:"],
        ),
        (
            "edits: [lose_zone: a, lose_zone: a]",
            ["scenarios[0].edits[1].lose_zone: 'a' is lost already, by an edit before; lose each zone once"],
        ),
    ],
)
def test_an_edit_that_is_written_otherwise_is_told_how_to_write_it(
    tmp_path: Path, scenario: str, expected: list[str]
) -> None:
    """Without its colon, several in one entry, beside the name, or twice."""
    assert refused(tmp_path, f"scenarios: [{{name: x, {scenario}}}]") == expected


def test_prices_that_leave_costs_empty_are_warned_of(tmp_path: Path) -> None:
    """Which types lack one, and what a name that no type has was meant for; a list of more types than there are is right."""
    one = "scenarios: [{name: x, edits: []}]"
    assert read(tmp_path, one).warnings == ()
    assert read(tmp_path, f"prices: {{large: 1, small: 2, other: 3}}\n{one}").warnings == ()
    said = "no price of small: a cost is empty where an instance of a type without one is among those that it sums"
    assert read(tmp_path, f"prices: {{large: 1, other: 3}}\n{one}").warnings == (said,)
    assert read(tmp_path, f"prices: {{large: 1, smal: 3}}\n{one}").warnings == (
        said,
        "prices has 'smal', which is no type of the cluster and not among types; did you mean 'small'?",
    )


@pytest.mark.parametrize(
    ("edits", "count"),
    [
        ("add_rule: {rule: distinctInstance, groups: [wbe]}, drop_rule: distinctInstance", 1),
        ("add_rule: {rule: distinct}, alter_rule: {rule: maxPerInstance, to: distinctInstance}", 1),
        ("alter_rule: 5, drop_rule: distinctInstance", 1),
        ("add_instances: {type: lagre, zone: d, count: 2, name: n}, remove_instances: [n-1], lose_zone: d", 1),
        (
            "change_type: {instances: [a1], type: lagre}, remove_instances: {where: 'attribute:ecs.instance-type == lagre'}",
            1,
        ),
        ("add_rule: distinctInstance, drop_rule: {rule: distinctInstance, groups: [wbe]}", 1),
        ("drop_rule: distinctInstance, lose_zone: q", 2),
    ],
)
def test_what_follows_from_a_fault_is_not_told(tmp_path: Path, edits: str, count: int) -> None:
    """An edit that names what one before it would have made, had it been right."""
    listed = ", ".join(f"{{{edit}}}" for edit in re.split(r", (?=[a-z_]+: )(?![^{]*})", edits))
    assert len(refused(tmp_path, f"scenarios: [{{name: x, edits: [{listed}]}}]")) == count


def test_what_is_asked_is_told_once(tmp_path: Path) -> None:
    """A value that is no text is not an unknown name as well, nor a rule that cannot be read two faults."""
    text = "ask: {reconcile: {movable: [5, wbe], frozen: [{}], rules: [web, 7]}}\nscenarios: [{name: x, edits: []}]"
    assert [line.partition(": ")[0] for line in refused(tmp_path, text)] == [
        "ask.reconcile.movable[0]",
        "ask.reconcile.frozen[0]",
        "ask.reconcile.rules[1]",
        "ask.reconcile.movable[1]",
        "ask.reconcile.rules[0]",
    ]


def test_a_scenario_of_the_grid_is_not_called_as_a_listed_one(tmp_path: Path) -> None:
    """Results are kept by name."""
    text = "scenarios: [{name: 'x=none', edits: []}]\ngrid: {axes: {x: [none]}}"
    assert refused(tmp_path, text) == ["grid: has a scenario 'x=none', as the list has; give one another name"]
    assert issubclass(UnreadableDocument, InvalidRequest)
