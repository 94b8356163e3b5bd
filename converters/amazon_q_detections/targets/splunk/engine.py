"""The engine `spl`: each rule's search, run on records by the interpreter of SPL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_q_detections import engine, found, record
from amazon_q_detections.found import Group
from amazon_q_detections.targets.splunk import Splunk, spl
from amazon_q_detections.targets.splunk.spl import Search, SplError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from amazon_q_detections.engine import Match, Record, Session
    from amazon_q_detections.errors import ContentError, Refused
    from amazon_q_detections.found import Key
    from amazon_q_detections.rule import Rule
    from amazon_q_detections.targets.splunk import SplunkQuery
    from amazon_q_detections.targets.splunk.spl import Row

_NUMBER = "_qdet_number"
"""The field in which a row carries its event's number; `fields` keeps those that start so."""


class SplEngine:
    """Runs searches as Splunk's manuals define them, on records as the Add-on for AWS shows them."""

    def __init__(self, schema: str, session: Session) -> None:  # noqa: ARG002  # it shares nothing
        self._schema = schema
        self._target = Splunk()

    def search(
        self,
        rules: Sequence[Rule],
        records: Iterable[Record],
        refused: Callable[[Refused], None] = engine.raise_refusal,
        lost: Callable[[ContentError], None] = engine.raise_lost,  # noqa: ARG002  # it holds any record
    ) -> Iterator[Match]:
        """See Engine."""
        searches = [_Search(query) for query in found.compiled(self._target, self._schema, rules, refused)]
        events = found.once(records) if searches else []
        rows = _rows(events)
        for one in searches:
            yield from one.matches(rows, events)

    def judge(self, rule: Rule, cases: Sequence[Sequence[Record]]) -> Sequence[bool]:
        """See Engine."""
        (query,) = found.compiled(self._target, self._schema, [rule], engine.raise_refusal)
        search = _Search(query)
        return [any(True for _ in search.matches(_rows(events), events)) for events in map(found.once, cases)]


def _rows(events: Sequence[Record]) -> list[Row]:
    return [{**spl.row(event), _NUMBER: float(number)} for number, event in enumerate(events)]


class _Search:
    """A rule's search in its parts, parsed once."""

    def __init__(self, query: SplunkQuery) -> None:
        parts = query.parts
        self._rule = query.rule
        self._keys = [name for name, _ in parts.groups]
        self._shown = [name for _, name in parts.groups]
        self._selection = Search.parse("\n| ".join(parts.selection))
        self._grouping, self._sliding, self._show = map(Search.of, (parts.grouping, parts.sliding, parts.show))

    def matches(self, rows: list[Row], events: Sequence[Record]) -> Iterator[Match]:
        """What the search finds."""
        selected = self._selection.run(rows)
        if not self._rule.is_correlation:
            self._show.run(selected)  # which decides nothing, and is to run
            yield from found.singles(self._rule, [_number(row) for row in selected], events)
            return
        timed = (row for row in selected if record.microseconds(events[_number(row)]) is not None)
        grouped = self._grouping.run(timed)
        complete = self._sliding.run(grouped)
        groups: dict[Key, Group] = {}
        for row in grouped:
            groups.setdefault(self._key(row), Group()).events.add(_number(row))
        for row in complete:
            groups[self._key(row)].completed.add(round(float(str(row["_time"])) * record.SECOND))
        self._compare(complete, groups)
        yield from found.bursts(self._rule, groups, events)

    def _key(self, row: Row) -> Key:
        return tuple(str(row[name]) for name in self._keys)

    def _compare(self, complete: list[Row], groups: dict[Key, Group]) -> None:
        """The rows that a person sees are the groups that have a burst."""
        shown = sorted(tuple(str(row[name]) for name in self._shown) for row in self._show.run(complete))
        if shown != sorted(key for key, group in groups.items() if group.completed):
            raise SplError(f"the search of {self._rule.stem} shows other groups than it has found.")


def _number(row: Row) -> int:
    return int(float(str(row[_NUMBER])))
