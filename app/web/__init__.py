"""The HTTP door: parses, refuses, calls one service and answers."""
