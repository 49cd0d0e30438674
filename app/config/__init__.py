"""The settings: read once by the entry points, handed on frozen to everyone else."""

from app.config.reading import load, names
from app.config.settings import Settings

__all__ = ["Settings", "load", "names"]
