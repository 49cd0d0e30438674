"""The pure rules: no I/O, no clock, no settings; called from every floor above."""
