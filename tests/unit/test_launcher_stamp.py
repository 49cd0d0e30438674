from __future__ import annotations

from pathlib import Path

import pytest

from app.launcher import stamp
from app.launcher.stamp import Stamp


@pytest.fixture
def lists(tmp_path: Path) -> tuple[Path, Path]:
    """A requirements file, and one for developers that includes it."""
    plain = tmp_path / "requirements.txt"
    plain.write_text("flask==3.1.3\n")
    dev = tmp_path / "requirements-dev.txt"
    dev.write_text("-r requirements.txt\npytest==9.2.0\n")
    return plain, dev


def test_list_that_was_installed_is_known_again(lists: tuple[Path, Path]) -> None:
    plain, dev = lists

    made = Stamp(python="3.11").with_list(plain)

    assert made.has(plain)
    assert not made.has(dev)


def test_both_lists_stay_known_beside_each_other(lists: tuple[Path, Path]) -> None:
    plain, dev = lists

    made = Stamp(python="3.11").with_list(plain).with_list(dev)

    assert made.has(plain)
    assert made.has(dev)


def test_change_in_a_list_is_seen(lists: tuple[Path, Path]) -> None:
    plain, _dev = lists
    made = Stamp(python="3.11").with_list(plain)

    plain.write_text("flask==3.1.4\n")

    assert not made.has(plain)


def test_change_in_an_included_list_is_seen(lists: tuple[Path, Path]) -> None:
    plain, dev = lists
    made = Stamp(python="3.11").with_list(dev)

    plain.write_text("flask==3.1.4\n")

    assert not made.has(dev)


def test_stamp_is_read_as_it_was_written(
    tmp_path: Path, lists: tuple[Path, Path]
) -> None:
    made = Stamp(python="3.12").with_list(lists[0])

    stamp.write(tmp_path, made)

    assert stamp.read(tmp_path) == made


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"python": "3.11"}'])
def test_torn_stamp_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / stamp.STAMP_NAME).write_text(text)

    assert stamp.read(tmp_path) is None


def test_removed_stamp_leaves_a_half_made_folder(tmp_path: Path) -> None:
    stamp.write(tmp_path, Stamp(python="3.11"))

    stamp.remove(tmp_path)
    stamp.remove(tmp_path)

    assert stamp.read(tmp_path) is None
