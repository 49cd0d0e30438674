"""One task of one's own while it runs: results, errors, time limits, reports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.gate import Refusal
from app.domain.outcomes import Result
from app.errors import StorageUnavailableError, TimeLimit
from app.services import running
from app.services.running import LONGEST_REASON
from app.storage import own_tasks
from app.work import Fatal, Retry, SoftTimeLimit, current_task, report
from tests.own import Shed, open_shed
from tests.own_kinds import obey, orders, raising


class Speechless(Exception):  # noqa: N818 - named for what it is
    """An error of whose words only another error comes."""

    def __str__(self) -> str:
        raise SystemExit("no words")


class SpeechlessRetry(Speechless, Retry):
    """Wants to be tried again."""


class SpeechlessFatal(Speechless, Fatal):
    """Wants to be the end."""


@pytest.fixture(name="shed")
def shed_of_the_house(tmp_path: Path) -> Iterator[Shed]:
    with open_shed(tmp_path) as shed:
        yield shed


def test_a_task_keeps_what_its_function_returned(shed: Shed) -> None:
    task_id = obey.enqueue("hello")

    shed.work()

    assert shed.status(task_id) == "sent"
    assert shed.row(task_id)["result"] == "hello"
    assert shed.row(task_id)["finished_at"] == shed.clock.now


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (Retry("busy"), "retrying", "busy"),
        (Retry(), "retrying", "It asked to be tried again."),
        (LookupError("not yet"), "retrying", "LookupError: not yet"),
        (IndexError("not yet"), "retrying", "IndexError: not yet"),
        (OSError("line one\nline two"), "retrying", "OSError: line one"),
        (SoftTimeLimit(), "retrying", "It ran longer than its time limit."),
        (TimeLimit(), "retrying", "It ran longer than its time limit."),
        (Fatal("the album is gone"), "dead", "the album is gone"),
        (Fatal("a\x00b\ud800\x1b[31m"), "dead", "a b  [31m"),
        (Fatal(), "dead", "Fatal"),
        (KeyError("x"), "dead", "KeyError: 'x'"),
        # As `sys.exit` of somebody's library does.
        (SystemExit(2), "retrying", "SystemExit: 2"),
        (SystemExit(), "retrying", "SystemExit"),
        (KeyboardInterrupt(), "retrying", "KeyboardInterrupt"),
        (GeneratorExit(), "retrying", "GeneratorExit"),
        (Speechless(), "retrying", "Speechless"),
        (SpeechlessRetry(), "retrying", "SpeechlessRetry"),
        (SpeechlessFatal(), "dead", "SpeechlessFatal"),
    ],
    ids=repr,
)
def test_what_a_function_raises_decides_what_follows(
    shed: Shed, error: BaseException, status: str, reason: str
) -> None:
    task_id = obey.enqueue()
    orders.append(raising(error))

    shed.work()

    assert shed.status(task_id) == status
    assert shed.row(task_id)["reason"] == reason


def test_long_words_of_an_error_are_cut(shed: Shed) -> None:
    task_id = obey.enqueue()
    orders.append(raising(Fatal("x" * 1000)))

    shed.work()

    assert len(shed.row(task_id)["reason"]) == LONGEST_REASON


def test_a_task_is_retried_as_its_kind_says(shed: Shed) -> None:
    task_id = obey.enqueue("done")
    orders.extend([raising(OSError()), lambda: "second"])

    shed.work()
    shed.clock.advance(seconds=72)
    shed.work()

    assert shed.row(task_id)["result"] == "second"
    assert shed.row(task_id)["attempts"] == 2


def test_a_kind_with_one_retry_fails_after_it(shed: Shed) -> None:
    task_id = obey.enqueue()
    orders.extend([raising(OSError()), raising(OSError())])

    shed.work()
    shed.clock.advance(seconds=72)
    shed.work()

    assert shed.status(task_id) == "failed"


def test_a_task_may_say_when_it_wants_to_be_tried_again(shed: Shed) -> None:
    task_id = obey.enqueue()
    orders.append(raising(Retry("busy", after="10m")))

    shed.work()

    in_ten_minutes = shed.clock.now + timedelta(minutes=10)
    assert shed.row(task_id)["next_attempt_at"] == in_ten_minutes


@pytest.mark.parametrize("after", ["ten minutes", timedelta.max], ids=str)
def test_a_slip_in_a_retry_is_no_reason_to_die(
    shed: Shed, after: str | timedelta
) -> None:
    task_id = obey.enqueue()
    orders.append(raising(Retry("busy", after=after)))

    shed.work()

    assert shed.status(task_id) == "retrying"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (object(), "what it returned cannot be kept as JSON"),
        ("x" * 40_000, "what it returned is larger than 32 KiB"),
    ],
    ids=["no JSON", "too large"],
)
def test_a_result_that_cannot_be_kept_makes_the_task_dead(
    shed: Shed, value: Any, words: str
) -> None:
    task_id = obey.enqueue()
    orders.append(lambda: value)

    shed.work()

    assert shed.status(task_id) == "dead"
    assert words in shed.row(task_id)["reason"]


def test_what_a_function_did_not_foresee_is_in_the_log(
    shed: Shed, caplog: pytest.LogCaptureFixture
) -> None:
    obey.enqueue()
    orders.append(raising(ZeroDivisionError("oh")))

    shed.work()

    (record,) = [r for r in caplog.records if r.message == "Task raised an error"]
    assert record.exc_info is not None


def test_a_function_that_handles_its_soft_limit_is_done(shed: Shed) -> None:
    def cleans_up() -> str:
        try:
            raising(SoftTimeLimit())()
        except SoftTimeLimit:
            return "half of it"
        return "all of it"

    task_id = obey.enqueue()
    orders.append(cleans_up)

    shed.work()

    assert shed.row(task_id)["result"] == "half of it"


def test_a_function_knows_its_task_and_reports(shed: Shed) -> None:
    seen: list[Any] = []

    def reports() -> None:
        seen.append(current_task())
        report(1, 3)
        report(2, 3, "two\x00of\ud800three")

    task_id = obey.enqueue()
    orders.append(reports)

    shed.work()

    assert (seen[0].id, seen[0].kind, seen[0].attempt) == (task_id, "obey", 1)
    assert shed.row(task_id)["progress"] == {
        "done": 2,
        "total": 3,
        "note": "two of three",
    }
    assert current_task() is None


def test_a_report_is_seen_while_the_function_runs(
    shed: Shed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "REPORT_EVERY_S", 0)
    seen: list[Any] = []

    def reports() -> None:
        report(1, 3)
        seen.append(shed.row(task_id)["progress"])

    task_id = obey.enqueue()
    orders.append(reports)

    shed.work()

    assert seen == [{"done": 1, "total": 3, "note": ""}]


def test_a_report_that_cannot_be_kept_does_not_hurt(
    shed: Shed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "REPORT_EVERY_S", 0)

    def is_away(*_anything: object) -> None:
        raise StorageUnavailableError("The disk is full.")

    def reports() -> str:
        report(1)
        return "done"

    monkeypatch.setattr(own_tasks, "keep_progress", is_away)
    task_id = obey.enqueue()
    orders.append(reports)

    shed.work()

    assert shed.row(task_id)["result"] == "done"


def test_results_are_the_outcome_of_accepted_runs(shed: Shed) -> None:
    prepared = running.prepare(shed.runtime, shed.row(obey.enqueue("x")))
    assert not isinstance(prepared, Refusal)

    ran = running.run(prepared, attempt=1)

    assert (ran.outcome.result, ran.result) == (Result.ACCEPTED, "x")


@pytest.mark.parametrize("word", ["\x00", "\U0001f9d8", "'", '"\\', "\u2028", 2**70])
def test_any_word_comes_and_goes_unchanged(shed: Shed, word: Any) -> None:
    task_id = obey.enqueue("x" if isinstance(word, int) else word)
    if isinstance(word, int):
        orders.append(lambda: word)

    shed.work()

    assert shed.row(task_id)["result"] == word


def test_progress_is_told_in_numbers(shed: Shed) -> None:
    task_id = obey.enqueue()
    orders.append(lambda: report(float("nan")))

    shed.work()

    reason = "ValueError: report() takes numbers, not nan"
    assert shed.row(task_id)["reason"] == reason
