"""How strong a secret is: whether somebody could guess it.

Asked at every start in production, and by `doctor`. Never prints a secret.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

#: Characters of a secret below which production does not start.
MIN_SECRET_LENGTH = 32
#: Of so many random digits, 2 in 1,000 have fewer different ones; of letters, none.
MIN_DIFFERENT = 8
#: A share of neighbours that stand equally far from each other, as in abcd or 7777;
#: among random characters it is a few in a hundred.
MOST_IN_STEP = 0.5


def weakness(secret: str) -> str:
    """Return why it could be guessed, in words that follow its name; empty: it is good.

    A sentence made of words passes: the length is what protects those.
    """
    text = secret.strip()
    if len(text) < MIN_SECRET_LENGTH:
        return f"is shorter than {MIN_SECRET_LENGTH} characters"
    if len(set(text)) < MIN_DIFFERENT:
        return f"has fewer than {MIN_DIFFERENT} different characters"
    steps = Counter(ord(after) - ord(before) for before, after in pairwise(text))
    if max(steps.values()) > MOST_IN_STEP * (len(text) - 1):
        return "is a run of characters in their order"
    return ""
