"""§7.3: one sentence for each start that says why there."""

from __future__ import annotations

import numpy as np

from solver.domain.counts import Counts
from solver.explain.why import reasons, why
from solver.rules.bind import bind
from tests.builders import ZONE_FIELD
from tests.explain.planted import api, asked, rows, web


def test_the_sentence_says_what_the_rules_left_and_what_the_strategies_saw() -> None:
    """Eligible instances, then each strategy in order, after the plan."""
    chain = [f"spread({ZONE_FIELD})", "binpack(memory)"]
    request = asked(
        rows(4, stack=["prod", "prod", "dev", "prod"], free={"memory": [8192, 8192, 8192, 4000]}),
        [web(3, rules=["memberOf(attribute:stack == prod)"], chain=chain)],
    )
    tasks = Counts.dense(np.array([[0, 1, 0, 2]]))
    assert why(bind(request), tasks, 0, 3) == (
        "2 tasks of web on i-3: 3 of 4 instances could take one before the plan;"
        f" spread({ZONE_FIELD}): a ends with 2 of web, buckets have 1 to 2;"
        " binpack(memory): already in use, 3,000 of 8,192 memory left where 4,000 were free"
    )
    assert why(bind(request), tasks, 0, 1) == (
        "1 task of web on i-1: 3 of 4 instances could take one before the plan;"
        f" spread({ZONE_FIELD}): b ends with 1 of web, buckets have 1 to 2;"
        " binpack(memory): newly in use, 7,692 of 8,192 memory left where 8,192 were free"
    )


def test_every_start_has_its_sentence_and_nothing_else_has() -> None:
    """Tasks that ran before need no reason."""
    request = asked(rows(3), [web(1), api(2)], {"api": [1, 0, 0]})
    tasks = Counts.dense(np.array([[0, 1, 0], [1, 0, 2]]))
    assert [(group, instance) for group, instance, _ in reasons(bind(request), tasks)] == [(0, 1), (1, 2)]


def test_an_instance_without_the_field_is_said_to_come_last() -> None:
    """It forms no bucket (§4.1)."""
    instances = [{**row, "rack": "r1"} for row in rows(1)] + rows(2)[1:]
    request = asked(instances, [web(1, chain=["spread(attribute:rack)", "random"])])
    sentence = why(bind(request), Counts.dense(np.array([[0, 1]])), 0, 1)
    assert sentence.endswith(
        "spread(attribute:rack): it has no attribute:rack, which comes after every bucket;"
        " random: any of them was as good"
    )
