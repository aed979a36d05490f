"""Capacity: which instances to have for given tasks, and what that costs at least."""

from solver.capacity.catalogue import Catalogue, InstanceType, read_catalogue
from solver.capacity.right_size import RightSized, right_size

__all__ = ["Catalogue", "InstanceType", "RightSized", "read_catalogue", "right_size"]
