"""The engine `logs_insights`: each rule's query, run on records by the interpreter of Logs Insights QL."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from amazon_q_detections import engine, found
from amazon_q_detections.found import Group
from amazon_q_detections.targets.cloudwatch import CloudWatch, insights
from amazon_q_detections.targets.cloudwatch.insights import Query
from sigma.backends.cloudwatch_logs_insights.query import piped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from amazon_q_detections.engine import Match, Record, Session
    from amazon_q_detections.errors import ContentError, Refused
    from amazon_q_detections.found import Key
    from amazon_q_detections.rule import Rule
    from amazon_q_detections.targets.cloudwatch import InsightsQuery
    from amazon_q_detections.targets.cloudwatch.insights import Row

_NUMBER = "@qdetNumber"
"""The field in which a row carries its event's number."""

_MICROSECONDS = 1000  # in a millisecond


class LogsInsightsEngine:
    """Runs queries as the CloudWatch Logs User Guide defines them, on records as a trail delivers them."""

    def __init__(self, schema: str, session: Session) -> None:  # noqa: ARG002  # it shares nothing
        self._schema = schema
        self._target = CloudWatch()

    def search(
        self,
        rules: Sequence[Rule],
        records: Iterable[Record],
        refused: Callable[[Refused], None] = engine.raise_refusal,
        lost: Callable[[ContentError], None] = engine.raise_lost,  # noqa: ARG002  # it holds any record
    ) -> Iterator[Match]:
        """See Engine."""
        queries = [_Query(query) for query in found.compiled(self._target, self._schema, rules, refused)]
        events = found.once(records) if queries else []
        rows = _rows(events)
        for one in queries:
            yield from one.matches(rows, events)

    def judge(self, rule: Rule, cases: Sequence[Sequence[Record]]) -> Sequence[bool]:
        """See Engine."""
        (query,) = found.compiled(self._target, self._schema, [rule], engine.raise_refusal)
        one = _Query(query)
        return [any(True for _ in one.matches(_rows(events), events)) for events in map(found.once, cases)]


def _rows(events: Sequence[Record]) -> list[Row]:
    return [{**insights.row(event), _NUMBER: number} for number, event in enumerate(events)]


class _Query:
    """A rule's query in its parts, parsed once.

    A correlation's query judges the window that ends with its run, so it is run once for each time at which an event happens.
    """

    def __init__(self, query: InsightsQuery) -> None:
        parts = query.parts
        self._rule = query.rule
        self._names = parts.by
        if not query.rule.is_correlation:
            self._selecting, self._showing = Query.parse(piped(parts.commands)), Query.parse(piped(parts.tail))
            return
        named = [f"{place} as {name}" for place, name in zip(parts.places, _keyed(parts.by), strict=True)]
        self._selecting = Query.parse(piped(parts.selecting))
        self._naming = Query.parse(f"fields {', '.join(named)}") if named else None
        self._counting = Query.parse(piped((*parts.counting, *parts.tail)))

    def matches(self, rows: list[Row], events: Sequence[Record]) -> Iterator[Match]:
        """What the query finds."""
        if not self._rule.is_correlation:
            selected = self._selecting.run(rows)
            self._showing.run(selected)  # which decides nothing but how many are shown, and is to run
            yield from found.singles(self._rule, [row[_NUMBER] for row in selected], events)
            return
        selected = [row for row in self._selecting.run(rows) if row.get("q_t") is not None]
        selected.sort(key=lambda row: row["q_t"])
        groups: dict[Key, Group] = {}
        present: dict[float, set[Key]] = {}
        for row in self._naming.run(selected) if self._naming else selected:
            key = tuple(str(row[name]) for name in _keyed(self._names))
            groups.setdefault(key, Group()).events.add(row[_NUMBER])
            present.setdefault(row["q_t"], set()).add(key)
        for moment, keys in present.items():
            for key in keys & self._satisfied(selected, moment):
                groups[key].completed.add(int(moment) * _MICROSECONDS)
        yield from found.bursts(self._rule, groups, events)

    def _satisfied(self, selected: list[Row], moment: float) -> set[Key]:
        """The groups that the query gives in the run that judges the window up to *moment*, in ms."""
        schedule = self._rule.schedule
        first = bisect_left(selected, moment - self._rule.timespan * 1000, key=_time)
        last = bisect_right(selected, moment, key=_time)
        shown = self._counting.run(selected[first:last], moment / 1000 + schedule.delay)
        return {tuple(str(row[name]) for name in self._names) for row in shown}


def _keyed(names: tuple[str, ...]) -> list[str]:
    return [f"q_of_{name}" for name in names]


def _time(row: Row) -> float:
    return float(row["q_t"])
