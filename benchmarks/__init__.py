"""Measurements: subjects (one file a workload) x phases; README.md says how to run them and how to add one."""
