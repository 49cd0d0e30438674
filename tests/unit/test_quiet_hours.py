"""Quiet hours by the recipient's clocks: over midnight, and when clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.gate import Delay, Refusal
from app.domain.kinds import InQuietHours
from app.domain.quiet_hours import (
    LONGEST,
    QuietHours,
    Window,
    Wish,
    decide,
    due_in_time,
    end_of_quiet,
    parse_window,
    quiet_at,
    when_planned,
)
from app.domain.tasks import Status

MADRID = ZoneInfo("Europe/Madrid")
NIGHT = QuietHours(usual=Window(begin=time(21), end=time(8)))
HOUR = timedelta(hours=1)

ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            *("Europe/Madrid", "America/New_York", "Australia/Lord_Howe"),
            *("Asia/Kolkata", "Africa/Casablanca", "America/Santiago"),
        )
    ]
)
MOMENTS = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - the zone comes with `timezones`
    datetime(2028, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
TIMES = st.times().map(lambda t: t.replace(second=0, microsecond=0))


@st.composite
def windows(draw: st.DrawFn) -> Window:
    window = Window(begin=draw(TIMES), end=draw(TIMES))
    assume(window.length <= LONGEST)
    return window


def madrid(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID).astimezone(UTC)


def wish(
    until: datetime,
    *,
    mode: InQuietHours = InQuietHours.WAIT,
    essential: bool = False,
    appointments: tuple[datetime, ...] = (),
) -> Wish:
    return Wish(
        mode=mode,
        is_essential=essential,
        useful_until=until,
        appointments=appointments,
    )


def is_shown_within(window: Window, moment: datetime, zone: ZoneInfo) -> bool:
    clock = moment.astimezone(zone).time()
    if window.begin < window.end:
        return window.begin <= clock < window.end
    return clock >= window.begin or clock < window.end


@given(windows(), MOMENTS, ZONES)
def test_whenever_the_clock_shows_quiet_hours_they_are(
    window: Window, moment: datetime, zone: ZoneInfo
) -> None:
    hours = QuietHours(usual=window)

    if is_shown_within(window, moment, zone):
        assert quiet_at(hours, moment, zone=zone)


@given(windows(), MOMENTS, ZONES)
def test_they_are_at_no_other_time_but_within_an_hour_of_a_change_of_clocks(
    window: Window, moment: datetime, zone: ZoneInfo
) -> None:
    offsets = {(moment + n * HOUR).astimezone(zone).utcoffset() for n in range(-26, 27)}
    assume(len(offsets) == 1)

    quiet = quiet_at(QuietHours(usual=window), moment, zone=zone)

    assert (quiet is not None) == is_shown_within(window, moment, zone)


@given(windows(), MOMENTS, ZONES)
def test_their_end_is_ahead_within_a_day_and_not_quiet(
    window: Window, moment: datetime, zone: ZoneInfo
) -> None:
    hours = QuietHours(usual=window)

    ends = end_of_quiet(hours, moment, zone=zone)

    if ends is not None:
        assert moment < ends <= moment + 25 * HOUR
        assert quiet_at(hours, ends, zone=zone) is None


@given(windows(), MOMENTS, ZONES, st.integers(min_value=1, max_value=48))
def test_what_is_sent_in_time_is_never_sent_later_or_in_quiet_hours(
    window: Window, due_at: datetime, zone: ZoneInfo, useful_hours: int
) -> None:
    hours = QuietHours(usual=window)
    useful_until = due_at + useful_hours * HOUR

    sent_at = due_in_time(hours, due_at, useful_until=useful_until, zone=zone)

    ends = end_of_quiet(hours, due_at, zone=zone)
    if ends is None or ends < useful_until:
        assert sent_at == due_at
    else:
        assert sent_at < due_at
        assert quiet_at(hours, sent_at, zone=zone) is None


@pytest.mark.parametrize(
    ("evening", "morning", "hours"),
    [
        ("2027-03-27T21:00", "2027-03-28T08:00", 10),  # clocks are set forward
        ("2027-10-30T21:00", "2027-10-31T08:00", 12),  # … and back
        ("2027-06-01T21:00", "2027-06-02T08:00", 11),
    ],
)
def test_a_night_ends_by_the_clock_however_long_it_is(
    evening: str, morning: str, hours: int
) -> None:
    quiet = quiet_at(NIGHT, madrid(evening), zone=MADRID)

    assert quiet is not None
    assert quiet.ends == madrid(morning)
    assert quiet.ends - quiet.begins == hours * HOUR


def test_a_weekday_has_the_window_that_begins_on_it() -> None:
    late = Window(begin=time(23), end=time(10))
    hours = QuietHours(usual=NIGHT.usual, days={5: late, 6: None})

    def ends(text: str) -> datetime | None:
        return end_of_quiet(hours, madrid(text), zone=MADRID)

    assert ends("2027-06-05T22:00") is None  # a Saturday evening
    assert ends("2027-06-06T09:30") == madrid("2027-06-06T10:00")
    assert ends("2027-06-06T23:00") is None  # on Sundays none begin
    assert ends("2027-06-07T22:00") == madrid("2027-06-08T08:00")


def test_windows_that_follow_each_other_end_with_the_last() -> None:
    morning = Window(begin=time(8), end=time(10))
    hours = QuietHours(usual=NIGHT.usual, days={1: morning})

    ends = end_of_quiet(hours, madrid("2027-06-01T07:00"), zone=MADRID)

    assert ends == madrid("2027-06-01T10:00")


def test_a_message_waits_for_the_end_and_says_so() -> None:
    now = madrid("2027-06-01T23:00")

    answer = decide(NIGHT, wish(now + 24 * HOUR), now=now, zone=MADRID)

    assert answer == Delay(
        until=madrid("2027-06-02T08:00"),
        reason="Waits for 08:00, the end of quiet hours.",
    )


def test_at_the_last_second_before_and_at_the_end_it_may_leave() -> None:
    for now in (madrid("2027-06-01T20:59:59"), madrid("2027-06-02T08:00")):
        assert decide(NIGHT, wish(now + 24 * HOUR), now=now, zone=MADRID) is None


def test_what_would_be_useless_at_the_end_expires_unless_it_must_be_known() -> None:
    now, appointment = madrid("2027-06-02T06:00"), madrid("2027-06-02T07:30")

    refused = decide(NIGHT, wish(appointment), now=now, zone=MADRID)
    essential = wish(appointment, essential=True)

    assert refused == Refusal(
        status=Status.EXPIRED,
        reason="Quiet hours end at 08:00, when it would come too late to be useful.",
    )
    assert decide(NIGHT, essential, now=now, zone=MADRID) is None


def test_what_is_planned_ahead_leaves_just_before_quiet_hours_instead() -> None:
    due_at, appointment = madrid("2027-06-02T06:00"), madrid("2027-06-02T07:30")

    answer = when_planned(
        NIGHT,
        wish(appointment),
        due_at=due_at,
        now=madrid("2027-06-01T15:00"),
        zone=MADRID,
    )

    assert answer == Delay(
        until=madrid("2027-06-01T20:59"),
        reason="Leaves at 20:59, just before quiet hours begin.",
    )


@pytest.mark.parametrize(
    ("hours_ahead", "leaves"), [(-1, False), (9, True), (23, True), (24, False)]
)
def test_a_change_is_told_at_night_if_the_appointment_is_within_a_day(
    hours_ahead: int, *, leaves: bool
) -> None:
    now = madrid("2027-06-01T23:00")
    changed = wish(
        now + 48 * HOUR,
        mode=InQuietHours.SOON,
        essential=True,
        appointments=(now + hours_ahead * HOUR,),
    )

    assert (decide(NIGHT, changed, now=now, zone=MADRID) is None) == leaves


def test_a_move_to_a_time_that_is_near_is_told_though_the_old_one_is_past() -> None:
    now = madrid("2027-06-01T22:30")
    moved = wish(
        now + 12 * HOUR,
        mode=InQuietHours.SOON,
        essential=True,
        appointments=(now - HOUR, now + 12 * HOUR),
    )

    assert decide(NIGHT, moved, now=now, zone=MADRID) is None


def test_a_code_leaves_at_any_hour() -> None:
    now = madrid("2027-06-01T23:00")
    code = wish(now + HOUR, mode=InQuietHours.LEAVE)

    assert decide(NIGHT, code, now=now, zone=MADRID) is None


def test_a_window_of_ones_own_replaces_the_houses_on_every_day() -> None:
    own = Window(begin=time(13), end=time(15))
    hours = QuietHours(usual=NIGHT.usual, days={1: None}).for_recipient(own)

    siesta = end_of_quiet(hours, madrid("2027-06-01T14:00"), zone=MADRID)

    assert siesta == madrid("2027-06-01T15:00")
    assert end_of_quiet(hours, madrid("2027-06-01T23:00"), zone=MADRID) is None


@given(windows())
def test_a_window_is_read_as_it_is_written(window: Window) -> None:
    assert parse_window(str(window)) == window


@pytest.mark.parametrize("text", ["21", "21:00", "21:00-24:00", "9:00-10:00", "x-y"])
def test_what_is_no_window_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write 21:00-08:00"):
        parse_window(text)


@pytest.mark.parametrize("text", ["21:00-21:00", "21:00-13:01", "00:00-23:59"])
def test_a_window_that_leaves_too_little_of_the_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="at most 16 hours"):
        parse_window(text)
