"""Live clusters, through boto3 (the extra ``aws``)."""

from solver.aws.apply import Application, Outcome, Patience, open_plan
from solver.aws.ecs import import_ecs
from solver.aws.instance_types import SoldType, sold_types
from solver.aws.resolve import Permissions

__all__ = ["Application", "Outcome", "Patience", "Permissions", "SoldType", "import_ecs", "open_plan", "sold_types"]
