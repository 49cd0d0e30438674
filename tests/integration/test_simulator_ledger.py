"""The ledger holds what was answered, whatever happens to the process or the disk."""

from __future__ import annotations

import json
import smtplib
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from app.errors import StartError, StorageUnavailableError
from app.simulator.ledger import Entry, Ledger
from app.simulator.submissions import Submission
from tests.http_client import Reply, call
from tests.senders import MESSAGES, send_sms
from tests.simulator import Simulator


def send(simulator: Simulator, text: str = "Hi") -> Reply:
    return send_sms(simulator, Body=text)


def taken(text: str) -> Entry:
    submission = Submission(provider="twilio", channel="sms", text=text)
    return Entry.taken(submission, as_id=f"SM-{text}")


def texts(ledger: Ledger) -> list[str]:
    return [entry.text for entry in ledger.entries()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "somewhere" / "ledger.jsonl"


@pytest.fixture
def open_ledger(path: Path) -> Iterator[Callable[[], Ledger]]:
    """Opens the file at `path` anew each time, as a start of the process does."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(Ledger(path)))


def test_answered_sms_outlives_a_kill_right_after_the_answer() -> None:
    with Simulator() as simulator:
        sid = send(simulator).json["sid"]
        simulator.kill()

        (line,) = simulator.ledger_path.read_text().splitlines()

    assert json.loads(line)["provider_message_id"] == sid


def test_answered_mail_outlives_a_kill_right_after_the_answer() -> None:
    with Simulator() as simulator:
        with smtplib.SMTP(simulator.smtp_host, simulator.smtp_port) as client:
            client.sendmail("a@example.com", ["b@example.com"], b"Subject: x\r\n\r\nx")
            simulator.kill()
            client.close()

        (line,) = simulator.ledger_path.read_text().splitlines()

    assert json.loads(line)["recipient"] == "b@example.com"


def test_nothing_answered_is_lost_when_killed_under_load() -> None:
    with Simulator() as simulator, ThreadPoolExecutor(8) as pool:

        def send_until_killed(sender: int) -> list[str]:
            answered: list[str] = []
            with suppress(OSError, HTTPException):
                while len(answered) < 1000:
                    answered.append(send(simulator).json["sid"])
                    if sender == 0 and len(answered) == 15:
                        simulator.kill()
            return answered

        answered = [
            sid for sids in pool.map(send_until_killed, range(8)) for sid in sids
        ]
        lines = simulator.ledger_path.read_bytes().splitlines(keepends=True)

    written = {
        json.loads(line)["provider_message_id"]
        for line in lines
        if line.endswith(b"\n")
    }
    assert len(answered) >= 15
    assert written >= set(answered)


def test_restart_keeps_the_ledger_the_ports_and_the_look_up() -> None:
    with Simulator() as simulator:
        place = (simulator.http, simulator.smtp_port)
        sid = send(simulator, "before").json["sid"]
        simulator.kill()

        simulator.restart()
        send(simulator, "after")

        found = call("GET", f"{simulator.http}{MESSAGES[:-5]}/{sid}.json")
        entries = simulator.ledger()
        assert (simulator.http, simulator.smtp_port) == place
        assert found.json["body"] == "before"
        assert [(e["seq"], e["text"]) for e in entries] == [(1, "before"), (2, "after")]


def test_many_senders_at_once_each_have_their_line() -> None:
    with Simulator() as simulator, ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda n: send(simulator, str(n)), range(100)))

        entries = simulator.ledger()

    assert {reply.status for reply in replies} == {201}
    assert [entry["seq"] for entry in entries] == list(range(1, 101))
    assert {reply.json["sid"] for reply in replies} == {
        entry["provider_message_id"] for entry in entries
    }


def test_ledger_is_filtered_by_what_is_asked() -> None:
    with Simulator() as simulator:
        send(simulator, "one")
        send(simulator, "")
        send(simulator, "three")
        call("POST", f"{simulator.http}/hooks/pos", body="four")

        def shown(**filters: str | int) -> list[str]:
            return [e["text"] for e in simulator.ledger(accepted=None, **filters)]

        assert shown() == ["one", "", "three", "four"]
        assert shown(since_seq=2) == ["three", "four"]
        assert shown(provider="hook") == ["four"]
        assert shown(channel="sms", since_seq=1) == ["", "three"]
        assert shown(recipient="+14155550100") == ["one", "", "three"]
        assert [e["text"] for e in simulator.ledger(accepted=False)] == [""]
        health = simulator.control("GET", "health")
        assert (health["entries"], health["accepted"]) == (4, 3)


@pytest.mark.parametrize("query", ["colour=red", "since_seq=x"])
def test_filter_that_does_not_exist_is_refused(query: str) -> None:
    with Simulator() as simulator:
        assert call("GET", f"{simulator.http}/_simulator/ledger?{query}").status == 400


def test_times_of_receipt_follow_each_other() -> None:
    with Simulator() as simulator:
        send(simulator)
        send(simulator)

        first, second = simulator.ledger()

    assert first["received_monotonic"] < second["received_monotonic"]
    assert first["received_at"] < second["received_at"]
    assert first["received_at"].endswith("+00:00")


def test_without_fsync_it_is_still_written_before_the_answer() -> None:
    with Simulator(fsync=False) as simulator:
        send(simulator)
        simulator.kill()

        assert len(simulator.ledger_path.read_text().splitlines()) == 1


def test_half_a_line_at_the_end_is_cut_off_at_the_next_start(
    path: Path, open_ledger: Callable[[], Ledger]
) -> None:
    open_ledger().append([taken("whole")])
    with path.open("ab") as file:
        file.write(b'{"seq":2,"accepted":tr')

    ledger = open_ledger()
    ledger.append([taken("next")])

    assert texts(ledger) == ["whole", "next"]
    assert texts(open_ledger()) == ["whole", "next"]


@pytest.mark.parametrize("line", [b"no JSON\n", b"{}\n", b'{"seq":1,"x":2}\n', b"3\n"])
def test_file_that_is_no_ledger_stops_the_start(path: Path, line: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(line)

    with pytest.raises(StartError, match="not one of this version"):
        Ledger(path)


def test_folder_in_place_of_the_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="cannot be used"):
        Ledger(tmp_path)


def test_clearing_empties_memory_and_disk(open_ledger: Callable[[], Ledger]) -> None:
    ledger = open_ledger()
    ledger.append([taken("gone")])

    ledger.clear()
    ledger.append([taken("new")])

    assert texts(ledger) == ["new"]
    assert ledger.find("SM-gone") is None
    assert texts(open_ledger()) == ["new"]
    assert ledger.entries()[0].seq == 2


def test_newest_come_first_for_look_ups(open_ledger: Callable[[], Ledger]) -> None:
    ledger = open_ledger()

    ledger.append([taken("one"), taken("two")])

    assert [entry.text for entry in ledger.newest_first()] == ["two", "one"]


def test_closed_ledger_takes_nothing_more(open_ledger: Callable[[], Ledger]) -> None:
    ledger = open_ledger()
    ledger.close()

    with pytest.raises(StorageUnavailableError):
        ledger.append([taken("late")])

    assert texts(open_ledger()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file size limit")
def test_full_disk_is_an_error_to_the_sender_and_leaves_no_half_line(
    path: Path, open_ledger: Callable[[], Ledger]
) -> None:
    import resource  # noqa: PLC0415 - not there on Windows

    ledger = open_ledger()
    ledger.append([taken("fits")])
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = path.stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, usual[1]))
    try:
        with pytest.raises(StorageUnavailableError):
            ledger.append([taken("does not fit")])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)

    ledger.append([taken("fits again")])
    assert texts(ledger) == ["fits", "fits again"]
    assert texts(open_ledger()) == ["fits", "fits again"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits other processes")
def test_message_is_not_answered_as_taken_when_the_disk_is_full() -> None:
    import resource  # noqa: PLC0415 - not there on Windows

    with Simulator() as simulator:
        resource.prlimit(simulator.pid, resource.RLIMIT_FSIZE, (0, -1))
        sms = send(simulator)
        with (
            smtplib.SMTP(simulator.smtp_host, simulator.smtp_port) as client,
            pytest.raises(smtplib.SMTPDataError) as mail,
        ):
            client.sendmail("a@example.com", ["b@example.com"], b"Subject: x\r\n\r\nx")
        resource.prlimit(simulator.pid, resource.RLIMIT_FSIZE, (-1, -1))

        assert (sms.status, mail.value.smtp_code) == (500, 452)
        assert simulator.ledger(accepted=None) == []
        assert send(simulator).status == 201
