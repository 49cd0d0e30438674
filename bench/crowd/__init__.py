"""A million rows: what release, claim, jobs, cleanup and lists cost among them.

Called by `bench --only crowd` and `bench`. Every cost is set against that of a table
with a thousand rows, measured by turns in the same minute.
"""
