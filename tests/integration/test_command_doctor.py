"""`doctor` as a whole; what its checks find is in `test_doctor_*.py`."""

from __future__ import annotations

from pathlib import Path

from app.runtime import Runtime
from tests.postgres import about_sqlite
from tests.shell import Shell


def test_before_the_first_start_the_first_step_is_told(
    shell: Shell, tmp_path: Path
) -> None:
    ran = shell("doctor")

    assert ran.code == 1
    assert "BROKEN   There is no data directory" in ran.out
    assert str(tmp_path / "var") in ran.out
    assert "python3 bellhop.py up" in ran.out
    assert "1 thing is broken" in ran.out
    assert not (tmp_path / "var").exists()


def test_preview_is_loud(shell: Shell) -> None:
    ran = shell("doctor")

    assert "WARNING  PREVIEW: sms, whatsapp and email" in ran.out
    assert "NOTHING REACHES A CUSTOMER" in ran.out


def test_box_that_does_not_run_is_told_part_by_part(
    shell: Shell, runtime: Runtime
) -> None:
    ran = shell("doctor", "--json")

    levels = {f["check"]: f["level"] for f in ran.json["findings"]}
    assert ran.code == 1
    assert ran.json["ok"] is False
    assert levels["database"] == levels["data_dir"] == levels["waiting"] == "ok"
    assert levels["api"] == levels["workers"] == levels["scheduler"] == "broken"
    assert levels["queue"] == levels["channels"] == "warning"


def test_every_trouble_says_what_it_means_or_what_to_do(
    shell: Shell, runtime: Runtime
) -> None:
    findings = shell("doctor", "--json").json["findings"]

    loud = [f for f in findings if f["level"] in ("warning", "broken")]
    assert len(loud) >= 5
    assert all(f["consequence"] and f["advice"] for f in loud)


def test_settings_that_stop_the_start_are_all_told(shell: Shell) -> None:
    shell.set(BELLHOP_PORT="eight", BELLHOP_TIMEZONE="Mars")

    ran = shell("doctor")

    assert ran.code == 1
    assert "BROKEN   BELLHOP_PORT:" in ran.out
    assert "BROKEN   BELLHOP_TIMEZONE:" in ran.out


def test_policy_that_cannot_be_read_does_not_hide_the_rest(
    shell: Shell, runtime: Runtime, tmp_path: Path
) -> None:
    (tmp_path / "bellhop.toml").write_text("[queues.smss]\npriority = 1\n")

    ran = shell("doctor")

    assert ran.code == 1
    assert "queues.smss" in ran.out
    assert "The database is whole" in ran.out


@about_sqlite
def test_database_that_is_none_does_not_hide_the_rest(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "bellhop.db").write_bytes(b"no database at all" * 1000)

    ran = shell("doctor")

    assert ran.code == 1
    assert "file is not a database" in ran.out
    assert "The API does not answer" in ran.out


def test_a_database_out_of_reach_does_not_hide_the_rest(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "var").mkdir()
    shell.set(DATABASE_URL="postgresql+psycopg://127.0.0.1:1/bellhop")

    ran = shell("doctor")

    assert ran.code == 1
    assert "The API does not answer" in ran.out


def test_commands_in_advice_are_never_broken_over_lines(
    shell: Shell, runtime: Runtime
) -> None:
    ran = shell("doctor")

    assert all(line.count("`") % 2 == 0 for line in ran.out.splitlines())
    assert all(len(line) <= 88 for line in ran.out.splitlines())
