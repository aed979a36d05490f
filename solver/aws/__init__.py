"""Live clusters, through boto3 (the extra ``aws``)."""

from solver.aws.ecs import import_ecs

__all__ = ["import_ecs"]
