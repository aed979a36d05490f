"""Packing by patterns per instance: few instances opened, and a proof of how few."""
