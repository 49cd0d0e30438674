"""Chains, groups and long lists: tasks that plan other tasks."""

from __future__ import annotations

from app.work import chain, chunks, group, task


@task(queue="low")
def write_letter(subject: str) -> str:
    """Prepare something."""
    return subject.title()


@task(queue="low")
def send_letter(readers: list[str], subject: str = "") -> int:
    """Do a piece of a long list."""
    letters = [f"{reader}: {subject}" for reader in readers if reader]
    return len(letters)


@task(queue="low")
def tell_owner(done: int = 0, failed: int = 0, subject: str = "") -> str:
    """Follow a group: how it ended comes in these arguments."""
    return f"{subject}: {done} pieces done, {failed} failed"


@task(queue="low")
def send_to_all(subject: str, readers: int) -> str:
    """Cut a list into pieces of 100; return the id of their group."""
    addresses = [f"reader-{number}" for number in range(readers)]
    follow_up = tell_owner.wish(subject=subject)
    return chunks(
        send_letter,
        addresses,
        args={"subject": subject},
        then=follow_up,
        # Should the worker die just now, a second run finds the group of the first.
        dedupe_key=f"letters/{subject}",
    )


@task(queue="low")
def plan_issue(subject: str, readers: int) -> list[str]:
    """Begin the second only when the first is done."""
    return chain(
        write_letter.wish(subject),
        send_to_all.wish(subject, readers),
        dedupe_key=f"issue/{subject}",
    )


@task(queue="low")
def compare(subjects: list[str]) -> str:
    """Do several things side by side, and one when all of them have ended."""
    return group([write_letter.wish(s) for s in subjects], then=tell_owner.wish())
