"""Live clusters, through boto3 (the extra ``aws``)."""

from solver.aws.apply import Application, Outcome, Patience, open_plan
from solver.aws.ecs import import_ecs
from solver.aws.resolve import Permissions

__all__ = ["Application", "Outcome", "Patience", "Permissions", "import_ecs", "open_plan"]
