"""The words we send: templates by kind and language; README.md tells how to write one.

Read by `services/wording.py`; `examples.py` fills them for tests and previews.
"""
