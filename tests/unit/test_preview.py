"""The command `preview`: what it prints, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.__main__ import main
from app.domain.kinds import Kind


@pytest.fixture(autouse=True)
def _a_box_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty directory, as a business in Madrid."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BELLHOP_TIMEZONE", "Europe/Madrid")
    monkeypatch.setenv("BELLHOP_BUSINESS_NAME", "Rosa am Markt")
    monkeypatch.delenv("BELLHOP_LOCALE", raising=False)


def test_all_channels_are_shown_with_the_business_s_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["preview", "booking_reminder"])

    shown = capsys.readouterr().out
    assert code == 0
    assert "--- sms (1 segment: 158 GSM-7 characters, 160 fit in one) ---" in shown
    assert "Rosa am Markt: see you soon!" in shown
    assert "--- whatsapp ---" in shown
    assert "Subject: See you soon: Haircut & colour, Friday, May 22" in shown


def test_one_channel_language_and_zone_can_be_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    language, zone = ["--locale", "es_MX"], ["--timezone", "America/Mexico_City"]

    main(["preview", "booking_confirmed", "--channel", "sms", *language, *zone])

    shown = capsys.readouterr().out
    assert "vie 22 de may, 6:30 a.m. (hora de Ciudad de México)" in shown
    assert "2 segments" in shown
    assert "whatsapp" not in shown


def test_machines_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    main(["preview", "payment_received", "--json"])

    shown = json.loads(capsys.readouterr().out)
    sms, whatsapp, email = shown["messages"]
    assert shown["kind"] == "payment_received"
    assert (sms["channel"], sms["encoding"], sms["segments"]) == ("sms", "GSM-7", 2)
    assert whatsapp.keys() == {"channel", "text"}
    assert email["html"].startswith("<!doctype html>")
    assert email["subject"] == "Payment received: €65.00 for Haircut & colour"


def test_the_html_can_be_had_alone(capsys: pytest.CaptureFixture[str]) -> None:
    main(["preview", "message", "--html", "--channel", "sms"])

    shown = capsys.readouterr().out
    assert shown.startswith("<!doctype html>")
    assert shown.endswith("</html>\n")


def test_an_unknown_kind_is_refused_with_the_list_of_kinds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["preview", "booking_lost"])

    shown = capsys.readouterr()
    assert code == 2
    assert shown.out == ""
    assert all(kind in shown.err for kind in Kind)


def test_an_unknown_time_zone_is_one_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["preview", "message", "--timezone", "Mars/Olympus"])

    assert code == 1
    assert capsys.readouterr().err == (
        "bellhop preview: 'Mars/Olympus' is not a known time zone.\n"
    )
