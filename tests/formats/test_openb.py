"""Node and pod lists of OpenB: what is read, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from solver import Limits, place
from solver.domain.devices import DeviceNeed
from solver.domain.request import RuleSpec
from solver.errors import UnreadableDocument
from solver.formats.openb import read_openb, trace_from_csv

NODES = "sn,cpu_milli,memory_mib,gpu,model\nn0,32000,262144,0,\nn1,64000,262144,2,P100\nn2,96000,393216,4,T4\n"
HEAD = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos\n"
PODS = (
    HEAD + "p0,6000,12288,1,460,,LS\np1,12000,16384,2,1000,T4|P100,BE\np2,6000,12288,1,460,,BE\np3,1000,1024,0,0,,LS\n"
)


def test_nodes_are_instances_with_devices() -> None:
    """CPU, memory and all GPUs as resources, each GPU a device, the model an attribute."""
    cluster = trace_from_csv(NODES, PODS).cluster
    assert cluster.instance_ids == ("n0", "n1", "n2")
    assert cluster.capacity.tolist() == [[32000, 262144, 0], [64000, 262144, 2000], [96000, 393216, 4000]]
    assert cluster.devices.tolist() == [[0, 0, 0, 0], [1000, 1000, 0, 0], [1000] * 4]
    assert cluster.device_count.tolist() == [0, 2, 4]
    assert [cluster.attributes["gpu.model"][i] for i in range(3)] == [None, "P100", "T4"]


def test_pods_that_ask_for_the_same_are_a_group() -> None:
    """The most frequent first; models become a constraint; each pod keeps its group."""
    trace = trace_from_csv(NODES, PODS)
    assert [group.arrivals for group in trace.groups] == [2, 1, 1]
    assert [group.devices for group in trace.groups] == [DeviceNeed(460, 1), None, DeviceNeed(1000, 2)]
    assert trace.groups[0].demand == {"cpu": 6000, "memory": 12288, "gpu": 460}
    assert trace.groups[2].constraints == (RuleSpec("memberOf", "attribute:gpu.model in [P100, T4]"),)
    assert trace.pods == (0, 2, 0, 1) and trace.names == ("p0", "p1", "p2", "p3")


def test_all_pods_of_a_trace_can_be_placed_as_one_request() -> None:
    """The two whole GPUs only where their models are, every start with its GPUs."""
    answer = place(trace_from_csv(NODES, PODS).problem(), Limits(time_limit=20, workers=1))
    assert answer.complete
    held = [action.devices for action in answer.actions() if "gpu=2x1000" in action.group]
    assert [len(set(devices)) for devices in held] == [2]
    assert sum(len(action.devices) for action in answer.actions()) == 4


@pytest.mark.parametrize(
    ("nodes", "pods", "said"),
    [
        ("sn,cpu_milli\nn0,1\n", PODS, "nodes line 1: has no column 'memory_mib'"),
        (NODES + "n0,1,1,0,\n", PODS, "nodes line 5 sn: 'n0' is already on line 2; name each node once"),
        (NODES + "n3,1,1,17,T4\n", PODS, "nodes line 5 gpu: is 17; must be 0 to 16"),
        (NODES + "n3,1,1,2,\n", PODS, "nodes line 5 model: is empty; name the model of the GPUs"),
        (NODES + "n3,-1,1,0,\n", PODS, "nodes line 5 cpu_milli: is '-1'; must be a whole number"),
        (NODES + "n3,1\n", PODS, "nodes line 5: has 2 cells; the header has 5"),
        (NODES, HEAD + "p,1,1,1,0,,\n", "pods line 2 gpu_milli: is 0 with num_gpu 1; must be 1 to 1,000"),
        (
            NODES,
            HEAD + "p,1,1,0,5,,\n",
            "pods line 2 gpu_milli: is 5 with num_gpu 0; must be 0 where no GPU is asked for",
        ),
        (NODES, HEAD + "p,1,1,99,1000,,\n", "pods line 2 num_gpu: is 99; must be 0 to 16"),
        (NODES, HEAD + "p,1,1,1,9,a b,\n", "pods line 2 gpu_spec: names 'a b'"),
        (NODES, HEAD + "p,x,1,1,9,,\n", "pods line 2 cpu_milli: is 'x'"),
        (NODES, "", "pods line 1: has no column 'name'"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(nodes: str, pods: str, said: str) -> None:
    """The file, the line, the column, what is wrong and what would be right."""
    with pytest.raises(UnreadableDocument) as caught:
        trace_from_csv(nodes, pods)
    assert str(caught.value).startswith(said)
    assert len(caught.value.faults) == 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Its name is said."""
    with pytest.raises(UnreadableDocument, match="nothing.csv"):
        read_openb(tmp_path / "nothing.csv", tmp_path / "pods.csv")
    (tmp_path / "nodes.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(UnreadableDocument, match="is not text"):
        read_openb(tmp_path / "nodes.csv", tmp_path / "pods.csv")


def test_the_published_trace(published: Callable[[str], Path]) -> None:
    """1,213 nodes with 6,212 GPUs, 8,152 pods with 151 distinct requests."""
    folder = published("openb")
    trace = read_openb(folder / "openb_node_list_gpu_node.csv", folder / "openb_pod_list_default.csv")
    assert (trace.cluster.size, int(trace.cluster.devices.sum())) == (1_213, 6_212_000)
    assert (len(trace.pods), len(trace.groups)) == (8_152, 151)
    assert sum(group.arrivals * group.demand["gpu"] for group in trace.groups) == 6_086_800
