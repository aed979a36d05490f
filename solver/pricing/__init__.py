"""The price of a rule: what each constraint, strategy and soft rule costs in instances, dollars, skew, tasks or moves (§7.2)."""

from __future__ import annotations

from solver.pricing.least import Span, Unit
from solver.pricing.listed import Kind, Listed
from solver.pricing.price_list import PricedRule, PriceList
from solver.pricing.price_rules import price_rules

__all__ = ["Kind", "Listed", "PriceList", "PricedRule", "Span", "Unit", "price_rules"]
