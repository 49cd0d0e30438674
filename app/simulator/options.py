"""How the simulator is started: its flags, and what they mean.

Used by `__main__.py` here and by `app/commands/simulator.py`.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Options:
    """Everything that can be chosen; no credentials means that any will do."""

    http_port: int = 9200
    smtp_port: int = 2525
    ledger: Path = Path("var/simulator.jsonl")
    fsync: bool = True
    twilio_account_sid: str | None = None
    twilio_auth_token: str | None = None
    whatsapp_access_token: str | None = None
    whatsapp_phone_number_id: str | None = None
    vonage_api_key: str | None = None
    vonage_api_secret: str | None = None
    resend_api_key: str | None = None
    webhooks_url: str | None = None
    whatsapp_app_secret: str | None = None
    vonage_signature_secret: str | None = None
    resend_webhook_secret: str | None = None
    smtp_user: str | None = None
    smtp_password: str | None = None
    smtp_starttls_cert: Path | None = None
    smtp_tls_cert: Path | None = None
    smtp_key: Path | None = None
    human: bool = False
    exit_on_eof: bool = False

    @classmethod
    def chosen(cls, arguments: argparse.Namespace) -> Self:
        """Take over what was chosen on the command line."""
        return cls(**{name: getattr(arguments, name) for name in vars(cls())})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the simulator's flags."""
    usual = Options()
    flag = parser.add_argument
    flag("--http-port", type=int, default=usual.http_port, help="0 takes a free one")
    flag("--smtp-port", type=int, default=usual.smtp_port, help="0 takes a free one")
    flag("--ledger", type=Path, default=usual.ledger, help="where it is written down")
    flag(
        "--no-fsync",
        dest="fsync",
        action="store_false",
        help="answer before the disk has it: for benchmarks",
    )
    _add_credentials(parser)
    flag(
        "--human",
        action="store_true",
        help="greet a person instead of printing JSON (as on a terminal)",
    )
    flag(
        "--exit-on-eof",
        action="store_true",
        help="end when standard input, a pipe from the parent, is closed",
    )


def _add_credentials(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("credentials", "any will do where none are given")
    flag = group.add_argument
    flag("--twilio-account-sid")
    flag("--twilio-auth-token")
    flag("--whatsapp-access-token")
    flag("--whatsapp-phone-number-id")
    flag("--vonage-api-key")
    flag("--vonage-api-secret")
    flag("--resend-api-key")
    flag("--webhooks-url", help="where Bellhop is, for receipts and replies")
    flag("--whatsapp-app-secret")
    flag("--vonage-signature-secret")
    flag("--resend-webhook-secret")
    flag("--smtp-user")
    flag("--smtp-password")
    flag("--smtp-starttls-cert", type=Path, help="PEM file; STARTTLS is then demanded")
    flag("--smtp-tls-cert", type=Path, help="PEM file; TLS from the first byte")
    flag("--smtp-key", type=Path, help="PEM file, where the key is not in the other")
