"""Bellhop: what must follow a paid booking, done once, in time and provably."""

__version__ = "0.1.0"
