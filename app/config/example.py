"""Makes `.env.example` from the table of settings.

Called by `config --env-example`; a test holds that the file in the repository is the
same.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from app.config.settings import Settings

#: The variables at which a group begins, and what the group is called.
GROUPS = {
    "BELLHOP_ENV": "How this box runs",
    "BELLHOP_HOST": "Where it is reached",
    "BELLHOP_SECRET_KEY": "Its own secrets",
    "BELLHOP_BUSINESS_NAME": "The business",
    "BELLHOP_LOG_LEVEL": "Its log",
    "DATABASE_URL": "Where it keeps things",
    "EMAIL_HOST": "E-mail over SMTP",
    "RESEND_API_KEY": "E-mail over Resend",
    "TWILIO_ACCOUNT_SID": "SMS and WhatsApp over Twilio",
    "WHATSAPP_PHONE_NUMBER_ID": "WhatsApp over Meta",
    "VONAGE_API_KEY": "SMS over Vonage",
    "SMS_HTTP_URL": "SMS over any other company",
    "SMS_PROVIDERS": "Which provider comes first",
    "STAFF_NOTIFY_URLS": "Alerts for the staff",
    "RAZORPAY_KEY_ID": "Payments over Razorpay",
}
#: Columns of a comment.
WIDTH = 88
#: What a shell or systemd would take for something else than a part of the value.
NEEDS_QUOTES = frozenset(" \"'#$&;<>|()`\\")

HEAD = """\
# Bellhop's settings. Copy this file to `.env`, take away the # before what you set, and
# start Bellhop again. Nothing must be set: without any of it Bellhop runs in preview.
# The environment wins over `.env`; NAME_FILE=/a/file reads NAME (a secret) from a file.
# `python3 bellhop.py config` shows what is in force and where each value came from.
# This file is made from the table of settings: python3 bellhop.py config --env-example
"""


def env_example() -> str:
    """Return the text of `.env.example`."""
    return HEAD + "".join(_lines())


def _lines() -> Iterator[str]:
    for field in Settings.model_fields.values():
        name = field.alias or ""
        if name in GROUPS:
            yield f"\n\n# --- {GROUPS[name]} ".ljust(WIDTH + 2, "-") + "\n"
        yield "\n" + textwrap.fill(
            _meaning(field), WIDTH, initial_indent="# ", subsequent_indent="# "
        )
        yield f"\n#{name}={_quoted(str((field.examples or [''])[0]))}\n"


def _meaning(field: FieldInfo) -> str:
    default = _written(field.default)
    return f"{field.description}{f'. Default: {default}' if default else ''}"


def _written(default: Any) -> str:
    if default is None or default == ():
        return ""
    if isinstance(default, Path):
        return default.as_posix()
    return str(int(default)) if isinstance(default, bool) else str(default)


def _quoted(value: str) -> str:
    if not NEEDS_QUOTES & set(value):
        return value
    return f"'{value}'" if '"' in value else f'"{value}"'
