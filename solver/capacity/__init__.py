"""Capacity: which instances to have for given tasks, and what that costs at least."""

from solver.capacity.catalogue import Catalogue, InstanceType, read_catalogue
from solver.capacity.live import live_catalogue
from solver.capacity.right_size import RightSized, right_size
from solver.capacity.saving import save_catalogue

__all__ = [
    "Catalogue",
    "InstanceType",
    "RightSized",
    "live_catalogue",
    "read_catalogue",
    "right_size",
    "save_catalogue",
]
