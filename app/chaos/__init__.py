"""The chaos run: a whole box is killed, stalled and flushed, and then reckoned with."""
