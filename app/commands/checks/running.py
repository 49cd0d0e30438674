"""What runs: the queue server, the API, the workers, the scheduler and its jobs."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPException
from typing import Any

from app import __version__
from app.broker import check_queue_server, open_doorbell
from app.clock import utc_now
from app.commands.checks.findings import Box, Finding, broken, ok, warning
from app.commands.checks.place import START
from app.commands.http_api import exchange
from app.errors import QueueUnavailableError, StartError
from app.runtime import queue_namespace, queue_url
from app.services import health
from app.services.jobs import all_jobs
from app.storage import recovering
from app.supervisor.readiness import own_url

#: Seconds for the API's answer.
ANSWER_WITHIN_S = 3.0
MESSAGES_WAIT = "Messages wait; nothing is lost."


def queue(box: Box) -> Iterator[Finding]:
    """Ring the queue server, and ask it how it keeps what it is given."""
    url = queue_url(box.settings)
    if url is None:
        yield warning(
            "There is no queue server.",
            "Workers look into the database by themselves: messages leave up to a "
            "second later than they could.",
            "Start Bellhop with `up`, which brings one along, or set REDIS_URL.",
        )
        return
    try:
        doorbell = open_doorbell(url, namespace=_namespace(box))
        try:
            doorbell.ping()
        finally:
            doorbell.close()
    except (QueueUnavailableError, StartError) as error:
        advice = (
            "Start or mend the queue server, or set REDIS_URL (or BROKER_URL) to "
            "another."
        )
        yield broken(str(error), MESSAGES_WAIT, advice)
        return
    troubles = check_queue_server(url)
    for trouble in troubles:
        yield warning(trouble, "", "")
    if not troubles:
        yield ok("The queue server answers, and keeps what it is given.")


def _namespace(box: Box) -> str:
    """Return the prefix of our keys: the server may keep all others from us."""
    if box.runtime is None:
        return "bellhop-doctor"
    return queue_namespace(box.runtime.database)


def api(box: Box) -> Iterator[Finding]:
    """Ask whether the API is alive, and of this version."""
    url = own_url(box.settings)
    answer = _healthz(url)
    if answer is None:
        yield broken(
            f"The API does not answer at {url}.", "No booking can come in.", START
        )
    elif answer.get("status") != "alive":
        yield broken(
            f"Another program answers at {url}.",
            "Bookings do not reach Bellhop.",
            "Stop that program, or set another BELLHOP_PORT.",
        )
    elif answer.get("version") != __version__:
        yield warning(
            f"The API that runs is version {answer.get('version')}; here is "
            f"{__version__}.",
            "What was changed is not in force yet.",
            "Start Bellhop again.",
        )
    else:
        yield ok(f"The API answers at {url}.")


def workers(box: Box) -> Iterator[Finding]:
    """Look for a living worker of every name that a queue's policy gives."""
    if box.runtime is None:
        return
    now = utc_now()
    with box.runtime.database.read() as tx:
        rows = recovering.all_workers(tx)
    alive = {
        r["name"] for r in rows if r["heartbeat_at"] > now - health.HEARTBEAT_MISSED
    }
    for name in sorted({q.worker for q in box.runtime.policy.queues.values()}):
        if name in alive:
            yield ok(f"The worker {name} is running.")
        else:
            command = "python worker.py" + ("" if name == "main" else f" --name {name}")
            yield broken(
                f"No worker {name} is running.", MESSAGES_WAIT, f"Start `{command}`."
            )


def scheduler(box: Box) -> Iterator[Finding]:
    """Look for its heartbeat, and for jobs that failed when they last ran."""
    if box.runtime is None:
        return
    check = next(c for c in health.checks(box.runtime) if c.name == "scheduler")
    if check.ok:
        yield ok("The scheduler is running.")
    else:
        yield broken(
            "The scheduler is not running.",
            "No reminders leave, and nothing is tried again.",
            "Start `python scheduler.py`.",
        )
    for name, job in all_jobs(box.runtime).items():
        if job["error"]:
            yield warning(
                f"The job {name} failed when it last ran: {job['error']}.",
                "It is tried again at its next time.",
                "Look at the scheduler's log if this stays.",
            )


def _healthz(url: str) -> dict[str, Any] | None:
    """Return what answers there; None where nothing does."""
    try:
        body = exchange(f"{url}/healthz", within_s=ANSWER_WITHIN_S).body
    except OSError:
        return None
    except HTTPException:
        return {}
    return body if isinstance(body, dict) else {}
