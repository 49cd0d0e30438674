"""The table of settings: every variable, its default, its meaning and an example.

The names and meanings are CONTRACT: Configuration. `.env.example` is made from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.config.types import (
    BrokerUrl,
    CurrencyCode,
    DatabaseUrl,
    LocaleName,
    Port,
    RedisUrl,
    Region,
    Secret,
    TimeZoneName,
    WebUrl,
    Words,
    variable,
)

#: What listens on every address is reached at this one.
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here


class Settings(BaseModel):
    """Everything that may differ from box to box (CONTRACT: Configuration)."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, str_strip_whitespace=True
    )

    env: Literal["development", "production"] = variable(
        "BELLHOP_ENV",
        "development",
        about="production refuses weak or missing secrets",
        example="production",
    )
    policy_file: Path = variable(
        "BELLHOP_CONFIG",
        Path("bellhop.toml"),
        about="The policy file: queues, kinds, schedule, retention",
        example="/etc/bellhop/bellhop.toml",
    )
    preview: bool = variable(
        "BELLHOP_PREVIEW",
        default=False,
        about="1 keeps channels without credentials in preview beside real ones",
        example="1",
    )
    trusted_proxies: Annotated[int, Field(ge=0, le=10)] = variable(
        "BELLHOP_TRUSTED_PROXIES",
        0,
        about="How many proxies in front may set X-Forwarded-For and -Proto",
        example="1",
    )
    log_dir: Path | None = variable(
        "BELLHOP_LOG_DIR",
        about="One rotated log file per process in this folder",
        example="/var/log/bellhop",
    )
    worker_max_tasks: Annotated[int, Field(ge=0)] = variable(
        "BELLHOP_WORKER_MAX_TASKS",
        0,
        about="A worker ends itself after so many tasks and is started anew (0: never)",
        example="10000",
    )
    data_dir: Path = variable(
        "BELLHOP_DATA_DIR",
        Path("var"),
        about="Database, embedded queue, outbox, backups",
        example="/var/lib/bellhop",
    )
    host: str = variable(
        "BELLHOP_HOST", "127.0.0.1", about="Where the API listens", example="127.0.0.1"
    )
    port: Port = variable(
        "BELLHOP_PORT", 8000, about="The port the API listens on", example="8000"
    )
    public_url: WebUrl | None = variable(
        "BELLHOP_PUBLIC_URL",
        about="Base of links in messages; from host and port where it is not set",
        example="https://book.example.com",
    )
    secret_key: Secret = variable(
        "BELLHOP_SECRET_KEY",
        about="Signs sessions and links; made once and kept in the data dir if not set",
        example="<64 random characters>",
    )
    api_key: Secret = variable(
        "BELLHOP_API_KEY",
        about="The first API key; made once and kept in the data dir if not set",
        example="<32 random characters or more>",
    )
    admin_password: Secret = variable(
        "BELLHOP_ADMIN_PASSWORD",
        about="First dashboard login, user admin (the dashboard is yet to come)",
        example="<a long password>",
    )
    business_name: str = variable(
        "BELLHOP_BUSINESS_NAME",
        "My Business",
        about="The name customers know",
        example="Salon Rosa",
    )
    timezone: TimeZoneName = variable(
        "BELLHOP_TIMEZONE",
        "UTC",
        about="The business's time zone (IANA name)",
        example="Europe/Madrid",
    )
    locale: LocaleName = variable(
        "BELLHOP_LOCALE",
        "en",
        about="The language and formats of messages, unless the customer has others",
        example="es",
    )
    currency: CurrencyCode = variable(
        "BELLHOP_CURRENCY", "EUR", about="The business's currency", example="EUR"
    )
    phone_region: Region | None = variable(
        "BELLHOP_PHONE_REGION",
        about="Country of phone numbers that are written without one",
        example="ES",
    )
    log_level: Literal["debug", "info", "warning", "error"] = variable(
        "BELLHOP_LOG_LEVEL", "info", about="How much is logged", example="debug"
    )
    log_format: Literal["text", "json"] = variable(
        "BELLHOP_LOG_FORMAT",
        "text",
        about="text for people, json for machines",
        example="json",
    )
    database_url: DatabaseUrl | None = variable(
        "DATABASE_URL",
        about="SQLite in the data dir where it is not set",
        example="sqlite:////var/lib/bellhop/bellhop.db",
        may_hold_password=True,
    )
    redis_url: RedisUrl | None = variable(
        "REDIS_URL",
        about="Redis 6.2 or later, or Valkey; the embedded server if not set",
        example="redis://127.0.0.1:6379/0",
        may_hold_password=True,
    )
    broker_url: BrokerUrl | None = variable(
        "BROKER_URL",
        about="The queue alone: RabbitMQ 3.8 or later; REDIS_URL's server if not set",
        example="amqp://bellhop:password@127.0.0.1:5672/",
        may_hold_password=True,
    )
    email_host: str | None = variable(
        "EMAIL_HOST", about="The SMTP server", example="smtp.example.com"
    )
    email_port: Port = variable(
        "EMAIL_PORT", 587, about="587 for STARTTLS, 465 for TLS", example="587"
    )
    email_host_user: str | None = variable(
        "EMAIL_HOST_USER", about="SMTP login", example="rosa@example.com"
    )
    email_host_password: Secret = variable(
        "EMAIL_HOST_PASSWORD", about="SMTP password", example="<password>"
    )
    email_use_tls: bool = variable(
        "EMAIL_USE_TLS",
        default=True,
        about="STARTTLS, certificate verified",
        example="1",
    )
    email_use_ssl: bool = variable(
        "EMAIL_USE_SSL",
        default=False,
        about="TLS from the first byte; goes before EMAIL_USE_TLS",
        example="1",
    )
    default_from_email: str | None = variable(
        "DEFAULT_FROM_EMAIL",
        about="The sender of e-mails",
        example="Salon Rosa <hello@example.com>",
    )
    twilio_account_sid: str | None = variable(
        "TWILIO_ACCOUNT_SID",
        about="Twilio account",
        example="ACxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    )
    twilio_auth_token: Secret = variable(
        "TWILIO_AUTH_TOKEN", about="Twilio password", example="<token>"
    )
    twilio_sms_from: str | None = variable(
        "TWILIO_SMS_FROM",
        about="Sender of SMS: a number, a name, or a MG… messaging service",
        example="+14155550199",
    )
    twilio_whatsapp_from: str | None = variable(
        "TWILIO_WHATSAPP_FROM",
        about="Sender of WhatsApp messages over Twilio",
        example="+14155550199",
    )
    twilio_api_base: WebUrl = variable(
        "TWILIO_API_BASE",
        "https://api.twilio.com",
        about="Where Twilio is; the simulator's address for a trial",
        example="http://127.0.0.1:9200",
    )
    sms_providers: Words = variable(
        "SMS_PROVIDERS",
        (),
        about="Order of preference; by the credentials found where not set",
        example="twilio",
    )
    whatsapp_providers: Words = variable(
        "WHATSAPP_PROVIDERS", (), about="The same for WhatsApp", example="twilio"
    )
    email_providers: Words = variable(
        "EMAIL_PROVIDERS", (), about="The same for e-mail", example="smtp"
    )
    razorpay_key_id: str | None = variable(
        "RAZORPAY_KEY_ID", about="Razorpay account", example="rzp_live_xxxxxxxx"
    )
    razorpay_key_secret: Secret = variable(
        "RAZORPAY_KEY_SECRET",
        about="Verifies Razorpay payments",
        example="<secret>",
    )
    razorpay_api_base: WebUrl = variable(
        "RAZORPAY_API_BASE",
        "https://api.razorpay.com",
        about="Where Razorpay is",
        example="https://api.razorpay.com",
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
