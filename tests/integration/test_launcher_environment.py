"""The launcher's folder for real: built, kept, filled and rebuilt, without a network.

The requirements are empty lists, so that pip has nothing to fetch.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.errors import StartError
from app.launcher import environment, stamp
from app.launcher.environment import LOCK_NAME, ensure, python_of
from app.launcher.stamp import Stamp


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that was made once, from one whose Python an upgrade took away."""
    root = tmp_path_factory.mktemp("launcher")
    (root / ".venv" / "lib" / "of-old").mkdir(parents=True)
    (root / ".venv" / LOCK_NAME).touch()
    python = python_of(root / ".venv")
    python.parent.mkdir()
    if sys.platform != "win32":
        python.symlink_to("/nowhere/python3")
    stamp.write(root / ".venv", Stamp(python="3.11"))
    (root / "requirements.txt").write_text("# nothing\n")
    ensure(root / ".venv", requirements=root / "requirements.txt")
    return root


def test_folder_whose_python_is_gone_is_made_anew(made: Path) -> None:
    assert not (made / ".venv" / "lib" / "of-old").exists()
    assert python_of(made / ".venv").exists()


def test_folder_that_a_killed_start_left_is_not_kept(made: Path) -> None:
    folder = made / ".venv"
    whole = stamp.read(folder)
    assert whole is not None
    stamp.remove(folder)

    kept = environment._sound(folder, is_ours=True)

    stamp.write(folder, whole)
    assert kept is None
    assert environment._sound(folder, is_ours=True) == whole


def test_folder_that_somebody_made_by_hand_is_kept(
    made: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    theirs = made / ".venv" / "theirs"
    theirs.touch()
    (made / ".venv" / LOCK_NAME).unlink()
    stamp.remove(made / ".venv")

    ensure(made / ".venv", requirements=made / "requirements.txt")

    assert theirs.exists()
    assert "Making" not in capfd.readouterr().err


def test_folder_that_is_in_place_is_left_alone(
    made: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = (made / ".venv" / stamp.STAMP_NAME).stat().st_mtime_ns

    python = ensure(made / ".venv", requirements=made / "requirements.txt")

    assert python == python_of(made / ".venv")
    assert python.exists()
    assert before == (made / ".venv" / stamp.STAMP_NAME).stat().st_mtime_ns
    assert capfd.readouterr().err == ""


def test_changed_list_is_installed_into_the_same_folder(
    made: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    mine = made / ".venv" / "mine"
    mine.touch()
    (made / "requirements.txt").write_text("# nothing, changed\n")

    ensure(made / ".venv", requirements=made / "requirements.txt")

    said = capfd.readouterr().err
    assert "Installing requirements.txt" in said
    assert "Making" not in said
    assert mine.exists()


def test_list_that_cannot_be_installed_says_why_and_can_be_taken_back(
    made: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    requirements = made / "requirements.txt"
    good = requirements.read_text()
    requirements.write_text("--no-index\nbellhop-of-nowhere==1\n")

    with pytest.raises(StartError, match="No matching distribution") as failed:
        ensure(made / ".venv", requirements=requirements)
    requirements.write_text(good)
    capfd.readouterr()
    ensure(made / ".venv", requirements=requirements)

    assert str(failed.value).startswith("Bellhop could not install requirements.txt")
    assert "Making" not in capfd.readouterr().err


def test_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / ".venv").write_text("a file in the way")

    with pytest.raises(StartError, match="cannot write to"):
        ensure(tmp_path / ".venv", requirements=tmp_path / "requirements.txt")


def test_copy_of_bellhop_that_is_not_whole_is_one_sentence(made: Path) -> None:
    dev = made / "requirements-dev.txt"
    dev.write_text("-r of-nowhere.txt\n")

    with pytest.raises(StartError, match=r"of-nowhere\.txt is missing"):
        ensure(made / ".venv", requirements=dev)
