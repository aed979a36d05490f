"""Cost against moves against skew: the plans of a request that are best weighed along several axes, each with its proof."""

from solver.pareto.axes import Axis
from solver.pareto.front import Front, Point
from solver.pareto.search import front

__all__ = ["Axis", "Front", "Point", "front"]
