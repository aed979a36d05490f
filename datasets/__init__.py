"""Clusters made by this project: the demo, seeded synthetic clusters, and the packing workload N4."""
