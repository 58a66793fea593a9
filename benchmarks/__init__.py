"""Benchmarks: what the project promises in time, memory and accuracy, measured.

Each is a module, `python -m benchmarks.NAME`, whose last lines read `bar NAME: VALUE (goal GOAL)`.
"""
