from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from app.commands.printing import counted, say_json, second, table


def test_columns_stand_below_their_headings() -> None:
    printed = table(("ID", "WHY"), [("1", "it was late"), ("1000", "")])

    assert printed == "ID    WHY\n1     it was late\n1000"


def test_cell_cannot_steer_the_terminal() -> None:
    printed = table(("WHY",), [("red \x1b[31m and\nbelow",)])

    assert printed == "WHY\nred  [31m and below"


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 keys"), (1, "1 key"), (2, "2 keys")]
)
def test_things_are_counted_as_people_do(number: int, expected: str) -> None:
    assert counted(number, "key") == expected


def test_times_are_printed_to_the_second() -> None:
    assert second(datetime(2026, 5, 22, 14, 30, 1, 999, UTC)) == "2026-05-22 14:30:01"
    assert second(None) == "-"


def test_json_has_times_as_the_api_writes_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say_json({"at": datetime(2026, 5, 22, 14, 30, tzinfo=UTC), "name": "María"})

    printed = capsys.readouterr().out
    assert json.loads(printed) == {"at": "2026-05-22T14:30:00Z", "name": "María"}


@pytest.mark.skipif(
    sys.platform == "win32", reason="Windows tells it as any other error"
)
def test_reader_that_goes_away_is_no_error() -> None:
    code = "from app.commands.printing import say\nfor _ in range(9999): say('x' * 99)"

    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        complaint = process.stderr.read()

    assert complaint == b""
