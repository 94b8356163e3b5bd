"""`stats`, `eventstats` and `streamstats` (Search Reference): functions over the rows of each group."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amazon_q_detections.targets.splunk.spl.value import Row, SplError, Value, number, text, texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amazon_q_detections.targets.splunk.spl.expression import Context

_FUNCTION = re.compile(r"(\w+)(?:\(\s*([^()]*?)\s*\))?(?:\s+as\s+([\w.{}\"]+))?(?:\s*,\s*|\s+|$)", re.IGNORECASE)
_OPTION = re.compile(r"\b(window|current|global|time_window|reset_on_change|allnum)=(\S+)\s*")
_BY = re.compile(r"(?:^|\s)by\s+", re.IGNORECASE)
_KNOWN = {"count", "dc", "distinct_count", "min", "max", "sum", "last", "first", "values", "earliest", "latest"}


@dataclass(frozen=True, slots=True)
class _Function:
    function: str
    field: str
    name: str


@dataclass(frozen=True, slots=True)
class Statistics:
    """A parsed command: its options, functions and group-by fields."""

    options: dict[str, str]
    functions: tuple[_Function, ...]
    by: tuple[str, ...]
    context: Context

    @classmethod
    def parse(cls, source: str, context: Context) -> Statistics:
        """Raises SplError for a function or option that is unknown here."""
        options = dict(_OPTION.findall(source))
        told, *groups = _BY.split(_OPTION.sub("", source), maxsplit=1)
        functions, place = [], 0
        while place < len(told.strip()):
            one = _FUNCTION.match(told.strip(), place)
            if one is None or one[1] not in _KNOWN:
                raise SplError(f"{told.strip()[place : place + 40]!r} is no statistical function that is known here.")
            field = (one[2] or "").strip('"')
            name = one[3] or (f"{one[1]}({field})" if field else one[1])
            functions.append(_Function(one[1], field, name.strip('"')))
            place = one.end()
        by = [name.strip('"') for name in re.split(r"[,\s]+", groups[0].strip())] if groups else []
        return cls(options, tuple(functions), tuple(by), context)

    def of(self, rows: Sequence[Row]) -> Row:
        """The values of the functions on *rows*; one that has none is left out."""
        found = ((one.name, _aggregated(one, rows)) for one in self.functions)
        return {name: value for name, value in found if value is not None}

    def key(self, row: Row) -> tuple[str, ...]:
        """The group of a row; whether texts that differ in case only are one is undocumented."""
        keys = tuple(text(row[name]) for name in self.by)
        return tuple(map(str.lower, keys)) if self.context.reading.case_joined else keys


def _aggregated(one: _Function, rows: Sequence[Row]) -> Value:
    if one.function == "count" and not one.field:
        return float(len(rows))
    found = [row[one.field] for row in rows if row.get(one.field) is not None]
    match one.function:
        case "count":
            return float(sum(len(texts(value)) for value in found))
        case "dc" | "distinct_count":
            return float(len({value for several in found for value in texts(several)}))
        case "values":
            return sorted({value for several in found for value in texts(several)}) or None
    if not found:
        return None
    match one.function:
        case "last":
            return found[-1]
        case "first":
            return found[0]
        case "earliest" | "latest":
            timed = [(number(row["_time"]), row[one.field]) for row in rows if row.get(one.field) is not None]
            return (min if one.function == "earliest" else max)(timed, key=lambda pair: pair[0])[1]
    numbers = [number(value) for value in found]
    return sum(numbers) if one.function == "sum" else min(numbers) if one.function == "min" else max(numbers)


def stats(told: Statistics, table: list[Row]) -> list[Row]:
    """A row a group; without `by` one row, also of no rows.

    A row without a group-by field takes no part; one with several values there is in the group of each.
    """
    groups: dict[tuple[str, ...], tuple[Row, list[Row]]] = {} if told.by else {(): ({}, [])}
    for row in table:
        for one in _spread(row, told.by):
            keys: Row = {name: one[name] for name in told.by}
            groups.setdefault(told.key(one), (keys, []))[1].append(row)
    return [{**keys, **told.of(rows)} for keys, rows in groups.values()]


def _spread(row: Row, by: tuple[str, ...]) -> list[Row]:
    found = [row] if all(row.get(name) is not None for name in by) else []
    for name in by:
        found = [{**one, name: value} for one in found for value in _each(one[name])]
    return found


def _each(value: Value) -> Sequence[Value]:
    return value if isinstance(value, list) else [value]


def eventstats(told: Statistics, table: list[Row]) -> list[Row]:
    """Each row with the values of its group; a row without a group-by field stays as it is."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in table:
        if all(row.get(name) is not None for name in told.by):
            groups.setdefault(told.key(row), []).append(row)
    values = {key: told.of(rows) for key, rows in groups.items()}
    return [{**row, **(values[told.key(row)] if all(row.get(name) is not None for name in told.by) else {})} for row in table]


def streamstats(told: Statistics, table: list[Row]) -> list[Row]:
    """Each row with the values over the rows of its group up to it.

    `time_window` is documented in two ways, and without `window` the pages give two defaults: both are errors, and so are a
    group of no or of several values, and a `window` over all groups together.
    """
    if "time_window" in told.options or "window" not in told.options:
        raise SplError("streamstats needs window=, and its time_window is documented in two ways.")
    window = int(told.options["window"])
    if window and told.options.get("global") != "f":
        raise SplError("streamstats with a window needs global=f, else it is one window for all groups.")
    current = told.options.get("current", "t") == "t"
    seen: dict[tuple[str, ...], _Running] = {}
    made = []
    for row in table:
        if not all(isinstance(row.get(name), str | float) for name in told.by):
            raise SplError(f"streamstats by a field without one value is undocumented: {told.by}.")
        running = seen.setdefault(told.key(row), _Running(told, window))
        names = {one.name for one in told.functions}
        kept: Row = {name: value for name, value in row.items() if name not in names}
        before = {} if current else running.values()
        running.add(row)
        made.append({**kept, **(running.values() if current else before)})
    return made


class _Running:
    """The rows of one group so far: the last *window* of them, or, without a bound, what the functions make of all."""

    def __init__(self, told: Statistics, window: int) -> None:
        self._told, self._window = told, window
        self._rows: list[Row] = []
        self._made: Row = {}

    def add(self, row: Row) -> None:
        """Take *row* in."""
        if self._window:
            self._rows = [*self._rows, row][-self._window :]
            return
        for one in self._told.functions:
            value = row.get(one.field) if one.field else 1.0
            if value is not None:
                self._made[one.name] = _joined(one.function, self._made.get(one.name), value)

    def values(self) -> Row:
        """The values over the rows taken in."""
        if self._window:
            return self._told.of(self._rows) if self._rows else {}
        return dict(self._made)


def _joined(function: str, before: Value, value: Value) -> Value:
    """What a function gives of all rows, from what it gave before the last one."""
    match function:
        case "count":
            return (0.0 if before is None else number(before)) + 1
        case "sum":
            return (0.0 if before is None else number(before)) + number(value)
        case "min" | "max":
            pair = (number(value), number(value if before is None else before))
            return min(pair) if function == "min" else max(pair)
        case "last":
            return value
        case "first":
            return value if before is None else before
    raise SplError(f"streamstats {function} over all rows is unknown here.")
