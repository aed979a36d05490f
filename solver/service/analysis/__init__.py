"""Analyses: many scenarios of one cluster, answered beside the calls that place, as long-running operations."""
