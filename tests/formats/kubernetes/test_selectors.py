"""Node selectors say the same here and in the query language; label selectors by the API's rules."""

from __future__ import annotations

import random

import numpy as np

from solver.domain.columns import TextColumn
from solver.domain.placement import Placement
from solver.errors import Fault
from solver.formats.ecs.documents import Element
from solver.formats.kubernetes.selectors import (
    DOES_NOT_EXIST,
    EXISTS,
    GREATER,
    IN,
    LESS,
    NODE_NAME,
    NOT_IN,
    Requirement,
    Term,
    either,
    read_selector,
)
from solver.query import evaluate, parse
from tests.builders import cluster, problem

VALUES = ("", "a", "and", "b-1", "x_y", "3", "12", "-7", "1.9", "10")


def at_random(r: random.Random) -> Term:
    """A term over two labels, one that may be missing, or the name."""

    def requirement(key: str) -> Requirement:
        operator = r.choice([IN, NOT_IN, EXISTS, DOES_NOT_EXIST, GREATER, LESS] if key != NODE_NAME else [IN, NOT_IN])
        if operator in (GREATER, LESS):
            return Requirement(key, operator, (r.choice(["3", "-7", "11"]),))
        names = [f"n{k}" for k in range(12)]
        count = 0 if operator in (EXISTS, DOES_NOT_EXIST) else r.randint(1, 3)
        return Requirement(key, operator, tuple(r.sample(names if key == NODE_NAME else VALUES, count)))

    labels = tuple(requirement(key) for key in r.sample(["example.com/size", "zone"], r.randint(0, 2)))
    fields = (requirement(NODE_NAME),) if r.random() < 0.3 else ()
    return Term(labels, fields)


def test_an_expression_holds_exactly_where_its_terms_match() -> None:
    """Every operator, joined, on nodes with and without the labels (seeds 0 to 199)."""
    both_ways = set()
    for seed in range(200):
        r = random.Random(seed)
        names = [f"n{k}" for k in range(12)]
        labels = [{key: r.choice(VALUES) for key in ("example.com/size", "zone") if r.random() < 0.75} for _ in names]
        snapshot = cluster([{"id": name, **own} for name, own in zip(names, labels, strict=True)])
        object.__setattr__(snapshot, "ec2_instance_id", TextColumn.of(names))
        object.__setattr__(
            snapshot,
            "attributes",
            {key: TextColumn.of([own.get(key) for own in labels]) for key in ("example.com/size", "zone")},
        )
        terms = [at_random(r) for _ in range(r.randint(1, 3))]
        expected = [any(t.matches(own, name) for t in terms) for name, own in zip(names, labels, strict=True)]
        found = evaluate(parse(either(terms)), Placement(problem(snapshot, [])))
        assert np.array_equal(found, expected), f"seed {seed}: {either(terms)}"
        both_ways |= set(expected)
    assert both_ways == {True, False}


def test_a_term_without_conditions_matches_no_node() -> None:
    """API, NodeSelectorTerm: "a null or empty node selector term matches no objects"."""
    assert not Term(()).matches({"a": "b"}, "n1")


def test_label_selectors() -> None:
    """Labels and expressions are joined by *and*; an empty selector matches everything, an absent one nothing (None)."""
    faults: list[Fault] = []
    written = {
        "empty": {},
        "full": {
            "matchLabels": {"app": "web"},
            "matchExpressions": [
                {"key": "tier", "operator": "NotIn", "values": ["test"]},
                {"key": "old", "operator": "DoesNotExist"},
            ],
        },
    }
    owner = Element(written, "spec", faults)
    full, empty = read_selector(owner, "full"), read_selector(owner, "empty")
    assert full is not None and empty is not None and not faults
    assert read_selector(owner, "absent") is None
    assert empty.matches({})
    assert full.matches({"app": "web"}) and full.matches({"app": "web", "tier": "prod"})
    assert not full.matches({"app": "web", "tier": "test"})
    assert not full.matches({"app": "web", "old": ""})
    assert not full.matches({"tier": "prod"})
