"""A clock that is set back holds nothing up for as long as it was set back."""

from __future__ import annotations

from tests.engine import Engine

#: The rate limit of SMS: so many may leave in any minute.
A_MINUTE = 10


def seconds_until_sent(engine: Engine, message: str, *, at_most: int = 7200) -> int:
    """Let time pass until a message has left; return how long that took."""
    waited = 0
    while engine.status(message) != "sent" and waited < at_most:
        engine.clock.advance(seconds=1)
        engine.work()
        waited += 1
    return waited


def fill_the_minute(engine: Engine) -> None:
    for number in range(A_MINUTE):
        engine.message(queue="high", recipient=f"+1415557{number:04}")
    engine.work()
    assert len(engine.provider.handed) == A_MINUTE


def test_what_left_before_the_clock_was_set_back_an_hour_holds_nothing_up(
    engine: Engine,
) -> None:
    fill_the_minute(engine)

    engine.clock.advance(hours=-1)
    code = engine.message("code", queue="high", recipient="+14155571234")

    assert seconds_until_sent(engine, code) <= 1


def test_what_left_before_a_small_step_back_still_counts(engine: Engine) -> None:
    # Two hosts' clocks may differ so much; the span is counted from the later one.
    fill_the_minute(engine)

    engine.clock.advance(seconds=-30)
    code = engine.message("code", queue="high", recipient="+14155571234")

    assert 60 <= seconds_until_sent(engine, code) <= 91
