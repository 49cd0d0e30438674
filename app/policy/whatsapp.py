"""What an owner has set of WhatsApp, from what the file says.

Pure. Used by `reading.py`. What stands in a template's places is tried when the words
are opened: only they know the names and filters.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.config.sentences import nearest
from app.domain.kinds import Kind
from app.domain.whatsapp import ApprovedTemplate, WhatsAppRules
from app.errors import Problem
from app.policy.tables import WhatsAppTable


def whatsapp_rules(table: WhatsAppTable) -> WhatsAppRules:
    """Return the rules that are in force."""
    return WhatsAppRules(
        templates={
            kind: {
                language: ApprovedTemplate(**dict(given))
                for language, given in by_language.items()
                if given.name
            }
            for kind, by_language in table.templates.items()
        },
        free_words=table.free_words,
    )


def whatsapp_problems(table: WhatsAppTable) -> Iterator[Problem]:
    """Tell of templates for kinds that there are not, and of nameless ones."""
    for kind, by_language in table.templates.items():
        place = f"whatsapp.templates.{kind}"
        if kind not in list(Kind):
            words = f"there is none of that name; the nearest is {nearest(kind, Kind)}"
            yield Problem(place, words)
        for language, given in by_language.items():
            if not given.name:
                words = "must be the template's name at Meta, or its HX… at Twilio"
                yield Problem(f"{place}.{language}.name", words)
