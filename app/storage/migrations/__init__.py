"""Alembic's folder: how a database of an earlier version becomes this version's."""
