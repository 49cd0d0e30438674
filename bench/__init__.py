"""Measures Bellhop on this machine: answers, deliveries and the drain rate, in one run.

Started by `python3 bellhop.py bench`. Everything is real: `up` with all its processes,
SQLite with full durability, a provider over HTTP in its own process.
"""
