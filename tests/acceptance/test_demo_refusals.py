"""The demo against a box that sends for real, or that does not work: it stops."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.commands import demo, demo_story
from app.errors import BellhopError
from app.services import keys
from app.services.keys import Scope
from tests.box import Box

if sys.platform == "win32":
    pytest.skip("needs signals", allow_module_level=True)


def fresh_key(box: Box) -> str:
    """Make a key with which nobody has played the demo."""
    key, _ = keys.create(box.runtime, name="demo", scope=Scope.ADMIN)
    return key


def test_box_that_sends_for_real_after_all_gets_no_second_act(
    box: Box, tmp_path: Path
) -> None:
    with pytest.raises(BellhopError, match="sends for real"):
        demo.run_against(box.url, fresh_key(box), outbox=tmp_path)

    recipients = {entry["recipient"] for entry in box.simulator.ledger()}
    assert recipients == {"+12025550123", "alice@example.com"}


def test_messages_that_do_not_leave_end_the_demo_with_advice(
    box: Box,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(demo_story, "SENT_WITHIN_S", 0.2)
    box.worker.kill()

    code = demo.run_against(box.url, fresh_key(box), outbox=tmp_path)

    told = capsys.readouterr().out
    assert code == 1
    assert "Messages have not left within" in told
    assert "bellhop.py doctor" in told
    assert "María" not in told


def test_key_of_another_box_is_refused_in_plain_words(box: Box, tmp_path: Path) -> None:
    with pytest.raises(BellhopError, match="does not know this directory's API key"):
        demo.run_against(box.url, "bh_another", outbox=tmp_path)
