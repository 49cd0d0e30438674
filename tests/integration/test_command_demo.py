from __future__ import annotations

from pathlib import Path

import pytest

from app.runtime import Runtime
from tests.shell import Shell
from tests.valkey import free_port


@pytest.mark.parametrize("words", [("demo",), ("up", "--demo")])
def test_demo_never_sends_to_invented_people(
    shell: Shell, tmp_path: Path, words: tuple[str, ...]
) -> None:
    shell.set(TWILIO_ACCOUNT_SID="AC0", TWILIO_AUTH_TOKEN="geheim")
    shell.set(TWILIO_SMS_FROM="+14155550199", BELLHOP_PREVIEW="1")

    ran = shell(*words)

    assert ran.code == 1
    assert "customers are invented" in ran.err
    assert "sms would send to them for real" in ran.err
    assert not (tmp_path / "var").exists()


def test_box_that_never_ran_is_to_be_started_first(
    shell: Shell, tmp_path: Path
) -> None:
    ran = shell("demo")

    assert ran.code == 1
    assert "bellhop.py up" in ran.err
    assert not (tmp_path / "var").exists()


def test_box_that_does_not_run_is_to_be_started_first(
    shell: Shell, runtime: Runtime
) -> None:
    port = free_port()
    shell.set(BELLHOP_PORT=str(port))

    ran = shell("demo")

    assert ran.code == 1
    assert f"does not answer at http://127.0.0.1:{port}" in ran.err
    assert "bellhop.py up" in ran.err
    assert ran.out == ""
