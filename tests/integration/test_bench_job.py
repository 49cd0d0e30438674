"""The job that Bellhop's peers do in the benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.peers.job import Job, phone
from tests.simulator import Simulator


@pytest.fixture
def provider() -> Iterator[Simulator]:
    with Simulator(fsync=False) as simulator:
        yield simulator


@pytest.fixture
def job(tmp_path: Path, provider: Simulator) -> Iterator[Job]:
    job = Job(
        database_url=f"sqlite:///{tmp_path / 'rows.db'}", provider_url=provider.http
    )
    yield job
    job.close()


def test_a_row_becomes_a_message_in_bellhops_words(
    job: Job, provider: Simulator
) -> None:
    job.add([7])

    job.deliver(7)

    (entry,) = provider.ledger()
    assert entry["recipient"] == phone(7)
    assert "Haircut" in entry["text"]


def test_a_row_is_sent_once_however_often_it_is_delivered(
    job: Job, provider: Simulator
) -> None:
    job.add([1])

    job.deliver(1)
    job.deliver(1)

    assert len(provider.ledger()) == 1


def test_what_the_provider_answered_is_on_the_row(
    job: Job, provider: Simulator
) -> None:
    job.add(range(2))

    job.deliver(1)

    (entry,) = provider.ledger()
    assert job.states() == {
        0: ("pending", None),
        1: ("sent", entry["provider_message_id"]),
    }
