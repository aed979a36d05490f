"""Files of simulations: the example is read, and every mistake is told with its place."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from solver.errors import InvalidRequest
from solver.formats.table_cluster import TableCluster
from solver.formats.tables import read_tables
from solver.scaling.reading import read_setting, setting_of
from solver.scaling.step_scaling import Adjustment, StepScaling
from solver.scaling.target_tracking import TargetTracking
from tests.readme import ROOT
from tests.scaling.clusters import fleet_of

EXAMPLE = ROOT / "examples" / "scaling"
WEB = {
    "load_per_task": 100,
    "maximum": 20,
    "policies": [{"target_tracking": {"target": 60}}],
    "demand": {"low": 10, "high": 100},
}


def document(**changes: Any) -> dict[str, Any]:
    """A file that is right, with changes."""
    return {"providers": {"main": {"types": ["small"], "maximum": 9}}, "services": {"web": WEB}, **changes}


def said(found: dict[str, Any]) -> str:
    """What is wrong with a document."""
    with pytest.raises(InvalidRequest) as raised:
        setting_of(found, fleet_of({"web": [1, 1]}, 2), Path())
    return str(raised.value)


def test_the_example_is_read() -> None:
    """Providers, policies, strategies and the demand are what the file says."""
    setting = read_setting(EXAMPLE / "scaling.yaml", TableCluster(read_tables(EXAMPLE)))
    assert [one.name for one in setting.providers] == ["general", "memory"]
    assert setting.providers[0].zones == ("us-east-1a", "us-east-1b", "us-east-1c")
    web, api, cache = setting.services
    assert web.policies == (TargetTracking(Fraction(70), 60, 300),)
    step = api.policies[1]
    assert isinstance(step, StepScaling) and step.adjustment_type is Adjustment.PERCENT and step.cooldown == 120
    assert [(share.base, share.weight) for share in cache.strategy] == [(2, 1), (0, 1)]
    assert setting.curve.minutes == 720 and setting.prices["m5.xlarge"] == 192_000 and setting.seed == 7
    assert read_setting(EXAMPLE / "scaling.yaml", TableCluster(read_tables(EXAMPLE)), 8).curve != setting.curve


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"providers": {}}, "providers: is empty; name at least one"),
        ({"provider": 1}, "provider: is not known; did you mean 'providers'?"),
        ({"providers": {"main": {"types": ["smal"], "maximum": 9}}}, "providers.main.types: has 'smal'"),
        ({"providers": {"main": {"types": ["small"], "maximum": 1}}}, "must be at least 2: so many instances it has"),
        (
            {"providers": {"main": {"types": ["small"], "maximum": 9, "target_capacity": 0}}},
            "providers.main.target_capacity: is 0; must be 1 to 100",
        ),
        ({"services": {"webb": WEB}}, "services.webb: 'webb' is not a group of the cluster"),
        ({"services": {"agent": WEB}}, "services.agent: is a DAEMON service"),
        ({"services": {"web": {**WEB, "load_per_task": 0}}}, "services.web.load_per_task: is 0; must be above 0"),
        ({"services": {"web": {**WEB, "minimum": 30}}}, "services.web.maximum: is 20, below minimum 30"),
        ({"services": {"web": {**WEB, "policies": []}}}, "services.web.policies: is empty"),
        (
            {"services": {"web": {**WEB, "policies": [{"target_tracking": {"target": -1}}]}}},
            "services.web.policies[0].target_tracking.target: is -1",
        ),
        (
            {"services": {"web": {**WEB, "policies": [{"step_scaling": {"side": "up", "threshold": 5, "steps": []}}]}}},
            "services.web.policies[0].step_scaling.side: is 'up'; must be one of above, below",
        ),
        (
            {"services": {"web": {**WEB, "providers": [{"provider": "main"}]}}},
            "services.web.providers: has no weight above 0",
        ),
        (
            {"services": {"web": {**WEB, "providers": [{"provider": "man", "weight": 1}]}}},
            "services.web.providers[0].provider: is 'man', no provider of the file",
        ),
        ({"services": {"web": {**WEB, "demand": {"low": 9, "high": 1}}}}, "services.web.demand.low: is 9"),
        (
            {"services": {"web": {**WEB, "demand": {"low": 9, "high": 10, "peak": "25:00"}}}},
            "services.web.demand.peak: is '25:00'; must be a time of the day",
        ),
        ({"minutes": 0}, "minutes: is 0; must be 1 to 20,160"),
        ({"curve": "x.csv"}, "services.web.demand: stands beside curve"),
        ({"prices": {"small": -1}}, "prices.small: is -1"),
        ({"services": {"web": {**WEB, "start_up": -1}}}, "services.web.start_up: is -1; must be 0 to 3,600"),
        ({"ours": {"ahead": "no"}}, "ours.ahead: is 'no'; must be true or false"),
        ({"ours": {"max_moves": -1}}, "ours.max_moves: is -1; must be 0 to 10,000"),
    ],
)
def test_a_mistake_is_told_with_its_place(changes: dict[str, Any], message: str) -> None:
    """The path of the field, what is wrong, and what would be right."""
    assert message in said(document(**changes))


def test_room_and_start_up_are_read() -> None:
    """Room is kept unless the file says otherwise; tasks start up at once."""
    cluster = fleet_of({"web": [1, 1]}, 2)
    plain = setting_of(document(), cluster, Path())
    assert plain.ours.ahead and plain.services[0].start_up == 0
    slow = {"web": {**WEB, "start_up": 90}}
    other = setting_of(document(ours={"ahead": False}, services=slow), cluster, Path())
    assert not other.ours.ahead and other.services[0].start_up == 90


def test_providers_that_do_not_match_the_cluster_s_are_told() -> None:
    """One of the file without an instance, with what was meant, and one of the cluster that the file does not name."""
    cluster = fleet_of({"web": [1, 1]}, 2)
    assert setting_of(document(), cluster, Path()).warnings == ()
    providers = {"mian": {"types": ["small"], "maximum": 9}}
    assert setting_of(document(providers=providers), cluster, Path()).warnings == (
        "provider 'mian' has no instance in the cluster: its group begins empty; did you mean 'main'?",
        "the cluster's provider 'main' is not in the file: it has 2 instances, which stay, and nothing scales it",
    )
    both = {"main": {"types": ["small"], "maximum": 9}, "spare": {"types": ["small"], "maximum": 9}}
    served = {"web": {**WEB, "providers": [{"provider": "main", "weight": 1}]}}
    assert setting_of(document(providers=both, services=served), cluster, Path()).warnings == (
        "provider 'spare' has no instance in the cluster: its group begins empty",
    )


def test_every_mistake_is_told_at_once() -> None:
    """Mistakes in the file, and services, types and providers that there are not: a line each."""
    wrong = {"web": {**WEB, "maximum": "many", "providers": [{"provider": "man", "weight": 1}]}, "wbe": WEB}
    found = said(document(seed=-1, services=wrong, providers={"main": {"types": ["smal"], "maximum": 9}}))
    assert found.splitlines() == [
        "providers.main.types: has 'smal', no type that is known; did you mean 'small'?, or list it under types",
        "services.web.maximum: is 'many'; must be a whole number",
        "services.web.providers[0].provider: is 'man', no provider of the file; did you mean 'main'?",
        "seed: is -1; must be 0 to 2,147,483,647",
        "services.wbe: 'wbe' is not a group of the cluster; did you mean 'web'?",
    ]
