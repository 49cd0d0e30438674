"""What mail servers send back becomes receipts; anything else becomes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channels.bounces import MOST_BYTES, read_bounce
from app.domain.outcomes import Result
from app.domain.receipts import Stage
from tests.bouncing import bounce


@pytest.mark.parametrize(
    ("status", "result", "reason"),
    [
        ("5.1.1", Result.PERMANENT_RECIPIENT, "does not exist"),
        ("5.1.10", Result.PERMANENT_RECIPIENT, "does not exist"),
        ("5.2.1", Result.PERMANENT_RECIPIENT, "switched off"),
        ("5.2.2", Result.TRANSIENT, "full"),
        ("5.2.3", Result.PERMANENT_CONTENT, "too big"),
        ("5.7.1", Result.CONFIG, "refuses mail from us"),
        ("5.7.26", Result.CONFIG, "SPF"),
        ("5.9.9", Result.TRANSIENT, "came back"),
        ("4.1.1", Result.TRANSIENT, "tried for long"),
        ("nonsense", Result.TRANSIENT, "came back"),
    ],
)
def test_a_bounce_tells_why_the_email_did_not_arrive(
    status: str, result: Result, reason: str
) -> None:
    (receipt,) = read_bounce(bounce("n-1", status=status))

    assert receipt.stage is Stage.FAILED
    assert receipt.result is result
    assert reason in receipt.reason
    assert receipt.key == "n-1"
    assert receipt.provider_message_id == "<n-1@example.com>"
    assert receipt.code == (status if status != "nonsense" else "")


@pytest.mark.parametrize(
    ("action", "stage"),
    [
        ("delayed", Stage.TAKEN),
        ("relayed", Stage.TAKEN),
        ("delivered", Stage.DELIVERED),
        ("Failed", Stage.FAILED),
    ],
)
def test_reports_of_what_is_under_way_are_no_failures(
    action: str, stage: Stage
) -> None:
    (receipt,) = read_bounce(bounce("n-1", action=action, status="4.0.0"))

    assert receipt.stage is stage


def test_headers_alone_are_enough() -> None:
    (receipt,) = read_bounce(bounce("a/b", quoted="text/rfc822-headers"))

    assert receipt.key == "a/b"


@pytest.mark.parametrize("charset", ["nonsense", "x-\xff", '"utf-7\0"'])
def test_a_charset_that_nobody_knows_hides_no_message(charset: str) -> None:
    quoted = f"text/rfc822-headers; charset={charset}"

    (receipt,) = read_bounce(bounce("n-1", quoted=quoted))

    assert receipt.key == "n-1"


_ODD = st.binary(max_size=8) | st.sampled_from([b"=?", b"<", b'"', b"\r\n", b";", b"@"])


@given(
    st.lists(
        st.tuples(st.integers(0, 1200), st.integers(0, 30), _ODD),
        min_size=1,
        max_size=6,
    )
)
def test_no_report_is_so_strange_that_reading_it_fails(
    changes: list[tuple[int, int, bytes]],
) -> None:
    content = bounce("n-1")
    for place, length, odd in changes:
        content = content[:place] + odd + content[place + length :]

    for receipt in read_bounce(content):
        assert receipt.stage in Stage


def test_the_same_bounce_is_the_same_event() -> None:
    first, again = (read_bounce(bounce("n-1"))[0] for _ in range(2))

    assert first.event_id == again.event_id
    assert first.event_id != read_bounce(bounce("n-2"))[0].event_id


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\x00 no e-mail at all",
        b"Subject: Hello\n\nWhen do you open?\n",
        bounce("n-1", report="disposition-notification"),
        bounce("n-1", action="thought-about"),
        bounce("n-1").replace(b"Message-ID: <n-1@", b"X-Message-ID: <n-1@"),
        bounce("n-1")[:300],
        b"Content-Type: multipart/report; boundary=B\n\n--B\n" * 50,
    ],
    ids=[
        "nothing",
        "bytes",
        "letter",
        "read",
        "no action",
        "nameless",
        "cut",
        "nested",
    ],
)
def test_what_is_no_bounce_of_ours_tells_nothing(content: bytes) -> None:
    assert read_bounce(content) == []


_WRAPPED = b"Content-Type: message/rfc822\n\n"
_NESTED = b"Content-Type: multipart/mixed; boundary=B%d\n\n--B%d\n"


@pytest.mark.parametrize(
    "parts",
    [_WRAPPED * 5000, b"".join(_NESTED % (level, level) for level in range(5000))],
    ids=["letters", "parts"],
)
def test_whoever_nests_a_report_without_end_is_not_read(parts: bytes) -> None:
    start = b"Content-Type: multipart/report; boundary=B\n\n--B\n"

    assert read_bounce(start + parts + bounce("n-1")) == []


@pytest.mark.parametrize("odd", ["%00", "n\0", "%0A", "n%1B"])
def test_a_name_that_no_message_of_ours_has_is_not_looked_for(odd: str) -> None:
    # PostgreSQL takes no text that holds a zero.
    content = bounce("n-1").replace(b"<n-1@", f"<{odd}@".encode())

    assert read_bounce(content) == []


def test_a_bounce_that_quotes_a_big_email_is_read_all_the_same() -> None:
    big = bounce("n-1").replace(b"See you", b"See you " * MOST_BYTES)

    (receipt,) = read_bounce(big)

    assert receipt.stage is Stage.FAILED
