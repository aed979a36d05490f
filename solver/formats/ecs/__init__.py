"""Amazon ECS: a directory of API documents, to a problem."""

from solver.formats.ecs.cluster import EcsCluster
from solver.formats.ecs.reading import read

__all__ = ["EcsCluster", "read"]
