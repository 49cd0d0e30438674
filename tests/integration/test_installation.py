"""What a box makes for itself: its folder, and secrets that are made once."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.config import Settings
from app.errors import StartError
from app.installation import first_api_key, make_data_dir, secret_key
from tests.house import make_settings

ROOT = Path(__file__).resolve().parents[2]

#: Prints the box's secret key, together with all who are told to at the same moment.
ASKER = """
import sys
from pathlib import Path
from app import config
from app.installation import secret_key
settings = config.load({"BELLHOP_DATA_DIR": sys.argv[1]}, dotenv=Path("none"))
print("ready", flush=True)
sys.stdin.readline()
kept = secret_key(settings)
print(kept.value, kept.is_new)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    given = {"BELLHOP_API_KEY": "", "BELLHOP_SECRET_KEY": ""}
    made = make_settings(tmp_path, **given)
    make_data_dir(made)
    return made


def test_a_secret_is_made_once_and_kept(settings: Settings) -> None:
    first, second = secret_key(settings), secret_key(settings)

    assert (first.is_new, second.is_new) == (True, False)
    assert first.value == second.value
    assert len(first.value) >= 43  # 32 random bytes in base64


def test_each_secret_is_another_one(settings: Settings) -> None:
    assert secret_key(settings).value != first_api_key(settings).value


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_owner_can_read_a_secret(settings: Settings) -> None:
    secret_key(settings)

    file = settings.data_dir / "secret_key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_secret_that_is_set_wins_and_is_not_kept(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, BELLHOP_SECRET_KEY="mine" * 10)
    make_data_dir(settings)

    kept = secret_key(settings)

    assert (kept.value, kept.is_new) == ("mine" * 10, False)
    assert not (settings.data_dir / "secret_key").exists()


def test_two_processes_that_start_at_once_agree_on_a_secret(
    settings: Settings,
) -> None:
    command = [sys.executable, "-c", ASKER, str(settings.data_dir)]
    askers = [
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for asker in askers:
        assert asker.stdout is not None
        assert asker.stdout.readline() == "ready\n"
    for asker in askers:
        assert asker.stdin is not None
        asker.stdin.write("now\n")
        asker.stdin.flush()

    answers = [asker.communicate()[0].split() for asker in askers]

    assert len({value for value, _ in answers}) == 1
    assert [is_new for _, is_new in answers].count("True") == 1
    assert [p.name for p in settings.data_dir.glob(".*")] == []


def test_an_empty_secret_never_signs_anything(settings: Settings) -> None:
    # A power cut right after the first start may leave a file of no bytes.
    file = settings.data_dir / "secret_key"
    file.write_text("\n", encoding="ascii")

    with pytest.raises(StartError, match="secret_key is empty"):
        secret_key(settings)


def test_what_a_cut_start_left_behind_is_in_nobodys_way(settings: Settings) -> None:
    draft = settings.data_dir / f".secret_key.{os.getpid()}"
    draft.write_text("half", encoding="ascii")

    assert secret_key(settings).is_new
    assert not draft.exists()


def test_a_folder_that_cannot_be_written_is_one_clear_sentence(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    settings = make_settings(tmp_path, BELLHOP_DATA_DIR=str(in_the_way / "var"))

    with pytest.raises(StartError, match="cannot write to its data directory") as told:
        make_data_dir(settings)

    assert str(in_the_way / "var") in str(told.value)
    assert "BELLHOP_DATA_DIR" in str(told.value)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_the_folder_is_the_owners_alone(settings: Settings) -> None:
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700
