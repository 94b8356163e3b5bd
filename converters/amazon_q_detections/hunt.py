"""Run rules over CloudTrail archives: what would they have raised?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from amazon_q_detections import archive, engines, record
from amazon_q_detections.errors import ContentError, Refused
from amazon_q_detections.schedule import seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from amazon_q_detections.archive import Record
    from amazon_q_detections.engines import Match
    from amazon_q_detections.rule import Rule


@dataclass
class Tally:
    """What a hunt has read so far."""

    records: int = 0
    unreadable: int = 0


@dataclass(frozen=True)
class Period:
    """From *since* to *until*, both inclusive; None is open. A record without a time is in no bounded period."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, event: Record) -> bool:
        if self.since is None and self.until is None:
            return True
        moment = record.moment(event)
        if moment is None:
            return False
        return (self.since is None or moment >= self.since) and (self.until is None or moment <= self.until)


def moment(text: str, option: str, now: datetime) -> datetime:
    """An ISO-8601 time (UTC unless it says otherwise), a date, or an age such as `7d`; raises ContentError."""
    try:
        return now - timedelta(seconds=seconds(text))
    except (ValueError, OverflowError):
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
    engine: str = "sigma",
    period: Period | None = None,
    unreadable: Callable[[ContentError], None],
    refused: Callable[[Refused], None] = engines.raised,
    tally: Tally,
    step: Callable[[], None] = lambda: None,
) -> Iterator[Match]:
    """Every match of *rules* in *files*; *tally* counts as they are read, *step* is called after each file.

    *unreadable* is told of what cannot be read, *refused* of a rule that cannot be run; the rest goes on.
    """
    bounds = period or Period()

    def events() -> Iterator[Record]:
        for path in files:
            for event in archive.records(path, unreadable):
                tally.records += 1
                if bounds.holds(event):
                    yield event
            step()

    yield from engines.find(engine).search(rules, events(), refused)
