"""Bursts: spans that satisfy a correlation, joined where they share an event (docs/semantics.md, "Correlations").

Whatever finds the spans, the meaning itself or a query, joins them here, so that the same spans are the same hits.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Span:
    """The events from *start* to *end* satisfy a correlation, those of both times included; in µs since 1970."""

    start: int
    end: int


@dataclass(slots=True)
class Burst:
    """The events from the index *start* up to, not including, *end*; *first* is the time of its first completing event."""

    first: int
    start: int
    end: int


def joined(times: Sequence[int], spans: Iterable[Span]) -> list[Burst]:
    """The bursts of *spans*, which come in the order of their ends, among events of a group at *times*, in order."""
    found: list[Burst] = []
    for span in spans:
        burst = Burst(span.end, bisect_left(times, span.start), bisect_right(times, span.end))
        while found and burst.start < found[-1].end:
            earlier = found.pop()
            burst = Burst(earlier.first, min(earlier.start, burst.start), burst.end)
        found.append(burst)
    return found
