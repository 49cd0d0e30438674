"""What `bellhop.py` does: builds `.venv`, fills it, and runs Bellhop in it.

Used by `bellhop.py` alone, before any requirement is installed: these modules import
nothing but the standard library, `app/errors.py` and `app/held_file.py`.
"""
