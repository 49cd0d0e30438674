"""The deeds: each takes an open transaction or a runtime and makes rows right."""
