"""Auto scaling: services and capacity providers over a curve of demand, by ECS's documented rules and by ours.

One file a rule, each of pure functions. ``simulator`` carries them out minute by minute.
"""
