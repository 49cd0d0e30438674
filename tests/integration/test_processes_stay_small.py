"""What each process of the box does without: a library loaded in vain costs megabytes.

Each runs as a process of its own; what is loaded there is asked at its end.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import make_runtime
from tests.postgres import about_sqlite, database_env

ROOT = Path(__file__).resolve().parents[2]
LOADED = "\nimport sys; print(*sys.modules)"
UP = """
from app.commands import up
from app.supervisor import migration, valkey
migration.migrate()
valkey.program()
"""
API = """
from app import config
from app.commands import api
from app.runtime import open_runtime
from app.web.app import create_app
create_app(open_runtime(config.load()))
"""
SCHEDULER = """
import scheduler
from app import config
from app.runtime import open_runtime
from app.services.leadership import Leadership
runtime = open_runtime(config.load())
scheduler.build(runtime, Leadership(runtime))
"""
WORKER = """
import worker
from app import config
from app.runtime import open_runtime
from app.services.opening import open_courier
open_courier(open_runtime(config.load()), boot_id="it", worker="main")
"""


def loaded_by(code: str, folder: Path) -> set[str]:
    """Return the modules that a process has loaded once it has run this code."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "BELLHOP_DATA_DIR": str(folder / "var"),
        **database_env(folder / "var"),
    }
    done = subprocess.run(
        [sys.executable, "-c", code + LOADED],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_up_loads_nothing_that_only_its_parts_need(tmp_path: Path) -> None:
    loaded = loaded_by(UP, tmp_path)

    assert "app.supervisor.box" in loaded
    assert not loaded & {"sqlalchemy", "alembic", "redis", "valkey", "babel"}
    assert not loaded & {"requests", "phonenumbers", "jinja2", "asyncio.events"}


def test_the_api_never_loads_what_migrates_sends_or_schedules(tmp_path: Path) -> None:
    make_runtime(tmp_path).close()

    loaded = loaded_by(API, tmp_path)

    assert "flask" in loaded
    assert not loaded & {"alembic", "dramatiq", "requests", "smtplib", "apscheduler"}


def test_the_scheduler_never_loads_what_migrates_sends_or_answers(
    tmp_path: Path,
) -> None:
    make_runtime(tmp_path).close()

    loaded = loaded_by(SCHEDULER, tmp_path)

    assert "apscheduler" in loaded
    assert not loaded & {"alembic", "dramatiq", "requests", "smtplib", "flask"}
    assert not loaded & {"phonenumbers", "jinja2"}


def test_the_worker_never_loads_what_migrates_answers_or_schedules(
    tmp_path: Path,
) -> None:
    make_runtime(tmp_path).close()

    loaded = loaded_by(WORKER, tmp_path)

    assert "dramatiq" in loaded
    assert not loaded & {"alembic", "flask", "apscheduler", "phonenumbers"}


@about_sqlite
@pytest.mark.parametrize("code", [API, SCHEDULER, WORKER])
def test_nobody_loads_what_only_postgresql_needs(code: str, tmp_path: Path) -> None:
    make_runtime(tmp_path).close()

    loaded = loaded_by(code, tmp_path)

    assert "sqlalchemy.dialects.sqlite.base" in loaded
    assert not loaded & {"sqlalchemy.dialects.postgresql", "psycopg"}
