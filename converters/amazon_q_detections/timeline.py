"""The meaning of a correlation: the hits of a sliding window over records (docs/semantics.md, "Correlations").

A span is what happens from one time to another, all events of both times included. A span of at most the timespan that
satisfies the condition is a hit. Of the spans that end at one time the longest is taken, of sums the largest; those that
share an event belong to one burst, and a burst is given as one Hit. An array as group-by key puts the event into the group
of each of its elements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import isinf, isnan
from operator import attrgetter
from typing import Any

from amazon_q_detections import predicate, record, scalar, window
from amazon_q_detections.burst import Span, joined
from amazon_q_detections.correlation import Correlation
from amazon_q_detections.window import Event, Window

Record = Mapping[str, Any]
Key = tuple[str, ...]

_TIME = attrgetter("time")
_BEYOND = 10**record.MOST_DIGITS


@dataclass(frozen=True)
class Hit:
    """One burst: the time of its first completing event (µs since 1970), its group, and the records in its spans."""

    microseconds: int
    group: Mapping[str, str]
    records: tuple[Record, ...]

    @property
    def time(self) -> float:
        """The time in seconds since 1970, rounded as a double is."""
        return self.microseconds / record.SECOND

    @property
    def iso_time(self) -> str:
        """The time as ISO-8601 in UTC."""
        return record.iso(self.microseconds)


def hits(correlation: Correlation, records: Iterable[Record]) -> Iterator[Hit]:
    """The bursts in *records*, which may come in any order, by time; raises Refused for what has no meaning here.

    A record without a usable eventTime takes no part.
    """
    make = window.maker(correlation)
    make()  # an empty window refuses what it cannot decide, even if there are no events
    names = [key.name for key in correlation.group_by]
    found = [
        Hit(burst.first, dict(zip(names, key, strict=True)), tuple(event.source for event in events[burst.start : burst.end]))
        for key, events in _groups(correlation, records).items()
        for burst in joined(list(map(_TIME, events)), _spans(correlation.timespan * record.SECOND, events, make()))
    ]
    yield from sorted(found, key=lambda hit: (hit.microseconds, sorted(hit.group.items())))


def _groups(correlation: Correlation, records: Iterable[Record]) -> dict[Key, list[Event]]:
    """The events of each group in time order; one that matches several members is one event.

    An event without a value of the field that is counted or summed takes no part.
    """
    tests = [predicate.compile(member.condition) for member in correlation.members]
    value_of = _counted(correlation)
    groups: dict[Key, list[Event]] = {}
    for source in records:
        moment = record.microseconds(source)
        if moment is None:
            continue
        values, amounts = value_of(source)
        if correlation.field is not None and not (values or amounts):
            continue
        members: dict[Key, list[int]] = {}
        for index, holds in enumerate(tests):
            if holds(source):
                for key in _keys(correlation, index, source):
                    members.setdefault(key, []).append(index)
        for key, indexes in members.items():
            groups.setdefault(key, []).append(Event(moment, tuple(indexes), values, amounts, source))
    for events in groups.values():
        events.sort(key=_TIME)
    return groups


def _keys(correlation: Correlation, member: int, source: Record) -> Iterable[Key]:
    if not correlation.group_by:
        return ((),)
    paths = (tuple(key.fields[member].split(".")) for key in correlation.group_by)
    return product(*(dict.fromkeys(map(record.text, record.scalars(source, path))) for path in paths))


def _counted(correlation: Correlation) -> Callable[[Record], tuple[tuple[str, ...], tuple[int | Fraction, ...]]]:
    """What reads the values of the counted field, each once, and the amounts of the summed one."""
    if correlation.field is None:
        return lambda _: ((), ())
    path = tuple(correlation.field.split("."))
    if correlation.kind == "value_sum":
        return lambda source: ((), tuple(_amounts(record.scalars(source, path))))
    return lambda source: (tuple(dict.fromkeys(map(record.text, record.scalars(source, path)))), ())


def _amounts(values: Iterable[record.Scalar]) -> Iterator[int | Fraction]:
    """The numbers among *values*, exactly as they are written: ten times 0.1 is 1.

    A number too large for a double that is no whole number of up to 4,000 digits counts as 10**4000, which no sum is asked for.
    """
    for value in values:
        number = scalar.as_number(value)
        if isinstance(number, int):
            yield number
        elif number is not None and isinf(number):
            yield _BEYOND if number > 0 else -_BEYOND
        elif number is not None and not isnan(number):
            yield Fraction(record.text(value)[: record.MOST_DIGITS])


def _spans(timespan: int, events: list[Event], inside: Window) -> Iterator[Span]:
    """The longest span that satisfies the correlation among those that end at one time, for each time that has one."""
    oldest = position = 0  # the window holds events[oldest:position]
    while position < len(events):
        moment = events[position].time
        while moment - events[oldest].time > timespan:
            inside.remove(events[oldest])
            oldest += 1
        while position < len(events) and events[position].time == moment:
            inside.add(events[position])
            position += 1
        since = inside.since()
        if since is not None:
            yield Span(int(max(since, events[oldest].time)), moment)
