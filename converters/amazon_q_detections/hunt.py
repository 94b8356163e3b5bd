"""Run rules over CloudTrail archives: what would they have raised?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from amazon_q_detections import archive, record
from amazon_q_detections.engine import raise_refusal
from amazon_q_detections.errors import ContentError, Refused
from amazon_q_detections.schedule import seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from amazon_q_detections.archive import Record
    from amazon_q_detections.engine import Engine, Match
    from amazon_q_detections.rule import Rule


@dataclass
class Tally:
    """What a hunt has read so far: all records and, if a period bounds them, those inside it and those without a time."""

    records: int = 0
    inside: int = 0
    timeless: int = 0
    unreadable: int = 0

    def noted(self, period: Period, moment: datetime | None) -> bool:
        """Whether a record of that *moment*, or of none, lies inside *period*; it is counted."""
        inside = moment is not None and period.holds(moment)
        self.inside += inside
        self.timeless += moment is None
        return inside


@dataclass(frozen=True)
class Period:
    """From *since* to *until*, both inclusive; None is open. A record without a time is in no bounded period."""

    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def of(cls, since: str | None, until: str | None, now: datetime) -> Period:
        """The period that `--since` and `--until` name; raises ContentError for no time, and for a start after the end."""
        period = cls(
            None if since is None else _moment(since, "--since", now, time.min),
            None if until is None else _moment(until, "--until", now, time.max),
        )
        if period.since and period.until and period.since > period.until:
            raise ContentError("--since", f"{since!r} is later than --until {until!r}: no record can lie between.")
        return period

    @property
    def bounded(self) -> bool:
        """Whether it leaves any time out."""
        return self.since is not None or self.until is not None

    def holds(self, moment: datetime) -> bool:
        """Whether *moment* is inside."""
        return (self.since is None or moment >= self.since) and (self.until is None or moment <= self.until)


def _moment(text: str, option: str, now: datetime, of_day: time) -> datetime:
    """An ISO-8601 time (UTC unless it says otherwise), an age such as `7d`, or a date, which is its *of_day*."""
    try:
        return now - timedelta(seconds=seconds(text))
    except (ValueError, OverflowError):
        pass
    try:
        return datetime.combine(date.fromisoformat(text), of_day, UTC)
    except ValueError:
        pass
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        mend = "Write 2026-11-24, 2026-11-24T10:00:00Z or an age such as 7d."
        raise ContentError(option, f"{text!r} is no time.", mend=mend) from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def search(
    rules: Sequence[Rule],
    files: Sequence[Path],
    *,
    engine: Engine,
    period: Period | None = None,
    unreadable: Callable[[ContentError], None],
    refused: Callable[[Refused], None] = raise_refusal,
    tally: Tally,
    step: Callable[[], None] = lambda: None,
) -> Iterator[Match]:
    """Every match of *rules* in *files* by *engine*; *tally* counts as they are read, *step* is called after each file.

    *unreadable* is told of what cannot be read, or not by the engine, *refused* of a rule that cannot be run; the rest goes on.
    """
    bounds = period or Period()

    def events() -> Iterator[Record]:
        for path in files:
            for event in archive.records(path, unreadable):
                tally.records += 1
                if not bounds.bounded or tally.noted(bounds, record.moment(event)):
                    yield event
            step()

    yield from engine.search(rules, events(), refused, unreadable)
