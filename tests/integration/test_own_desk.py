"""The desk for scripts: what is enqueued meanwhile is planned, and no later."""

from __future__ import annotations

import pytest

from actors.ping import ping
from app.errors import NotConnectedError
from app.runtime import Runtime
from app.services.desk import connect
from app.storage.tables import tasks
from app.work import chain, group
from tests.house import count
from tests.shell import Shell


def test_a_script_enqueues_while_it_is_connected(
    runtime: Runtime, shell: Shell
) -> None:
    with connect():
        ping.enqueue()
        chain(ping.wish("a"), ping.wish("b"))
        group([ping.wish("c")])

    assert count(runtime, tasks, kind="ping") == 4
    with pytest.raises(NotConnectedError):
        ping.enqueue()


def test_the_latest_desk_is_the_one_in_use(runtime: Runtime, shell: Shell) -> None:
    with connect() as outer:
        with connect() as inner:
            ping.enqueue()
        ping.enqueue()

    assert outer is not inner
    assert count(runtime, tasks) == 2
