"""The settings by group; `settings.py` puts them together, in its order."""
