"""The operator's commands, one file per word after `bellhop.py`."""
