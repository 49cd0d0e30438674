"""`chaos` as a person calls it: the proof, its exit code, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.chaos.scratch import DATABASE
from tests.branch import USUAL_SERVER, require_postgresql
from tests.rabbit import Rabbit
from tests.waiting import wait_until

if sys.platform == "win32":
    pytest.skip("needs signals and the embedded server", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
#: Seconds for what takes less than a minute on an idle machine.
PROOF_WITHIN_S = 300
SOON_S = 60


@contextmanager
def chaos(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command with its scratch folder inside this one."""
    command = [sys.executable, "-m", "app", "chaos", *words]
    env = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
    # A database of one's own would be broken together with the box.
    env |= {"DATABASE_URL": "sqlite:////nowhere", "REDIS_URL": "redis://nowhere"}
    with subprocess.Popen(
        command,
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def left_running(folder: Path) -> list[str]:
    """Return the commands of processes that work in this folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if (place / "cwd").readlink().is_relative_to(folder):
                found.append((place / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # ended just now, or another user's
    return found


@pytest.mark.timeout(PROOF_WITHIN_S)
def test_nothing_is_lost_and_nothing_doubled_but_where_a_kill_left_it_open(
    tmp_path: Path,
) -> None:
    with chaos(tmp_path, "--quick", "--json") as running:
        printed, said = running.communicate(timeout=PROOF_WITHIN_S)

    ledger = json.loads(printed)
    assert ledger["kept"], f"{printed}\n{said}"
    assert running.returncode == 0
    assert (ledger["planned"], ledger["lost"]) == (100, 0)
    assert ledger["kills"] == 20
    assert ledger["doubled"]["with_look_up"] == 0
    inside = ledger["kills_inside_the_window"]
    assert ledger["doubled"]["without"] <= inside["without"]
    assert inside["without"] + inside["with_look_up"] > 0
    assert len(ledger["troubles"]) == 6
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(PROOF_WITHIN_S)
def test_it_holds_on_postgresql_and_rabbitmq_and_leaves_nothing_there(
    tmp_path: Path,
) -> None:
    require_postgresql()
    with Rabbit() as rabbit:
        engines = ("--database-url", USUAL_SERVER, "--broker-url", rabbit.direct_url)
        size = ("--messages", "60", "--kills", "12")
        with chaos(tmp_path, *size, "--json", *engines) as running:
            printed, said = running.communicate(timeout=PROOF_WITHIN_S)

    ledger = json.loads(printed)
    assert ledger["kept"], f"{printed}\n{said}"
    assert running.returncode == 0
    assert (ledger["planned"], ledger["lost"]) == (60, 0)
    assert ledger["troubles"]["connections to the database cut"] == 1
    assert list(tmp_path.iterdir()) == []
    (database,) = re.findall(rf"{DATABASE}\w+", said)
    url = sa.make_url(USUAL_SERVER).set(database=database)
    with pytest.raises(sa.exc.OperationalError, match="does not exist"):
        sa.create_engine(url).connect()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc here")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_broken_off_leaves_no_process_behind(
    tmp_path: Path, number: signal.Signals
) -> None:
    with chaos(tmp_path, "--messages", "40", "--kills", "30") as running:
        assert running.stderr is not None
        said = iter(running.stderr.readline, "")
        assert any("kills," in line for line in said), "no kill in all the run"
        assert left_running(tmp_path / next(tmp_path.iterdir()))

        running.send_signal(number)
        running.communicate(timeout=SOON_S)

    wait_until(
        lambda: len(left_running(tmp_path)) == 0, within_s=SOON_S, what="all has ended"
    )
    is_clean = number is not signal.SIGKILL
    assert list(tmp_path.iterdir()) == [] or not is_clean


def test_impossible_numbers_are_refused(tmp_path: Path) -> None:
    with chaos(tmp_path, "--kills", "0") as running:
        _, said = running.communicate(timeout=SOON_S)

    assert running.returncode == 2
    assert "at least one is needed" in said
