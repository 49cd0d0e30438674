"""What may differ from box to box, whatever its channels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.config.types import (
    BrokerUrl,
    CurrencyCode,
    DatabaseUrl,
    LocaleName,
    Port,
    PublicUrl,
    RedisUrl,
    Region,
    Secret,
    TimeZoneName,
    variable,
)


class HouseSettings(BaseModel):
    """What may differ from box to box, whatever its channels."""

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
    public_url: PublicUrl | None = variable(
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
