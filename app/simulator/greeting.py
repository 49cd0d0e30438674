"""Says that the simulator is ready: a line of JSON for machines, words for people.

Called by `serve.py` once both doors are open. Shows no token.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

from app.simulator.options import Options

#: Stands in the greeting for a secret that was given as a flag.
_CHOSEN = "<as you chose>"


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where the simulator listens."""

    http: str
    smtp_host: str
    smtp_port: int


def announce(options: Options, places: Places) -> None:
    """Write to standard output that the simulator is ready, and where."""
    is_for_people = options.human or sys.stdout.isatty()
    sys.stdout.write((_greeting if is_for_people else _line)(options, places))
    sys.stdout.flush()


def _line(options: Options, places: Places) -> str:
    ready = {
        "http": places.http,
        "smtp": f"{places.smtp_host}:{places.smtp_port}",
        "ledger": str(options.ledger),
    }
    return json.dumps(ready) + "\n"


def _greeting(options: Options, places: Places) -> str:
    settings = "\n".join(
        f"{name}={v}" for name, v in _settings(options, places).items()
    )
    return _WORDS.format(settings=settings, http=places.http, ledger=options.ledger)


def _settings(options: Options, places: Places) -> dict[str, str]:
    """Return what a web developer puts into `.env`."""
    account = options.twilio_account_sid
    token = _CHOSEN if account else "simulator"
    settings = {
        "TWILIO_API_BASE": places.http,
        "TWILIO_ACCOUNT_SID": account or f"AC{32 * '0'}",
        "TWILIO_AUTH_TOKEN": token,
        "TWILIO_SMS_FROM": "+15005550006",
        "TWILIO_WHATSAPP_FROM": "+15005550006",
        "EMAIL_HOST": places.smtp_host,
        "EMAIL_PORT": str(places.smtp_port),
        "EMAIL_USE_TLS": "1" if options.smtp_starttls_cert else "0",
        "DEFAULT_FROM_EMAIL": "My Business <hello@example.com>",
    }
    if options.smtp_tls_cert:
        settings["EMAIL_USE_SSL"] = "1"
    if options.smtp_user:
        settings["EMAIL_HOST_USER"] = options.smtp_user
        settings["EMAIL_HOST_PASSWORD"] = _CHOSEN
    return settings


_WORDS = """\
Bellhop's fake provider is ready. What is sent to it stays on this machine.

Put this into .env and start Bellhop:

{settings}

What it received   {http}/_simulator/ledger
                   (every line is kept in {ledger})
Let it fail        curl {http}/_simulator/faults -d '{{"times": 1,
                     "match": {{"channel": "sms"}}, "fault": {{"kind": "status",
                     "status": 429, "headers": {{"Retry-After": "5"}}}}}}'
Let it work again  curl -X DELETE {http}/_simulator/faults

Ctrl-C ends it.
"""
