"""One real process of a box, as the chaos run has it too."""

from app.chaos.part import SOON_S, Part

__all__ = ["SOON_S", "Part"]
