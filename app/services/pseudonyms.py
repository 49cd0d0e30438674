"""What is left of an erased customer's address: a keyed hash, so that an opt-out holds.

Asked wherever an address is looked for among opt-outs. Without the box's secret key
nobody can tell whose hash it is; with another key the opt-outs of erased customers are
lost.
"""

from __future__ import annotations

import hashlib
import hmac

from app import installation
from app.config import Settings

#: What such a hash begins with: nothing that has an address does.
PREFIX = "erased:"


def pseudonym(settings: Settings, address: str) -> str:
    """Return what stands for an address once its customer is erased."""
    key = installation.secret_key(settings).value.encode()
    digest = hmac.new(key, b"erased-address\0" + address.encode(), hashlib.sha256)
    return PREFIX + digest.hexdigest()


def writings(settings: Settings, address: str) -> tuple[str, str]:
    """Return the two ways in which an address may stand in a table."""
    return address, pseudonym(settings, address)
