"""Tasks of one's own, one feature a file: copy what you need into `actors/`."""
