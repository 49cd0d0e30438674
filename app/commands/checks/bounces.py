"""The mailbox to which e-mails come back that did not arrive."""

from __future__ import annotations

from collections.abc import Iterator

from app.channels.mailbox import Mailbox, MailboxError, look_in
from app.commands.checks.findings import Box, Finding, broken, ok


def bounces(box: Box) -> Iterator[Finding]:
    """Open the mailbox as the worker would, where one is set."""
    address = box.settings.bounce_imap_url
    if address is None:
        return
    try:
        look_in(Mailbox.parse(address.get_secret_value()))
    except ValueError:
        return  # said by the check of the channels
    except MailboxError as error:
        yield broken(
            f"BOUNCE_IMAP_URL: {error}.",
            "E-mails that do not arrive count as sent.",
            "Look at its server, user, password and folder; docs/channels.md says how "
            "it is written.",
        )
    else:
        yield ok("The mailbox of bounces can be read.")
