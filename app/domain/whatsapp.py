"""WhatsApp's rule: free words within a day of a customer's message, else templates.

A template is approved by Meta beforehand, in one language; only its places are filled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

#: Meta opens the window anew with every message of the customer.
WINDOW = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class ApprovedTemplate:
    """A template that an owner has had approved for a kind, in one language.

    `name` is its name at Meta, or the `HX…` of its content at Twilio. `parameters` are
    texts with our names and filters (`{{ start | time }}`), one for each place.
    """

    name: str
    #: As Meta writes it, for example `en_US`.
    language: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WhatsAppRules:
    """What an owner has set of WhatsApp."""

    #: By kind, and by the language of our own words (`en`, `es`).
    templates: Mapping[str, Mapping[str, ApprovedTemplate]] = field(
        default_factory=dict
    )
    #: Words may be sent at any time: for sandboxes and trials.
    free_words: bool = False

    def template(self, kind: str, *languages: str) -> ApprovedTemplate | None:
        """Return the kind's template in the first of these languages that has one."""
        known = self.templates.get(kind, {})
        for language in languages:
            short = language.replace("-", "_").partition("_")[0]
            if (found := known.get(language) or known.get(short)) is not None:
                return found
        return None


def is_open(last_inbound: datetime | None, *, now: datetime) -> bool:
    """Whether a customer has written so lately that words may be sent."""
    return last_inbound is not None and now - last_inbound < WINDOW
