"""The table of settings: every variable, its default, its meaning and an example.

The names and meanings are CONTRACT: Configuration. `.env.example` is made from it.
"""

from __future__ import annotations

from pydantic import ConfigDict

from app.config.groups.bounces import BounceSettings
from app.config.groups.email import SmtpSettings
from app.config.groups.gateway import GatewaySettings
from app.config.groups.house import HouseSettings
from app.config.groups.meta import MetaSettings
from app.config.groups.order import ProviderOrder
from app.config.groups.payments import PaymentSettings
from app.config.groups.resend import ResendSettings
from app.config.groups.staff import StaffSettings
from app.config.groups.twilio import TwilioSettings
from app.config.groups.vonage import VonageSettings

#: What listens on every address is reached at this one.
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here


# The last named comes first in `.env.example`.
class Settings(
    PaymentSettings,
    StaffSettings,
    ProviderOrder,
    VonageSettings,
    MetaSettings,
    GatewaySettings,
    TwilioSettings,
    ResendSettings,
    BounceSettings,
    SmtpSettings,
    HouseSettings,
):
    """Everything that may differ from box to box (CONTRACT: Configuration)."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, str_strip_whitespace=True
    )

    @property
    def base_url(self) -> str:
        """The base of links that customers get, without a slash at its end."""
        own = f"http://{self.host}:{self.port}"
        return (self.public_url or own).rstrip("/")

    @property
    def given_queue(self) -> str | None:
        """The queue server that the owner has named, if any."""
        return self.broker_url or self.redis_url

    @property
    def reachable_host(self) -> str:
        """Where this machine itself reaches the API."""
        return EVERY_ADDRESS.get(self.host, self.host)
