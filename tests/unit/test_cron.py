"""Cron lines: what they mean, and that both nights of the clocks are right.

APScheduler's own trigger is the second opinion where no clock is changed.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger

from app.domain.cron import Cron
from app.domain.schedule import parse_timing, write_timing

MONDAY = datetime(2027, 1, 18, 9, 0, tzinfo=UTC)

#: A zone, the night on which an hour is skipped, what its clocks show then (from, to),
#: and the night on which an hour comes twice, from where to where.
NIGHTS = [
    (
        "Europe/Berlin",
        ("2026-03-29 02:00", "2026-03-29 03:00"),
        ("2026-10-25 02:00", "2026-10-25 03:00"),
    ),
    (
        "America/New_York",
        ("2026-03-08 02:00", "2026-03-08 03:00"),
        ("2026-11-01 01:00", "2026-11-01 02:00"),
    ),
    # Half an hour only.
    (
        "Australia/Lord_Howe",
        ("2026-10-04 02:00", "2026-10-04 02:30"),
        ("2026-04-05 01:30", "2026-04-05 02:00"),
    ),
    # At midnight: the skipped hour is the day's first, the doubled one its last.
    (
        "America/Santiago",
        ("2026-09-06 00:00", "2026-09-06 01:00"),
        ("2026-04-04 23:00", "2026-04-05 00:00"),
    ),
]
ZONES = [pytest.param(*night, id=night[0]) for night in NIGHTS]


TEN_MINUTES = timedelta(minutes=10)
DAY = timedelta(days=1)


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def daily_at(moment: datetime) -> Cron:
    return Cron.parse(f"{moment.minute} {moment.hour} * * *")


def runs(line: Cron, name: str, *, since: datetime, until: datetime) -> list[datetime]:
    """Return when the line runs between two times that clocks there show."""
    zone = ZoneInfo(name)
    found: list[datetime] = []
    moment, end = since.replace(tzinfo=zone), until.replace(tzinfo=zone)
    while (moment := line.next_after(moment, timezone=zone)) <= end.astimezone(UTC):
        found.append(moment)
    return found


def shown(moments: list[datetime], name: str) -> list[datetime]:
    """Return what clocks there show at those moments."""
    return [m.astimezone(ZoneInfo(name)).replace(tzinfo=None) for m in moments]


@pytest.mark.parametrize(("name", "skipped", "doubled"), ZONES)
def test_what_is_skipped_at_night_runs_once_at_the_first_moment_after_it(
    name: str, skipped: tuple[str, str], doubled: tuple[str, str]
) -> None:
    begin, end = map(wall, skipped)
    due = begin + TEN_MINUTES

    found = runs(daily_at(due), name, since=due - DAY, until=due + DAY)

    assert shown(found, name) == [end, due + DAY]


@pytest.mark.parametrize(("name", "skipped", "doubled"), ZONES)
def test_what_comes_twice_at_night_runs_the_first_time_only(
    name: str, skipped: tuple[str, str], doubled: tuple[str, str]
) -> None:
    due = wall(doubled[0]) + TEN_MINUTES

    found = runs(daily_at(due), name, since=due - DAY, until=due + DAY)

    assert shown(found, name) == [due, due + DAY]
    assert found[0] == due.replace(tzinfo=ZoneInfo(name), fold=0).astimezone(UTC)


@pytest.mark.parametrize(("name", "skipped", "doubled"), ZONES)
def test_a_scheduler_that_starts_in_the_second_of_two_equal_hours_waits_for_a_new_one(
    name: str, skipped: tuple[str, str], doubled: tuple[str, str]
) -> None:
    zone = ZoneInfo(name)
    begin, end = map(wall, doubled)
    second_time = begin.replace(tzinfo=zone, fold=1)

    following = Cron.parse("*/15 * * * *").next_after(second_time, timezone=zone)

    assert shown([following], name) == [end]


@pytest.mark.parametrize(("name", "skipped", "doubled"), ZONES)
def test_every_quarter_of_an_hour_is_once_per_local_date_and_time(
    name: str, skipped: tuple[str, str], doubled: tuple[str, str]
) -> None:
    quarter = timedelta(minutes=15)
    line = Cron.parse("*/15 * * * *")
    for begin, end, is_skipped in (
        (*map(wall, skipped), True),
        (*map(wall, doubled), False),
    ):
        since, until = begin - 2 * quarter, end + 2 * quarter

        found = runs(line, name, since=since, until=until)

        every = [
            since + n * quarter for n in range(1, 20) if since + n * quarter <= until
        ]
        left_out = {t for t in every if is_skipped and begin <= t < end}
        assert shown(found, name) == [t for t in every if t not in left_out]


@pytest.mark.parametrize("name", [night[0] for night in NIGHTS])
@pytest.mark.parametrize(
    "text", ["30 2 * * *", "10 0 * * *", "45 1 * * *", "0 23 * * *"]
)
def test_in_two_years_a_daily_line_runs_once_on_every_day(name: str, text: str) -> None:
    since, until = wall("2026-01-01 00:00"), wall("2027-12-31 23:59")

    found = shown(runs(Cron.parse(text), name, since=since, until=until), name)

    assert [t.date() for t in found] == [
        (since + n * DAY).date() for n in range((until - since).days + 1)
    ]


def test_a_day_that_a_whole_land_skipped_is_made_up_for_at_midnight() -> None:
    # Samoa went over the date line: there was no 30 December 2011.
    since, until = wall("2011-12-29 10:00"), wall("2011-12-31 12:00")

    found = runs(Cron.parse("0 9 * * *"), "Pacific/Apia", since=since, until=until)

    assert shown(found, "Pacific/Apia") == [
        wall("2011-12-31 00:00"),
        wall("2011-12-31 09:00"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 2 * * *", "Tue 19 Jan 02:00"),
        ("*/15 9-17 * * *", "Mon 18 Jan 09:15"),
        ("0 9 * * *", "Tue 19 Jan 09:00"),  # it is nine: the next one is tomorrow
        ("0 8 1 * *", "Mon 01 Feb 08:00"),
        ("30 7 * * 1-5", "Tue 19 Jan 07:30"),
        ("0 12 * * sun", "Sun 24 Jan 12:00"),
        ("0 12 * * 7", "Sun 24 Jan 12:00"),
        ("0 12 * * 0", "Sun 24 Jan 12:00"),
        ("0 0 29 feb *", "Tue 29 Feb 00:00"),
        ("5,35 10,22 * 3 *", "Mon 01 Mar 10:05"),
        ("10-50/20 * * * *", "Mon 18 Jan 09:10"),
        # Day and weekday: either is enough, as cron has always had it.
        ("0 0 13 * fri", "Fri 22 Jan 00:00"),
        ("0 0 19 * fri", "Tue 19 Jan 00:00"),
        # ... but with a star before it, both must fit.
        ("0 0 */2 * wed", "Wed 27 Jan 00:00"),
    ],
)
def test_a_line_means_what_cron_has_always_meant(text: str, expected: str) -> None:
    following = Cron.parse(text).next_after(MONDAY, timezone=UTC)

    assert f"{following:%a %d %b %H:%M}" == expected


def test_where_no_clock_changes_apscheduler_says_the_same() -> None:
    chance = random.Random(7)

    def field(least: int, most: int) -> str:
        first, last = sorted(chance.choices(range(least, most + 1), k=2))
        return chance.choice(
            [
                "*",
                f"{first}",
                f"{first}-{last}",
                f"{first},{last}",
                f"*/{min(last or 1, most - least)}",
            ]
        )

    for _ in range(300):
        # No weekday: APScheduler counts them from Monday, and wants both days to fit.
        text = f"{field(0, 59)} {field(0, 23)} {field(1, 28)} {field(1, 12)} *"
        ours, theirs = Cron.parse(text), CronTrigger.from_crontab(text, timezone=UTC)
        moment, previous = MONDAY, None
        for _ in range(5):
            previous = theirs.get_next_fire_time(previous, previous or moment)
            if previous == MONDAY:  # theirs includes the moment itself
                previous = theirs.get_next_fire_time(previous, previous)
            moment = ours.next_after(moment, timezone=UTC)
            assert moment == previous, text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 2 * *", "is not a cron line"),
        ("0 2 * * * *", "is not a cron line"),
        ("60 2 * * *", "its minute must be *, a number from 0 to 59"),
        ("0 24 * * *", "its hour must be"),
        ("0 2 0 * *", "its day must be *, a number from 1 to 31"),
        ("0 2 * 13 *", "its month must be"),
        ("0 2 * * 8", "its weekday must be"),
        ("0 2 * * funday", "its weekday must be"),
        ("0 2 5-1 * *", "its day must be"),
        ("*/0 2 * * *", "its minute must be"),
        ("5/10 2 * * *", "its minute must be"),
        ("-1 2 * * *", "its minute must be"),
        ("1, 2 * * *", "its minute must be"),
        ("\u0661 2 * * *", "its minute must be"),
        ("0 2 30 2 *", "names a day that never comes"),
        ("0 2 31 4,6,9,11 *", "names a day that never comes"),
    ],
)
def test_a_line_that_is_none_is_refused_with_an_example(text: str, words: str) -> None:
    with pytest.raises(ValueError, match="for example 0 2") as refusal:
        parse_timing(text)

    assert words in str(refusal.value)


@pytest.mark.parametrize("text", ["5m", "90s", "1h", "0 2 * * *", "*/15 9-17 * * 1-5"])
def test_a_timing_is_written_as_it_was_read(text: str) -> None:
    assert write_timing(parse_timing(text)) == text


def test_spaces_between_fields_do_not_matter() -> None:
    assert parse_timing("  0   2 *\t* * ") == Cron.parse("0 2 * * *")


@pytest.mark.parametrize("text", ["0", "0s", "soon", "", "5 minutes"])
def test_what_is_neither_an_interval_nor_a_line_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="5m"):
        parse_timing(text)
