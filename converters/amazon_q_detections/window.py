"""What is inside a sliding window: does some span of it, up to now, satisfy a correlation?"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Any, Protocol

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionNOT,
    CorrelationConditionOR,
    SigmaRuleReference,
)

from amazon_q_detections.correlation import Correlation
from amazon_q_detections.errors import Refused
from amazon_q_detections.record import SECOND


@dataclass(frozen=True, slots=True)
class Event:
    """A record that takes part: its time (µs), the members it matches, its counted values and the numbers among them."""

    time: int
    members: tuple[int, ...]
    values: tuple[str, ...]
    amounts: tuple[int | Fraction, ...]
    source: Mapping[str, Any]


class Window(Protocol):
    """Told of the events that enter, in the order of time, and of those that leave, in the same order."""

    def add(self, event: Event) -> None: ...

    def remove(self, event: Event) -> None: ...

    def since(self) -> float | None:
        """From when on (µs) the events up to now satisfy the condition: -inf for all that are inside, None for none.

        To be asked once all events of one time are inside.
        """


def maker(correlation: Correlation) -> Callable[[], Window]:
    """What makes an empty window for a group; raises Refused for what is not exact on a sliding window."""
    match correlation.kind:
        case "event_count":
            least = correlation.threshold
            return lambda: _Count(least)
        case "value_count":
            least = correlation.threshold
            return lambda: _Distinct(least)
        case "value_sum":
            strict = correlation.op == "gt"
            bound = correlation.threshold - strict  # a sum need not be whole, so `gt 10` is not `gte 11`
            return lambda: _Sum(bound, strict=strict)
        case "temporal":
            if correlation.expression is None:
                return lambda: _Together(len(correlation.members))
            return lambda: _Combined(correlation)
        case "temporal_ordered":
            if correlation.expression is not None:
                raise Refused("temporal_ordered with an extended condition", "an order of alternatives is not defined.")
            return lambda: _Ordered(len(correlation.members), correlation.timespan * SECOND)
    reason = "some span of one event would nearly always satisfy it, since spans of any length count."
    raise Refused(f"a correlation of type {correlation.kind}", reason)


class _Count:
    def __init__(self, least: int) -> None:
        self._least, self._events = least, 0

    def add(self, event: Event) -> None:  # noqa: ARG002  # the other windows look at the event
        self._events += 1

    def remove(self, event: Event) -> None:  # noqa: ARG002  # the other windows look at the event
        self._events -= 1

    def since(self) -> float | None:
        return -inf if self._events >= self._least else None


class _Distinct:
    def __init__(self, least: int) -> None:
        self._least = least
        self._values: Counter[str] = Counter()

    def add(self, event: Event) -> None:
        self._values.update(event.values)

    def remove(self, event: Event) -> None:
        for value in event.values:
            self._values[value] -= 1
            if not self._values[value]:
                del self._values[value]

    def since(self) -> float | None:
        return -inf if len(self._values) >= self._least else None


class _Sum:
    """The largest sum of a span that ends now; a negative amount makes a shorter span the better one.

    A span from s to now has what is summed up to now less what had been summed before s. So the lowest of these earlier
    sums decides, and of the others only those are kept that are higher and later, from which the lowest comes next.
    """

    def __init__(self, bound: int, *, strict: bool) -> None:
        self._bound, self._strict = bound, strict
        self._sum: int | Fraction = 0
        self._now = -inf
        self._starts: deque[tuple[float, int | Fraction]] = deque()

    def add(self, event: Event) -> None:
        if event.time != self._now:
            self._now = event.time
            while self._starts and self._starts[-1][1] > self._sum:
                self._starts.pop()
            self._starts.append((event.time, self._sum))
        self._sum += sum(event.amounts)

    def remove(self, event: Event) -> None:
        while self._starts and self._starts[0][0] <= event.time:
            self._starts.popleft()

    def since(self) -> float | None:
        start, before = self._starts[0]
        most = self._sum - before
        return start if most > self._bound or (most == self._bound and not self._strict) else None


class _Together:
    """Each member at least once."""

    def __init__(self, members: int) -> None:
        self._counts = [0] * members

    def add(self, event: Event) -> None:
        for index in event.members:
            self._counts[index] += 1

    def remove(self, event: Event) -> None:
        for index in event.members:
            self._counts[index] -= 1

    def since(self) -> float | None:
        return -inf if all(self._counts) else None


class _Combined:
    """An extended condition over which members there are.

    Going back from now, a member enters the span at the time when it was last seen, so there are no more different spans
    than members. `not` can make a short one satisfy the condition that a longer one does not.
    """

    def __init__(self, correlation: Correlation) -> None:
        assert correlation.expression is not None
        self._names = [member.name for member in correlation.members]
        self._condition = correlation.expression.parsed
        if _holds(self._condition, frozenset()):
            raise Refused("an extended condition without a positive part", "a silent window would satisfy it.")
        self._seen: dict[str, float] = {}

    def add(self, event: Event) -> None:
        for index in event.members:
            self._seen[self._names[index]] = event.time

    def remove(self, event: Event) -> None:
        for index in event.members:
            if self._seen.get(self._names[index]) == event.time:
                del self._seen[self._names[index]]

    def since(self) -> float | None:
        """The start of the longest such span."""
        times = sorted({-inf, *self._seen.values()})
        for left_out in times[:-1]:
            if _holds(self._condition, frozenset(name for name, time in self._seen.items() if time > left_out)):
                return left_out + 1
        return None


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
        self._now = -inf
        self._present: set[int] = set()

    def add(self, event: Event) -> None:
        if event.time != self._now:
            self._now, self._present = event.time, set()
        if self._present.issuperset(event.members):
            return
        self._present.update(event.members)
        for index in sorted(self._present):
            start = event.time if index == 0 else self._starts[index - 1]
            known = self._starts[index]
            if start is not None and (known is None or start > known):
                self._starts[index] = start

    def remove(self, event: Event) -> None:
        """Nothing to forget: a start that is too old fails the comparison."""

    def since(self) -> float | None:
        start = self._starts[-1]
        return -inf if start is not None and self._now - start <= self._timespan else None
