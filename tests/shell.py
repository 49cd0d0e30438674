"""The operator's commands as tests call them: here, in a folder of their own.

Everything is real but the process; what ends there (argparse's errors) ends here too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.__main__ import main
from app.config import names
from tests.house import ADMIN_KEY, SECRET_KEY
from tests.postgres import database_env


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.out)


class Shell:
    """`shell("keys", "list")` runs a command in the test's folder."""

    def __init__(
        self,
        directory: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.chdir(directory)
        for name in names():
            monkeypatch.delenv(name, raising=False)
        self.set(BELLHOP_API_KEY=ADMIN_KEY, BELLHOP_SECRET_KEY=SECRET_KEY)
        self.set(**database_env(directory / "var"))

    def set(self, **env: str) -> None:
        """Set environment variables for the commands that follow."""
        for name, value in env.items():
            self._monkeypatch.setenv(name, value)

    def __call__(self, *words: str) -> Ran:
        """Run a command to its end."""
        self._capsys.readouterr()
        try:
            code = main(words)
        except SystemExit as ended:
            code = int(ended.code or 0)
        printed = self._capsys.readouterr()
        return Ran(code=code, out=printed.out, err=printed.err)
