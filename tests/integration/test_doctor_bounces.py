"""`doctor` tries the mailbox of bounces, and leaves everything in it as it is."""

from __future__ import annotations

from pathlib import Path

from app.commands.checks.bounces import bounces
from app.commands.checks.findings import Box, Finding, Level
from app.commands.checks.settings import channels
from tests.house import make_settings
from tests.imap_house import MailboxHouse, serving


def look(tmp_path: Path, **env: str) -> list[Finding]:
    box = Box(settings=make_settings(tmp_path, **env), runtime=None)
    return list(bounces(box))


def test_a_mailbox_that_lets_us_in_is_well_and_is_not_read(tmp_path: Path) -> None:
    house = MailboxHouse([b"Content-Type: multipart/report\n\nIt came back."])

    with serving(house) as address:
        (found,) = look(tmp_path, BOUNCE_IMAP_URL=address)

    assert found.level is Level.OK
    assert house.read == set()


def test_a_wrong_password_is_told_without_it(tmp_path: Path) -> None:
    with serving(MailboxHouse()) as address:
        wrong = address.replace("pass%2Fword", "geheim")
        (found,) = look(tmp_path, BOUNCE_IMAP_URL=wrong)

    assert found.level is Level.BROKEN
    assert "refused the login" in found.finding
    assert "geheim" not in str(found)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with serving(MailboxHouse()) as address:
        (found,) = look(tmp_path, BOUNCE_IMAP_URL=f"{address}/Bounced")

    assert found.level is Level.BROKEN


def test_without_a_mailbox_nothing_is_said(tmp_path: Path) -> None:
    assert look(tmp_path) == []


def test_an_address_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    env = {"BOUNCE_IMAP_URL": "imaps://imap.example.com"}
    box = Box(settings=make_settings(tmp_path, **env), runtime=None)

    found = [*channels(box), *bounces(box)]

    (told,) = (finding for finding in found if "BOUNCE_IMAP_URL" in finding.finding)
    assert "must hold user and password" in told.finding
