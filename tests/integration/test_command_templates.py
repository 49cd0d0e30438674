"""`templates` and `preview` on the command line: the owner's words, without code."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.clock import utc_now
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.runtime import Runtime
from app.services import planning
from app.services.facts import SITE_DATA
from app.services.planning import Plan
from tests.house import make_booking, make_service
from tests.shell import Ran, Shell

pytestmark = pytest.mark.usefixtures("runtime")

MESSAGE = ("message", "sms", "en")
REMINDER = ("booking_reminder", "sms", "en")


@pytest.fixture(name="edit")
def edit_in_a_file(shell: Shell, tmp_path: Path) -> EditFile:
    return EditFile(shell, tmp_path / "text.txt")


class EditFile:
    """`edit("words")` saves words from a file as a draft."""

    def __init__(self, shell: Shell, file: Path) -> None:
        self._shell = shell
        self._file = file

    def __call__(self, text: str, *flags: str, of: tuple[str, ...] = MESSAGE) -> Ran:
        self._file.write_text(text, encoding="utf-8")
        words = ("templates", "edit", *of, "--text", str(self._file), *flags)
        return self._shell(*words)


def test_words_are_edited_published_and_taken_back(
    shell: Shell, edit: EditFile
) -> None:
    assert "Saved as version 1." in edit("1: {{ text }}", "--note", "First").out
    told = shell("templates", "publish", *MESSAGE, "1").out
    assert told == "message/sms/en says version 1 from now on.\n"
    assert shell("templates", "show", *MESSAGE).out == "1: {{ text }}\n"
    assert shell("templates", "show", *MESSAGE, "--version", "0").out == "{{ text }}\n"
    assert "First" in shell("templates", "versions", *MESSAGE).out

    told = shell("templates", "rollback", *MESSAGE).out
    assert told == "message/sms/en says the words of Bellhop from now on.\n"
    assert shell("templates", "rollback", *MESSAGE).code == 1
    assert shell("templates", "withdraw", *MESSAGE).code == 0


def test_what_cannot_be_sent_is_refused_with_its_line(edit: EditFile) -> None:
    ran = edit("Hi\n{{ txt }}")

    assert ran.code == 1
    assert "text: line 2: there is no name 'txt'; the nearest is 'text'" in ran.err


def test_a_warning_stands_beside_what_was_saved(edit: EditFile) -> None:
    ran = edit("{{ service_name }}, {{ start | day }}", of=REMINDER)

    assert ran.code == 0
    assert "Note: the text does not tell the time (start)" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("show", "mesage", "sms", "en"),
        ("show", "message", "sms", "fr"),
        ("show", *MESSAGE, "--version", "7"),
        ("publish", *MESSAGE, "7"),
        ("edit", *MESSAGE, "--text", "missing.txt"),
    ],
)
def test_what_there_is_not_ends_with_a_sentence(
    shell: Shell, words: tuple[str, ...]
) -> None:
    ran = shell("templates", *words)

    assert ran.code == 1
    assert ran.err.startswith("bellhop templates: ")


def test_every_text_is_listed(shell: Shell, edit: EditFile) -> None:
    edit("1: {{ text }}")
    shell("templates", "publish", *MESSAGE, "1")

    listed = shell("templates", "list").out
    as_json = shell("templates", "list", "--json").json["data"]

    assert "message           " in listed
    assert [text["version"] for text in as_json if text["version"]] == [1]


def test_what_waits_is_counted_and_then_moved(
    shell: Shell, edit: EditFile, runtime: Runtime
) -> None:
    plan = Plan(
        kind=Kind.MESSAGE,
        channel=Channel.SMS,
        recipient="+14155550100",
        args={SITE_DATA: {"text": "Hello"}},
    )
    with runtime.database.write() as tx:
        planning.insert(tx, runtime, plan, now=utc_now())
    edit("1: {{ text }}")
    shell("templates", "publish", *MESSAGE, "1")

    assert "--yes 1" in shell("templates", "migrate", *MESSAGE).out
    assert shell("templates", "migrate", *MESSAGE, "--yes", "2").code == 1
    told = shell("templates", "migrate", *MESSAGE, "--yes", "1").out

    assert told == "Moved: 1 message to version 1.\n"
    assert "Nothing waits" in shell("templates", "migrate", *MESSAGE).out


def test_a_preview_says_the_words_in_force(shell: Shell, edit: EditFile) -> None:
    edit("Mine: {{ text }}")
    shell("templates", "publish", *MESSAGE, "1")

    assert "Mine: We are closed" in shell("preview", "message").out


def test_a_preview_shows_a_draft(shell: Shell, edit: EditFile) -> None:
    edit("Draft: {{ text }}")
    words = ("preview", "message", "--channel", "sms", "--version")

    assert "Draft: We are closed" in shell(*words, "1").out
    assert "Draft" not in shell(*words, "0").out
    assert "There is no version of message/sms/en '7'." in shell(*words, "7").err
    assert shell("preview", "message", "--version", "1").code == 2


def test_a_preview_tells_of_a_real_booking(shell: Shell, runtime: Runtime) -> None:
    booking = make_booking(runtime, make_service(runtime, name="Pilates"))

    ran = shell("preview", "booking_reminder", "--booking", booking.id)

    assert ran.out.count("Pilates") >= 3
    assert shell("preview", "booking_reminder", "--booking", "none").code == 1


def test_a_preview_tells_the_price_and_what_makes_it_dear(shell: Shell) -> None:
    shell.set(
        TWILIO_ACCOUNT_SID="AC" + "0" * 32,
        TWILIO_AUTH_TOKEN="token-of-the-tests",
        TWILIO_SMS_FROM="+14155550199",
        BELLHOP_PHONE_REGION="ES",
    )

    sms = shell("preview", "booking_confirmed", "--channel", "sms", "--locale", "es")
    (as_json,) = shell(
        "preview", "booking_reminder", "--channel", "sms", "--json"
    ).json["messages"]

    assert "about 0.085 USD" in sms.out or "about 0.17 USD" in sms.out
    assert as_json["price"] == {"amount": 9, "currency": "USD", "micros": 85_000}


def test_a_preview_can_be_a_page_that_needs_nothing(shell: Shell) -> None:
    page = shell("preview", "booking_reminder", "--page").out

    assert page.startswith("<!doctype html>")
    assert "<b>See you soon!</b>" in page
    assert "<iframe sandbox" in page
    assert "<script" not in page


def test_a_test_message_says_the_words_in_force(
    shell: Shell, edit: EditFile, tmp_path: Path
) -> None:
    edit("Mine: {{ text }}")
    shell("templates", "publish", *MESSAGE, "1")

    shell("send-test", "--channel", "sms", "--to", "+14155550100", "--kind", "message")

    (sent,) = (tmp_path / "var" / "outbox").glob("*.json")
    assert "Mine: We are closed" in sent.read_text(encoding="utf-8")
