"""The meaning of a correlation: the hits of a sliding window over records (docs/semantics.md, "Correlations").

A hit is an event that completes a window: with it, and with events of its group at most the timespan older, the
condition is satisfied. Hits whose windows overlap or touch belong to one burst and are given as one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Protocol

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionNOT,
    CorrelationConditionOR,
    SigmaRuleReference,
)

from amazon_q_detections import predicate, record
from amazon_q_detections.correlation import Correlation
from amazon_q_detections.errors import Refused

Record = Mapping[str, Any]
Key = tuple[str, ...]


@dataclass(frozen=True)
class Hit:
    """One burst: *time* of its first completing event (s since 1970), its group, and the records in its windows."""

    time: float
    group: Mapping[str, str]
    records: tuple[Record, ...]

    @property
    def iso_time(self) -> str:
        """The time as ISO-8601 in UTC."""
        return record.iso(self.time)


@dataclass(frozen=True)
class _Event:
    """A record that takes part: its time, which members it matches, and its counted values."""

    time: float
    members: tuple[int, ...]
    values: tuple[str, ...]
    amounts: tuple[float, ...]
    source: Record = field(compare=False)


def hits(correlation: Correlation, records: Iterable[Record]) -> Iterator[Hit]:
    """The bursts in *records*, which may come in any order, by time; raises Refused for what has no meaning here.

    A record without a usable eventTime takes no part.
    """
    make = _window_maker(correlation)
    found = [
        hit
        for key, events in _groups(correlation, records).items()
        for hit in _bursts(correlation, dict(zip((one.name for one in correlation.group_by), key, strict=True)), events, make)
    ]
    yield from sorted(found, key=lambda hit: (hit.time, sorted(hit.group.items())))


def _groups(correlation: Correlation, records: Iterable[Record]) -> dict[Key, list[_Event]]:
    """The events of each group in time order; an array as key puts an event into the group of each element."""
    tests = [predicate.compile(member.condition) for member in correlation.members]
    groups: dict[Key, dict[int, tuple[Record, float, list[int]]]] = {}
    for number, source in enumerate(records):
        moment = record.time(source)
        matched = [index for index, holds in enumerate(tests) if holds(source)] if moment is not None else []
        for index in matched:
            assert moment is not None
            for key in _keys(correlation, index, source):
                _, _, members = groups.setdefault(key, {}).setdefault(number, (source, moment, []))
                members.append(index)
    return {
        key: sorted((_event(correlation, *entry) for entry in entries.values()), key=lambda event: event.time)
        for key, entries in groups.items()
    }


def _keys(correlation: Correlation, member: int, source: Record) -> Iterator[Key]:
    choices = []
    for key in correlation.group_by:
        path = tuple(key.fields[member].split("."))
        choices.append(list(dict.fromkeys(record.text(value) for value in record.scalars(source, path))))
    yield from product(*choices)


def _event(correlation: Correlation, source: Record, moment: float, members: list[int]) -> _Event:
    if correlation.field is None:
        return _Event(moment, tuple(members), (), (), source)
    values = tuple(record.scalars(source, tuple(correlation.field.split("."))))
    amounts = tuple(number for value in values if (number := predicate.as_number(value)) is not None)
    return _Event(moment, tuple(members), tuple(dict.fromkeys(record.text(value) for value in values)), amounts, source)


class _Window(Protocol):
    """What a condition needs to know of the events inside the window."""

    def add(self, event: _Event) -> None: ...
    def remove(self, event: _Event) -> None: ...
    def satisfied(self) -> bool: ...


def _window_maker(correlation: Correlation) -> Callable[[], _Window]:
    match correlation.kind:
        case "event_count":
            return lambda: _Count(correlation.threshold)
        case "value_count":
            return lambda: _Distinct(correlation.threshold)
        case "value_sum":
            return lambda: _Sum(correlation.threshold)
        case "temporal":
            return lambda: _Together(correlation)
        case "temporal_ordered":
            if correlation.expression is not None:
                raise Refused("temporal_ordered with an extended condition", "an order of alternatives is not defined.")
            return lambda: _Ordered(len(correlation.members), correlation.timespan)
    raise Refused(f"a correlation of type {correlation.kind}", "it is not exact on a sliding window.")


def _bursts(
    correlation: Correlation, group: Mapping[str, str], events: list[_Event], make: Callable[[], _Window]
) -> Iterator[Hit]:
    window = make()
    oldest = position = 0  # the window holds events[oldest:position]
    burst: tuple[int, int] | None = None  # and the burst events[burst[0]:burst[1]]
    first = 0.0
    while position < len(events):
        moment = events[position].time
        while moment - events[oldest].time > correlation.timespan:
            window.remove(events[oldest])
            oldest += 1
        # Events of one time are one instant: all of them are inside before the window is judged.
        while position < len(events) and events[position].time == moment:
            window.add(events[position])
            position += 1
        if window.satisfied():
            if burst and oldest >= burst[1]:
                yield _hit(first, group, events, burst)
                burst = None
            if burst is None:
                first = moment
            burst = (burst[0] if burst else oldest, position)
    if burst:
        yield _hit(first, group, events, burst)


def _hit(first: float, group: Mapping[str, str], events: list[_Event], burst: tuple[int, int]) -> Hit:
    return Hit(first, group, tuple(event.source for event in events[burst[0] : burst[1]]))


class _Count:
    def __init__(self, threshold: int) -> None:
        self._threshold, self._events = threshold, 0

    def add(self, event: _Event) -> None:  # noqa: ARG002  # the other windows look at the event
        self._events += 1

    def remove(self, event: _Event) -> None:  # noqa: ARG002  # the other windows look at the event
        self._events -= 1

    def satisfied(self) -> bool:
        return self._events >= self._threshold


class _Distinct:
    def __init__(self, threshold: int) -> None:
        self._threshold = threshold
        self._values: Counter[str] = Counter()

    def add(self, event: _Event) -> None:
        self._values.update(event.values)

    def remove(self, event: _Event) -> None:
        for value in event.values:
            self._values[value] -= 1
            if not self._values[value]:
                del self._values[value]

    def satisfied(self) -> bool:
        return len(self._values) >= self._threshold


class _Sum:
    """Exact for whole numbers that are not negative; others are refused when they are met."""

    def __init__(self, threshold: int) -> None:
        self._threshold, self._sum = threshold, 0

    def add(self, event: _Event) -> None:
        for amount in event.amounts:
            if amount < 0 or amount != int(amount):
                raise Refused("value_sum", f"{amount} is no whole number from 0, and only sums of those are exact.")
            self._sum += int(amount)

    def remove(self, event: _Event) -> None:
        self._sum -= sum(int(amount) for amount in event.amounts)

    def satisfied(self) -> bool:
        return self._sum >= self._threshold


class _Together:
    """Each member at least once, or the extended condition over which members there are."""

    def __init__(self, correlation: Correlation) -> None:
        self._names = [member.name for member in correlation.members]
        self._condition = correlation.expression.parsed if correlation.expression else None
        if self._condition is not None and _holds(self._condition, frozenset()):
            raise Refused("an extended condition without a positive part", "a silent window would satisfy it.")
        self._members: Counter[int] = Counter()

    def add(self, event: _Event) -> None:
        self._members.update(event.members)

    def remove(self, event: _Event) -> None:
        self._members.subtract(event.members)

    def satisfied(self) -> bool:
        present = frozenset(self._names[index] for index, count in self._members.items() if count > 0)
        return len(present) == len(self._names) if self._condition is None else _holds(self._condition, present)


def _holds(node: object, present: frozenset[str]) -> bool:
    match node:
        case SigmaRuleReference():
            return node.reference in present
        case CorrelationConditionAND():
            return all(_holds(arg, present) for arg in node.args)
        case CorrelationConditionOR():
            return any(_holds(arg, present) for arg in node.args)
        case CorrelationConditionNOT():
            return not _holds(node.args[0], present)
    raise AssertionError(node)


class _Ordered:
    """For each member the latest start of a chain that ends with it; a chain is in order, equal times included."""

    def __init__(self, members: int, timespan: int) -> None:
        self._starts: list[float | None] = [None] * members
        self._timespan = timespan
        self._now = 0.0
        self._instant: list[_Event] = []
        self._ended = False

    def add(self, event: _Event) -> None:
        if event.time != self._now:
            self._now, self._instant = event.time, []
        self._instant.append(event)
        present = {index for one in self._instant for index in one.members}
        for index in sorted(present):
            start = event.time if index == 0 else self._starts[index - 1]
            known = self._starts[index]
            if start is not None and (known is None or start > known):
                self._starts[index] = start
        self._ended = len(self._starts) - 1 in present

    def remove(self, event: _Event) -> None:
        """Nothing to forget: a start that is too old fails the comparison."""

    def satisfied(self) -> bool:
        start = self._starts[-1]
        return self._ended and start is not None and self._now - start <= self._timespan
