"""Preview: one file a message, whole, findable, and honest about the disk."""

from __future__ import annotations

import email
import errno
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.channels import preview as preview_module
from app.channels.base import LookupAnswer, Message
from app.channels.email_message import Sender
from app.channels.preview import Preview
from app.domain.outcomes import Fault, Lookup, Outcome, Result
from app.domain.recipients import Channel

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def preview(tmp_path: Path, channel: Channel = Channel.SMS) -> Preview:
    sender = Sender(name="Salon Rosa", address="hello@example.com")
    return Preview(channel=channel, outbox=tmp_path / "outbox", sender=sender)


def message(key: str = "n-1", text: str = "See you on Monday.") -> Message:
    return Message(key=key, channel=Channel.SMS, recipient="+4915112345678", text=text)


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "outbox").iterdir())


def test_a_message_becomes_one_json_file_with_what_a_person_wants_to_see(
    tmp_path: Path,
) -> None:
    outcome = preview(tmp_path).send(message(text="Grüße 😀"))

    assert outcome == Outcome(result=Result.ACCEPTED, provider_message_id="preview-n-1")
    [file] = files(tmp_path)
    shown = json.loads(file.read_text(encoding="utf-8"))
    moment = datetime.fromisoformat(shown.pop("time"))
    assert moment.utcoffset() is not None
    assert shown == {
        "channel": "sms",
        "recipient": "+4915112345678",
        "text": "Grüße 😀",
        "key": "n-1",
    }


def test_an_email_becomes_a_file_that_mail_programs_open(tmp_path: Path) -> None:
    letter = Message(
        key="n-1", channel=Channel.EMAIL, recipient="alice@example.org", text="Hello"
    )

    outcome = preview(tmp_path, Channel.EMAIL).send(letter)

    assert outcome.result is Result.ACCEPTED
    [file] = files(tmp_path)
    assert file.suffix == ".eml"
    mail = email.message_from_bytes(file.read_bytes())
    assert mail["To"] == "alice@example.org"
    assert mail["Message-ID"] == "<n-1@example.com>"


def test_an_address_that_no_server_would_take_is_refused_in_preview_too(
    tmp_path: Path,
) -> None:
    letter = Message(key="n-1", channel=Channel.EMAIL, recipient="alice", text="Hello")

    outcome = preview(tmp_path, Channel.EMAIL).send(letter)

    assert outcome.result is Result.PERMANENT_RECIPIENT


def test_file_names_sort_by_time_and_name_channel_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = preview(tmp_path)

    for hour, key in ((9, "z"), (10, "m"), (11, "a")):
        moment = datetime(2026, 11, 22, hour, 30, 5, 120_000, tzinfo=UTC)
        monkeypatch.setattr(preview_module, "utc_now", lambda now=moment: now)
        provider.send(message(key))

    assert [file.name for file in files(tmp_path)] == [
        "20261122T093005.120Z-sms-z.json",
        "20261122T103005.120Z-sms-m.json",
        "20261122T113005.120Z-sms-a.json",
    ]


def test_a_repetition_is_visible_as_one_message(tmp_path: Path) -> None:
    preview(tmp_path).send(message(text="first"))

    preview(tmp_path).send(message(text="second"))

    [file] = files(tmp_path)
    assert json.loads(file.read_text())["text"] == "second"


def test_keys_that_end_alike_do_not_overwrite_each_other(tmp_path: Path) -> None:
    provider = preview(tmp_path)

    for key in ("1", "n-sms-1", "../1", "1.json", "a/b\\c:d"):
        provider.send(message(key))

    assert len(files(tmp_path)) == 5


def test_half_a_character_does_not_spoil_the_file(tmp_path: Path) -> None:
    outcome = preview(tmp_path).send(message(text="\ud83d"))

    assert outcome.result is Result.ACCEPTED
    [file] = files(tmp_path)
    assert json.loads(file.read_bytes())["text"] == "\ud83d"


def test_look_up_finds_what_was_written_by_its_key(tmp_path: Path) -> None:
    preview(tmp_path).send(message())

    answer = preview(tmp_path).look_up(message(), since=LONG_AGO)

    assert answer == LookupAnswer(
        lookup=Lookup.FOUND, provider_message_id="preview-n-1"
    )


@pytest.mark.parametrize("others", [[], ["n-2", "x-sms-n-1"]])
def test_look_up_does_not_find_what_is_not_there(
    tmp_path: Path, others: list[str]
) -> None:
    provider = preview(tmp_path)
    for key in others:
        provider.send(message(key))

    answer = provider.look_up(message(), since=LONG_AGO)

    assert answer.lookup is Lookup.NOT_FOUND


def test_a_full_disk_is_no_fault_of_the_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", no_space)
        outcome = preview(tmp_path).send(message())

    assert (outcome.result, outcome.fault) == (Result.TRANSIENT, Fault.DOWN)
    assert outcome.code == "ENOSPC"
    assert files(tmp_path) == []


def test_a_full_disk_leaves_no_torn_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_rename(*_: object) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", no_rename)
        preview(tmp_path).send(message())

    assert files(tmp_path) == []


def test_an_outbox_that_cannot_be_written_wants_a_person(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file where the folder should be")

    outcome = preview(tmp_path).send(message())

    assert (outcome.result, outcome.fault) == (Result.CONFIG, Fault.REFUSED)
    assert preview(tmp_path).look_up(message(), since=LONG_AGO).lookup is (
        Lookup.UNANSWERED
    )
