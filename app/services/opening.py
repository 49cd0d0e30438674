"""Builds what messages are worded and delivered with; called by the entry points."""

from __future__ import annotations

from app.channels.table import open_providers
from app.config import Settings
from app.runtime import Runtime
from app.services.courier import Courier
from app.services.links import Links
from app.services.whatsapp import check_templates
from app.services.wording import Wording


def open_courier(runtime: Runtime, *, boot_id: str, worker: str) -> Courier:
    """Make a courier: its providers connect when they first send.

    Raises ConfigError for a WhatsApp template that cannot be filled.
    """
    settings = runtime.settings
    wording = open_wording(settings)
    check_templates(settings, runtime.policy.whatsapp, wording)
    return Courier(
        runtime=runtime,
        providers=open_providers(settings),
        wording=wording,
        links=Links(runtime),
        boot_id=boot_id,
        worker=worker,
    )


def open_wording(settings: Settings) -> Wording:
    """Make the words of the business: its language, its time zone."""
    return Wording(business_locale=settings.locale, business_timezone=settings.timezone)
