"""The engines: sequential (what users have today), exact, patterns, and the portfolio that runs them.

Nothing is imported here, so that the sequential engine can be had without ortools.
"""
