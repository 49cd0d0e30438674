"""The peers, each as its own documentation shows, and the one job that all of them do.

These modules run in `.venv-bench` (the job and the loop in Bellhop's own as well).
"""
