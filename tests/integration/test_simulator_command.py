"""How the simulator starts, says so, and ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.http_client import call
from tests.simulator import Simulator

ROOT = Path(__file__).parent.parent.parent
ALONE = ("-m", "app.simulator")
COMMAND = ("-m", "app", "simulator")
FREE_PORTS = ("--http-port", "0", "--smtp-port", "0")

needs_signals = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows ends a process without a signal"
)


@contextmanager
def process(
    flags: Sequence[str], *, words: Sequence[str] = ALONE
) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, *words, *flags],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        try:
            yield started
        finally:
            started.kill()


def line_of(started: subprocess.Popen[str]) -> str:
    assert started.stdout is not None
    return started.stdout.readline()


@pytest.mark.parametrize("words", [ALONE, COMMAND])
def test_ready_line_tells_machines_where_it_listens(
    tmp_path: Path, words: Sequence[str]
) -> None:
    ledger = tmp_path / "ledger.jsonl"

    with process([*FREE_PORTS, "--ledger", str(ledger)], words=words) as started:
        ready = json.loads(line_of(started))
        health = call("GET", f"{ready['http']}/_simulator/health")

    assert ready.keys() == {"http", "smtp", "ledger"}
    assert ready["ledger"] == str(ledger)
    assert health.json["status"] == "ok"


def test_greeting_tells_people_what_to_put_into_env(tmp_path: Path) -> None:
    flags = [*FREE_PORTS, "--ledger", str(tmp_path / "l.jsonl"), "--human"]

    with process(flags, words=COMMAND) as started:
        lines = iter(lambda: line_of(started).strip(), "Ctrl-C ends it.")
        greeting = dict(line.split("=", 1) for line in lines if "=" in line)

    assert greeting["TWILIO_API_BASE"].startswith("http://127.0.0.1:")
    assert greeting["EMAIL_HOST"] == "127.0.0.1"
    assert int(greeting["EMAIL_PORT"]) > 0
    assert greeting["EMAIL_USE_TLS"] == "0"


def test_greeting_follows_the_flags_and_shows_no_secret(tmp_path: Path) -> None:
    certificate = str(ROOT / "tests" / "certificates" / "localhost.pem")
    flags = [*FREE_PORTS, "--ledger", str(tmp_path / "l.jsonl"), "--human"]
    flags += ["--smtp-tls-cert", certificate, "--smtp-user", "rosa"]
    flags += ["--smtp-password", "s3cret", "--twilio-account-sid", "AC1"]

    with process([*flags, "--twilio-auth-token", "t0ken"]) as started:
        lines = list(iter(lambda: line_of(started).strip(), "Ctrl-C ends it."))

    assert {"TWILIO_ACCOUNT_SID=AC1", "EMAIL_HOST_USER=rosa"} < set(lines)
    assert "EMAIL_USE_SSL=1" in lines
    assert not [line for line in lines if "s3cret" in line or "t0ken" in line]


def test_start_takes_less_than_a_second() -> None:
    before = time.monotonic()

    with Simulator():
        took = time.monotonic() - before

    assert took < 1


@needs_signals
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_signal_ends_it_cleanly(tmp_path: Path, name: str) -> None:
    with process([*FREE_PORTS, "--ledger", str(tmp_path / "l.jsonl")]) as started:
        line_of(started)
        started.send_signal(getattr(signal, name))
        _, complaints = started.communicate(timeout=5)

    assert (started.returncode, complaints) == (0, "")


def test_end_of_the_parents_pipe_ends_it(tmp_path: Path) -> None:
    flags = [*FREE_PORTS, "--ledger", str(tmp_path / "l.jsonl"), "--exit-on-eof"]

    with process(flags) as started:
        line_of(started)
        _, complaints = started.communicate(timeout=5)  # closes its standard input

    assert (started.returncode, complaints) == (0, "")


@needs_signals
def test_open_connections_do_not_keep_it_from_ending() -> None:
    with Simulator() as simulator:
        place = simulator.http.removeprefix("http://").split(":")
        with (
            socket.create_connection((place[0], int(place[1]))),
            socket.create_connection((simulator.smtp_host, simulator.smtp_port)),
        ):
            assert simulator.stop() == 0


@pytest.mark.parametrize("words", [ALONE, COMMAND])
def test_taken_port_is_one_sentence_and_an_exit_code(
    tmp_path: Path, words: Sequence[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        flags = ["--http-port", port, "--ledger", str(tmp_path / "l.jsonl")]
        with process(flags, words=words) as started:
            printed, complaint = started.communicate(timeout=5)

    assert (started.returncode, printed) == (1, "")
    assert f"Port {port} cannot be had" in complaint
    assert len(complaint.splitlines()) == 1


@pytest.mark.parametrize("flag", ["--smtp-starttls-cert", "--smtp-tls-cert"])
def test_certificate_that_is_none_is_one_sentence_and_an_exit_code(
    tmp_path: Path, flag: str
) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    flags = [*FREE_PORTS, "--ledger", str(tmp_path / "l.jsonl"), flag, str(wrong)]

    with process(flags) as started:
        printed, complaint = started.communicate(timeout=5)

    assert (started.returncode, printed) == (1, "")
    assert "wrong.pem cannot be used" in complaint
    assert len(complaint.splitlines()) == 1


def test_helper_says_so_when_it_does_not_start() -> None:
    with (
        pytest.raises(AssertionError, match="ended with code 2"),
        Simulator(flags=["--no-such-flag"]),
    ):
        pass
