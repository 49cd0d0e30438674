"""What a box makes for itself at its start."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app.installation import make_data_dir
from tests.house import make_settings

#: API, worker and scheduler start at the same moment; often enough to meet.
STARTS = 400


def test_those_who_start_together_all_find_the_data_directory(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)

    with ThreadPoolExecutor(max_workers=8) as starters:
        found = list(starters.map(lambda _: make_data_dir(settings), range(STARTS)))

    assert found == [settings.data_dir] * STARTS
    assert list(settings.data_dir.iterdir()) == []
