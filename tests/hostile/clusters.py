"""Clusters that cannot be."""

from __future__ import annotations

from tests.hostile.entry import answered, hostile

A, B = "cluster.instances[0]", "cluster.instances[1]"
MOST = 2**63 - 1
LONG = "x" * 5_000_000

ENTRIES = [
    hostile("no cluster", {"cluster": None, "groups": [{"name": "db"}], "running": None, "tasks": None}, "cluster"),
    hostile("an instance without an id", {f"{B}.id": ""}, f"{B}.id"),
    hostile(
        "two instances without an id",
        {f"{A}.id": "", f"{B}.id": "", "running": None, "tasks": None},
        f"{A}.id",
        f"{B}.id",
        f"{B}.id",
    ),
    hostile("an instance twice", {f"{B}.id": "a"}, f"{B}.id"),
    hostile(
        "a resource twice",
        {"cluster.resources": ["cpu", "cpu"]},
        "cluster.resources[1]",
        "groups[0].demand[memory]",
        "groups[1].demand[memory]",
    ),
    hostile("a negative capacity", {f"{B}.capacity[0]": -1, f"{B}.free[0]": -1}, f"{B}.capacity[0]"),
    hostile(
        "the least capacity",
        {f"{B}.capacity[1]": -(2**63), f"{B}.free[1]": -(2**63)},
        f"{B}.capacity[1]",
        "cluster.instances.capacity",
        "cluster.instances.free",
    ),
    hostile("more free than there is", {f"{B}.free[1]": 2049}, f"{B}.free[1]"),
    hostile(
        "all that fits 64 bits",
        {f"{B}.capacity[0]": MOST, f"{B}.free[0]": MOST},
        "cluster.instances.capacity",
        "cluster.instances.free",
    ),
    hostile(
        "capacities that leave 2^53 together",
        {f"{A}.capacity[0]": 2**52, f"{B}.capacity[0]": 2**52 + 1},
        "cluster.instances.capacity",
    ),
    hostile("the most overcommitted instance", {f"{B}.free[0]": -(2**63)}, "cluster.instances.free"),
    hostile("fewer amounts than resources", {f"{B}.capacity": [1024]}, f"{B}.capacity", f"{B}.free[0]", f"{B}.free[1]"),
    hostile("more amounts than resources", {f"{B}.free+": 1}, f"{B}.free"),
    hostile("no amounts", {f"{A}.capacity": None, f"{A}.free": None}, f"{A}.capacity", f"{A}.free"),
    hostile("a million amounts", {f"{A}.capacity+1000000": 1}, f"{A}.capacity", f"{A}.free[0]", f"{A}.free[1]"),
    hostile(
        "amounts and no resources",
        {"cluster.resources": None},
        f"{A}.capacity",
        f"{B}.capacity",
        f"{A}.free",
        f"{B}.free",
        "groups[0].demand[cpu]",
        "groups[0].demand[memory]",
        "groups[1].demand[cpu]",
        "groups[1].demand[memory]",
    ),
    hostile("a status that is none", {f"{A}.status": 77}, f"{A}.status"),
    hostile("a negative status", {f"{A}.status": -1}, f"{A}.status"),
    hostile("a TCP port of 0", {f"{A}.used_tcp_ports": [0]}, f"{A}.used_tcp_ports[0]"),
    hostile("a UDP port of 65,536", {f"{A}.used_udp_ports": [53, 65536]}, f"{A}.used_udp_ports[1]"),
    hostile("a port of 2^32 - 1", {f"{A}.used_tcp_ports": [2**32 - 1]}, f"{A}.used_tcp_ports[0]"),
    hostile("a port twice on an instance", {f"{A}.used_tcp_ports": [80, 22, 80]}, f"{A}.used_tcp_ports[2]"),
    hostile("negative tasks of nobody", {f"{A}.unlisted_tasks": -1}, f"{A}.unlisted_tasks"),
    hostile("the least tasks of nobody", {f"{A}.unlisted_tasks": -(2**31)}, f"{A}.unlisted_tasks"),
    hostile("an attribute without a name", {f"{A}.attributes[]": "x"}, "cluster.instances.attributes"),
    hostile(
        "an attribute column without a name",
        {"cluster.attribute_columns+": {"values": ["x"], "codes": [0, 1]}},
        "cluster.instances.attributes",
    ),
    hostile(
        "a column that is too short",
        {"cluster.attribute_columns+": {"name": "s", "values": ["x"], "codes": [1]}},
        "cluster.attribute_columns[0].codes",
    ),
    hostile(
        "a column that is too long",
        {"cluster.attribute_columns+": {"name": "s", "codes": [0] * 3}},
        "cluster.attribute_columns[0].codes",
    ),
    hostile(
        "a code beyond the values",
        {"cluster.attribute_columns+": {"name": "s", "values": ["x"], "codes": [1, 2]}},
        "cluster.attribute_columns[0].codes[1]",
    ),
    hostile(
        "a code of 2^32 - 1",
        {"cluster.attribute_columns+": {"name": "s", "codes": [2**32 - 1, 0]}},
        "cluster.attribute_columns[0].codes[0]",
    ),
    hostile(
        "a column twice",
        {"cluster.attribute_columns+2": {"name": "s", "values": ["x"], "codes": [1, 1]}},
        "cluster.attribute_columns[1].name",
    ),
    hostile(
        "an attribute in a column and on the instance",
        {"cluster.attribute_columns+": {"name": "zone", "values": ["x"], "codes": [1, 0]}},
        f"{A}.attributes[zone]",
    ),
    hostile(
        "everything wrong with an instance at once",
        {f"{B}.id": "a", f"{B}.status": 9, f"{B}.capacity": [], f"{B}.used_tcp_ports": [0], f"{B}.unlisted_tasks": -9},
        f"{B}.capacity",
        f"{B}.status",
        f"{B}.used_tcp_ports[0]",
        f"{B}.id",
        f"{B}.free[0]",
        f"{B}.free[1]",
        f"{B}.unlisted_tasks",
    ),
    answered("a cluster without instances", {"cluster.instances": None, "running": None, "tasks": None}),
    answered(
        "a cluster without resources",
        {
            "cluster.resources": None,
            f"{A}.capacity": None,
            f"{A}.free": None,
            f"{B}.capacity": None,
            f"{B}.free": None,
            "groups": [{"name": "web", "start": 1}, {"name": "db"}],
        },
    ),
    answered(
        "2^53 of everything", {f"{A}.capacity[0]": 512, f"{B}.capacity[0]": 2**53 - 512, f"{B}.free[0]": 2**53 - 512}
    ),
    answered("an instance that is full beyond its capacity", {f"{A}.free": [-(2**52), -(2**52)]}),
    answered("two instances of one EC2 id", {f"{B}.ec2_instance_id": "i-a"}),
    answered("names of control characters", {f"{B}.id": "\0\n\x1b[31m\u202e\ufeff"}),
    answered("an attribute without a value", {f"{A}.attributes[zone]": ""}),
    answered(
        "moments that are none",
        {"cluster.taken_at": "yesterday", f"{A}.registered_at": "2026-02-30", f"{A}.agent_version": "v.v"},
    ),
    answered("a name of 5 MB", {"cluster.name": LONG}),
    hostile("an instance of 5 MB that is not there", {"running[0].instance": LONG}, "running[0].instance"),
    hostile("an instance of 5 MB twice", {f"{A}.id": LONG, f"{B}.id": LONG, "running": None, "tasks": None}, f"{B}.id"),
    hostile("a resource of 5 MB", {"cluster.resources[0]": LONG}, "groups[0].demand[cpu]", "groups[1].demand[cpu]"),
    answered("an attribute of 5 MB", {f"{A}.attributes[zone]": LONG}),
    hostile(
        "an attribute whose name has 5 MB, twice over",
        {
            f"{A}.attributes[{LONG}]": "x",
            "cluster.attribute_columns+": {"name": LONG, "values": ["x"], "codes": [1, 0]},
        },
        f"{A}.attributes[{LONG}]",
    ),
]
