"""What a compiled query finds in records, told as matches: single events, and the bursts of a correlation.

Engines that run queries share it, so that what they find is told in the same way as by the meaning itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from amazon_q_detections import burst, correlation, engine, record
from amazon_q_detections.burst import Span
from amazon_q_detections.engine import Match, Unseen
from amazon_q_detections.errors import ContentError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from amazon_q_detections.engine import Record
    from amazon_q_detections.rule import Rule
    from amazon_q_detections.target import Q, Target

Key = tuple[str, ...]


@dataclass(slots=True)
class Group:
    """A group of a correlation: its events by their numbers, and the times (µs) at which its window is complete."""

    events: set[int] = field(default_factory=set)
    completed: set[int] = field(default_factory=set)


def compiled(target: Target[Q], schema: str, rules: Iterable[Rule], refused: Callable[[Refused], None]) -> list[Q]:
    """The queries of *rules*, those of single events first; *refused* is told of each rule that has none."""
    queries: list[Q] = []
    for rule in rules:
        try:
            with rule.blamed():
                queries.append(target.compile(rule, schema))
        except Refused as error:
            refused(error.within(stem=rule.stem, target=target.name))
        except ContentError as error:
            refused(Refused("a rule that is none", str(error), stem=rule.stem, target=target.name))
    return sorted(queries, key=lambda query: query.rule.is_correlation)


def once(records: Iterable[Record]) -> list[Record]:
    """The records, each once by its id."""
    new = Unseen()
    return [event for event in records if new(event)]


def singles(rule: Rule, numbers: Iterable[int], events: Sequence[Record]) -> Iterator[Match]:
    """A match for each of the events with these *numbers*."""
    for number in numbers:
        yield Match(rule, record.iso_time(events[number]), engine.ids_of((events[number],)))


def bursts(rule: Rule, groups: Mapping[Key, Group], events: Sequence[Record]) -> Iterator[Match]:
    """A match for each burst of each group, by time; the groups have the values of the keys in the rule's order."""
    names = key_names(rule)
    found: list[tuple[int, Key, Match]] = []
    for key, group in groups.items():
        timed = sorted(
            (moment, number) for number in group.events if (moment := record.microseconds(events[number])) is not None
        )
        times = [moment for moment, _ in timed]
        spans = (Span(moment - rule.timespan * record.SECOND, moment) for moment in sorted(group.completed))
        for one in burst.joined(times, spans):
            ids = engine.ids_of(events[number] for _, number in timed[one.start : one.end])
            found.append((one.first, key, Match(rule, record.iso(one.first), ids, dict(zip(names, key, strict=True)))))
    yield from (match for *_, match in sorted(found, key=lambda one: one[:2]))


def key_names(rule: Rule) -> list[str]:
    """The names of a correlation's group-by keys, as the rule has them."""
    main = rule.collection().rules[-1]
    return [key.name for key in correlation.of_rule(main).group_by]  # type: ignore[arg-type]  # the main rule of a correlation
