"""The checks of `doctor`, by what they look at; each is one small function."""
