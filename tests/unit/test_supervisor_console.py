from __future__ import annotations

import io
import logging
import os
import threading

import pytest

from app.supervisor.console import WAITING_LINES, Console, log_to


def test_every_line_carries_the_name_of_its_part() -> None:
    stream = io.StringIO()
    console = Console(stream, in_color=False)

    console.line("api", "Listening")
    console.line("scheduler", "Released")
    console.close()

    assert stream.getvalue() == "api       | Listening\nscheduler | Released\n"


def test_each_part_keeps_its_colour() -> None:
    stream = io.StringIO()
    console = Console(stream, in_color=True)

    for name in ("api", "worker", "api"):
        console.line(name, "x")
    console.close()

    first, second, third = stream.getvalue().splitlines()
    assert first == third
    assert first.startswith("\033[36mapi")
    assert second.startswith("\033[32mworker")


def test_own_log_lines_appear_among_the_others() -> None:
    stream = io.StringIO()
    console = Console(stream, in_color=False)
    root = logging.getLogger()
    handler = logging.StreamHandler()
    root.addHandler(handler)
    try:
        log_to(console)
        logging.getLogger("app.supervisor").warning("first\nsecond")
    finally:
        root.removeHandler(handler)
    console.close()

    assert stream.getvalue() == "up        | first\nup        | second\n"


def test_terminal_that_stands_still_makes_nobody_wait() -> None:
    standing_still = _Slow()
    console = Console(standing_still, in_color=False)

    for _ in range(WAITING_LINES + 100):
        console.line("api", "x")
    standing_still.goes_on.set()
    console.close()

    assert "lines dropped" in standing_still.getvalue()


@pytest.mark.skipif(os.name == "nt", reason="a pipe's end is told otherwise there")
def test_reader_that_went_away_disturbs_nobody() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    console = Console(stream, in_color=False)

    console.line("api", "x")
    console.line("api", "y")
    console.close()

    with pytest.raises(BrokenPipeError):
        stream.close()


class _Slow(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.goes_on = threading.Event()

    def write(self, text: str) -> int:
        self.goes_on.wait(10)
        return super().write(text)
