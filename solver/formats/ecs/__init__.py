"""Amazon ECS: a directory of API documents, to a problem."""

from solver.formats.ecs.cluster import EcsCluster, read

__all__ = ["EcsCluster", "read"]
