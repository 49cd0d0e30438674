"""What `doctor` says of providers that send, and cannot tell or may not say all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.domain.kinds import NAMES_ITS_CHANNELS, Kind
from tests.shell import Shell

TEMPLATES = "".join(
    f'[whatsapp.templates.{kind}.en]\nname = "{kind}"\nlanguage = "en"\n'
    for kind in Kind
)


def found(shell: Shell, check: str) -> list[dict[str, Any]]:
    findings = shell("doctor", "--json").json["findings"]
    return [finding for finding in findings if finding["check"] == check]


def on_meta(shell: Shell, policy: str = "") -> None:
    shell.set(WHATSAPP_PHONE_NUMBER_ID="106540", WHATSAPP_ACCESS_TOKEN="geheim")
    Path("bellhop.toml").write_text(policy, encoding="utf-8")


def test_a_webhook_without_its_secret_is_warned_of(shell: Shell) -> None:
    on_meta(shell)
    shell.set(VONAGE_API_KEY="k", VONAGE_API_SECRET="s", VONAGE_SMS_FROM="Rosa")
    shell.set(RESEND_API_KEY="re_1", DEFAULT_FROM_EMAIL="rosa@example.com")
    shell.set(WHATSAPP_APP_SECRET="geheim")

    findings = found(shell, "webhooks")

    assert {finding["level"] for finding in findings} == {"warning"}
    assert [finding["finding"].split()[0] for finding in findings] == [
        "VONAGE_SIGNATURE_SECRET",
        "WHATSAPP_VERIFY_TOKEN",
        "RESEND_WEBHOOK_SECRET",
    ]


def test_secrets_of_providers_that_are_not_there_are_not_asked_for(
    shell: Shell,
) -> None:
    assert found(shell, "webhooks") == []


def test_kinds_that_whatsapp_will_not_take_are_warned_of(shell: Shell) -> None:
    on_meta(shell, TEMPLATES.replace("booking_reminder.en", "booking_reminder.es"))

    (finding,) = found(shell, "templates")

    assert finding["level"] == "warning"
    assert finding["finding"] == "WhatsApp has no template for booking_reminder."


def test_with_all_templates_all_is_well(shell: Shell) -> None:
    on_meta(shell, TEMPLATES)

    (finding,) = found(shell, "templates")

    assert finding["level"] == "ok"


def test_sandboxes_previews_and_other_channels_need_no_template(shell: Shell) -> None:
    in_preview = found(shell, "templates")
    on_meta(shell, "[whatsapp]\nfree_words = true\n")
    in_sandbox = found(shell, "templates")
    only_email = [
        f'[kinds.{kind}]\nchannels = ["email"]\n'
        for kind in set(Kind) - NAMES_ITS_CHANNELS
    ]
    on_meta(shell, "".join(only_email))
    (elsewhere,) = found(shell, "templates")

    assert in_preview == in_sandbox == []
    assert elsewhere["level"] == "ok"
