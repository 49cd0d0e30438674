from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.held_file import HeldFile


def test_file_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    with HeldFile(tmp_path / "lock") as first, HeldFile(tmp_path / "lock") as second:
        assert first.try_hold()
        assert not second.try_hold()
        assert not second.hold(within_s=0.1)


def test_closed_file_is_free_again(tmp_path: Path) -> None:
    with HeldFile(tmp_path / "lock") as first:
        first.try_hold()

    with HeldFile(tmp_path / "lock") as second:
        assert second.hold(within_s=0)


def test_note_of_the_holder_can_be_read_by_others(tmp_path: Path) -> None:
    with HeldFile(tmp_path / "lock") as first, HeldFile(tmp_path / "lock") as second:
        first.try_hold()
        first.write_note("a long note of the one before")
        first.write_note("process 7")

        assert second.read_note() == "process 7"


@pytest.mark.skipif(sys.platform == "win32", reason="files are not inherited there")
def test_child_that_was_given_the_file_holds_it_until_its_end(tmp_path: Path) -> None:
    with HeldFile(tmp_path / "lock") as held:
        held.try_hold()
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", "import sys; sys.stdin.read()"],
            stdin=subprocess.PIPE,
            pass_fds=(held.fileno(),),
        )

    with HeldFile(tmp_path / "lock") as other:
        was_free = other.try_hold()
        child.communicate()

        assert not was_free
        assert other.hold(within_s=5)
