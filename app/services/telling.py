"""The log's line for each piece of work that has ended; written after its commit."""

from __future__ import annotations

import logging

from app.domain.retry import Decision
from app.domain.tasks import Status
from app.logs import fields
from app.services.courier import Answer, Done, Ended, Found

log = logging.getLogger(__name__)

#: What heals itself is no error; what needs a person is.
_LEVELS = {Status.SENT: logging.INFO, Status.DEAD: logging.ERROR}


def tell(ended: Ended, decision: Decision) -> None:
    """Write the line of a piece of work that has ended and is saved."""
    if isinstance(ended, Answer):
        _log_answer(ended, decision)
    elif isinstance(ended, Done):
        _log_done(ended, decision)
    else:
        _log_look_up(ended, decision)


def _log_done(done: Done, decision: Decision) -> None:
    claim, is_done = done.work, decision.status is Status.SENT
    trouble = {} if is_done else {"reason": done.outcome.reason}
    log.log(
        _LEVELS.get(decision.status, logging.WARNING),
        "Task done" if is_done else "Task failed",
        extra=fields(
            "task_done" if is_done else "task_failed",
            id=claim.row["id"],
            kind=claim.row["kind"],
            queue=claim.row["queue"],
            attempt=claim.number,
            status=decision.status,
            ms=round(done.took_s * 1000),
            **trouble,
        ),
    )


def _log_answer(answer: Answer, decision: Decision) -> None:
    claim, outcome = answer.work, answer.outcome
    sent = decision.status is Status.SENT
    trouble = {} if sent else {"code": outcome.code, "reason": outcome.reason}
    log.log(
        _LEVELS.get(decision.status, logging.WARNING),
        "Notification sent" if sent else "Attempt failed",
        extra=fields(
            "notification_sent" if sent else "attempt_failed",
            id=claim.row["id"],
            kind=claim.row["kind"],
            channel=claim.row["channel"],
            provider=claim.provider.name,
            attempt=claim.number,
            status=decision.status,
            ms=round(answer.took_s * 1000),
            **trouble,
        ),
    )


def _log_look_up(found: Found, decision: Decision) -> None:
    log.info(
        "Unknown outcome looked up",
        extra=fields(
            "outcome_looked_up",
            id=found.work.row["id"],
            found=found.answer.lookup,
            status=decision.status,
        ),
    )
