"""How `up` brings the database forward: by the command `migrate`, run beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from app.errors import StartError, StorageUnavailableError
from app.storage.database import Database
from app.storage.migrate import check_migrated
from app.supervisor import migration
from tests.house import make_runtime
from tests.postgres import database_env, empty_database

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("BELLHOP_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for name, value in database_env(tmp_path / "var").items():
        monkeypatch.setenv(name, value)


def test_a_new_database_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = empty_database(tmp_path / "var" / "bellhop.db")
    monkeypatch.setenv("DATABASE_URL", url)

    migration.migrate()

    database = Database(url)
    check_migrated(database)
    database.close()


def test_a_database_of_a_newer_bellhop_is_named_in_the_same_sentence(
    tmp_path: Path,
) -> None:
    with make_runtime(tmp_path) as runtime, runtime.database.write() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(
        StorageUnavailableError, match=r"\AThe database was made by a newer Bellhop"
    ):
        migration.migrate()


def test_what_no_sentence_tells_is_shown_as_it_was_said(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BELLHOP_PORT=none")

    with pytest.raises(StartError, match="BELLHOP_PORT"):
        migration.migrate()
