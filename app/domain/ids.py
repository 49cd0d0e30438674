"""Names for rows: opaque ids that sort by time, and references that people can say."""

from __future__ import annotations

import os
import secrets
import threading
import time
from uuid import UUID

#: No 0, O, 1, I, L, U: what is read out over the telephone is typed in right.
REFERENCE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
REFERENCE_LENGTH = 7

_lock = threading.Lock()
_last_ms = 0
_counter = 0


def new_id() -> str:
    """Return a UUIDv7: unguessable enough, and rising within this process.

    RFC 9562: 48 bits of Unix milliseconds, here 12 bits of a counter within the
    millisecond (its method 1), and 62 random bits.
    """
    global _last_ms, _counter  # noqa: PLW0603 - the counter is this module's purpose
    with _lock:
        now_ms = time.time_ns() // 1_000_000
        if now_ms > _last_ms:
            _last_ms, _counter = now_ms, 0
        else:
            _counter += 1
            if _counter > 0xFFF:
                _last_ms, _counter = _last_ms + 1, 0
        moment, counter = _last_ms, _counter
    random_bits = int.from_bytes(os.urandom(8), "big") & (2**62 - 1)
    value = moment << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | random_bits
    return str(UUID(int=value))


def new_reference() -> str:
    """Return a booking's reference, for example `K7M2QXR`: 22 billion there are."""
    return "".join(secrets.choice(REFERENCE_LETTERS) for _ in range(REFERENCE_LENGTH))
