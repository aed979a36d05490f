"""A cluster as it was read, whatever from."""

from __future__ import annotations

from solver.formats.ecs.cluster import EcsCluster
from solver.formats.kubernetes.cluster import KubernetesCluster
from solver.formats.table_cluster import TableCluster

Cluster = EcsCluster | KubernetesCluster | TableCluster
