"""The outer wall: one file per provider, the only place that talks to them."""
