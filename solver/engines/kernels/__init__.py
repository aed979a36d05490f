"""The inner loops, compiled with numba: one file each, since what it compiles is kept file by file.

A kernel takes and fills plain arrays and knows no request. ``compiled`` says whether they are ready, and compiles them.
"""
