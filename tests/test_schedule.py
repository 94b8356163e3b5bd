import pytest

from amazon_q_detections import schedule


@pytest.mark.parametrize(("text", "expected"), [("90s", 90), ("15m", 900), ("1h", 3600), ("2d", 172800)])
def test_durations_are_read_in_seconds(text: str, expected: int) -> None:
    assert schedule.seconds(text) == expected


@pytest.mark.parametrize("text", ["", "0m", "5", "m5", "1.5h", "-1h", 60, None, "1w"])
def test_anything_else_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        schedule.seconds(text)


@pytest.mark.parametrize(
    ("timespan", "step"),
    [(60, 60), (300, 60), (600, 120), (3600, 720), (5 * 3600, 3600), (86400, 3600), (3599, 660)],
)
def test_a_correlation_steps_by_a_fifth_of_its_timespan(timespan: int, step: int) -> None:
    """docs/semantics.md: step = timespan/5, at least a minute, at most an hour; whole minutes, so that cron can say it."""
    found = schedule.of({}, timespan)
    assert (found.step, found.delay, found.throttle) == (step, 900, timespan)


def test_what_the_rule_says_stands() -> None:
    assert schedule.of({"step": "10m", "delay": "2m", "throttle": "1d"}, 3600) == schedule.Schedule(600, 120, 86400)


def test_a_single_event_rule_runs_every_five_minutes() -> None:
    assert schedule.of({}) == schedule.Schedule(300, 900, 3600)


def test_a_step_that_cron_cannot_say_is_refused() -> None:
    with pytest.raises(ValueError, match="whole minutes"):
        schedule.of({"step": "90s"})
