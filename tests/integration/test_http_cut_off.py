"""A line that is cut in the middle of a call: what was given up never leaves later."""

from __future__ import annotations

import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.channels.http import HttpClient
from app.channels.http_answers import Answer, Failure, Fate
from app.chaos.proxy import Proxy
from tests.branch import certificate
from tests.hosts import Host, Network
from tests.http_client import basic
from tests.senders import ALICE, BOB, MESSAGES, US
from tests.simulator import Simulator
from tests.waiting import wait_until

if sys.platform == "win32":
    pytest.skip("needs network namespaces", allow_module_level=True)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A host that sends an SMS to somebody, and a provider far away."""

    host: Host
    simulator: Simulator
    send: Callable[[str], Answer | Failure]


@pytest.fixture(params=["http", "https"])
def line(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Line]:
    with Network() as network, Simulator() as simulator:
        file = certificate(network.address, tmp_path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        encryption = context if request.param == "https" else None
        port = int(simulator.http.rpartition(":")[2])
        with (
            Proxy(
                "127.0.0.1", port, encryption=encryption, address=network.address
            ) as way,
            closing(HttpClient(ca_file=file)) as client,
        ):
            host = network.host("alice")
            url = f"{request.param}://{network.address}:{way.port}{MESSAGES}"

            def send(to: str) -> Answer | Failure:
                fields = {"To": to, "From": US, "Body": "Hi"}
                headers = basic("AC0", "token")
                return host.inside(
                    lambda: client.post_form(
                        url, fields=fields, headers=headers, within_s=1
                    )
                )

            yield Line(host=host, simulator=simulator, send=send)


def on_the_way(host: Host) -> list[str]:
    """Return the connections over which the host still wants to send something."""
    table = host.inside(lambda: Path("/proc/thread-self/net/tcp").read_text())
    queues = [row.split()[4] for row in table.splitlines()[1:]]
    return [queue for queue in queues if not queue.startswith("00000000:")]


def wait_for_the_last_packets(host: Host) -> None:
    """Wait until what asks who has our address has been given up, too (3 s)."""

    def is_asking() -> bool:
        asked = host.inside(
            lambda: subprocess.run(["ip", "neighbour"], capture_output=True, check=True)
        )
        return b"INCOMPLETE" in asked.stdout

    wait_until(lambda: not is_asking(), within_s=10, what="nobody asks any more")


def test_a_message_that_was_given_up_does_not_leave_when_the_line_is_back(
    line: Line,
) -> None:
    assert isinstance(line.send(ALICE), Answer)  # whose connection is kept
    line.host.cut_off()
    given_up = line.send(BOB)

    unsent = on_the_way(line.host)
    wait_for_the_last_packets(line.host)
    line.host.reconnect()
    again = line.send(ALICE)

    assert isinstance(given_up, Failure)
    assert given_up.fate is Fate.UNKNOWN
    assert unsent == []
    assert isinstance(again, Answer)
    assert line.simulator.ledger(recipient=BOB) == []
