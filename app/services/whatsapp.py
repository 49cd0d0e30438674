"""Whether a WhatsApp message may be words, and which template stands for them else.

Asked before a message leaves (`last_look.py`, `courier.py`) and before a site's order
is planned (`orders.py`). Meta counts the 24 hours from the customer's last message to
us, which the inbox knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from app.channels.base import Template
from app.channels.credentials import Mode
from app.config import Settings
from app.domain.facts import Facts
from app.domain.recipients import Channel
from app.domain.whatsapp import ApprovedTemplate, WhatsAppRules, is_open
from app.errors import ConfigError, Problem, WordingError
from app.messages.examples import example_facts
from app.runtime import Runtime
from app.services.wording import Wording
from app.storage import inbox


def may_be_words(
    tx: sa.Connection, runtime: Runtime, *, address: str, now: datetime
) -> bool:
    """Whether words may be sent to this number now, without a template."""
    if runtime.policy.whatsapp.free_words or _is_preview(runtime):
        return True
    last = inbox.last_received(tx, channel=Channel.WHATSAPP, address=address)
    return is_open(last, now=now)


def template_of(runtime: Runtime, *, kind: str, locale: str) -> ApprovedTemplate | None:
    """Return the template for a kind in a customer's language, or the business's."""
    rules: WhatsAppRules = runtime.policy.whatsapp
    return rules.template(kind, locale, runtime.settings.locale)


def no_template(kind: str) -> str:
    """Say why a message cannot leave."""
    return (
        "WhatsApp wants a template: the customer has not written within 24 hours, and "
        f"none is set for {kind} ([whatsapp.templates.{kind}] in bellhop.toml)."
    )


def filled(
    wording: Wording,
    template: ApprovedTemplate,
    facts: Facts,
    *,
    kind: str,
    locale: str,
    timezone: str,
) -> Template:
    """Fill a template's places; raise WordingError for one that would be empty."""
    parameters = wording.fill(
        kind, template.parameters, facts, locale=locale, timezone=timezone
    )
    for number, words in enumerate(parameters, start=1):
        if not words:
            raise WordingError(
                f"Place {number} of the WhatsApp template {template.name} would be "
                "empty, which WhatsApp refuses."
            )
    return Template(
        name=template.name, language=template.language, parameters=tuple(parameters)
    )


def check_templates(settings: Settings, rules: WhatsAppRules, wording: Wording) -> None:
    """Fill every template with example facts; raise ConfigError for what cannot be."""
    problems = list(_problems(settings, rules, wording))
    if problems:
        raise ConfigError(problems)


def _problems(
    settings: Settings, rules: WhatsAppRules, wording: Wording
) -> Iterator[Problem]:
    for kind, by_language in rules.templates.items():
        for language, template in by_language.items():
            name = settings.business_name
            facts = example_facts(kind, locale=language, business_name=name)
            try:
                filled(
                    wording,
                    template,
                    facts,
                    kind=kind,
                    locale=language,
                    timezone=settings.timezone,
                )
            except WordingError as error:
                place = f"whatsapp.templates.{kind}.{language}.parameters"
                yield Problem(f"{settings.policy_file}: {place}", str(error))


def _is_preview(runtime: Runtime) -> bool:
    return runtime.modes[Channel.WHATSAPP] in (Mode.PREVIEW, Mode.OFF)
