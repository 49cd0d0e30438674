"""The box that the tests of one file share: all of it runs when a test begins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.box import Box


@pytest.fixture(scope="module")
def started_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A box that one test after the other may break."""
    with Box(tmp_path_factory.mktemp("box")) as box:
        yield box


@pytest.fixture
def box(started_box: Box) -> Box:
    """A box in which every part runs, whatever the test before has done to it."""
    started_box.mend()
    return started_box
