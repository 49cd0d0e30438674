"""The policy in force: the code's tables, overridden by `bellhop.toml`.

Read once by the entry points. Durations are written `90s`, `5m`, `2h`, `7d`; an unknown
table, key or unit stops the start, with the nearest name that there is.
"""

from app.domain.durations import parse_duration, write_duration
from app.policy.lines import Line, policy_lines
from app.policy.policy import Policy
from app.policy.queues import fitting, with_overrides, written
from app.policy.rates import parse_rate, write_rate
from app.policy.reading import load_policy

__all__ = [
    "Line",
    "Policy",
    "fitting",
    "load_policy",
    "parse_duration",
    "parse_rate",
    "policy_lines",
    "with_overrides",
    "write_duration",
    "write_rate",
    "written",
]
