"""The commands of a query (CloudWatch Logs User Guide, "CloudWatch Logs Insights language query syntax"), each parsed once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from amazon_q_detections.targets.cloudwatch.insights import expression, tokens
from amazon_q_detections.targets.cloudwatch.insights.value import InsightsError, Parsed, Row, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from amazon_q_detections.targets.cloudwatch.insights.expression import Context, Evaluated

    Stage = Callable[[list[Row]], list[Row]]

_NAMED = re.compile(r"(.*)\s+as\s+([@A-Za-z_]\w*)", re.DOTALL)
_AGGREGATE = re.compile(r"(\w+)\((.*)\)(?:\s+as\s+(\w+))?", re.DOTALL)
_SORTED = re.compile(r"(\S+)\s+(asc|desc)")


def stage(source: str, context: Context) -> Stage:
    """One command; raises InsightsError for one that is unknown here."""
    name, _, rest = source.strip().partition(" ")
    parse = _COMMANDS.get(name.lower())
    if parse is None:
        raise InsightsError(f"the command {name!r} is unknown here.")
    return parse(rest.strip(), context)


def _filter(source: str, context: Context) -> Stage:
    test = expression.compiled(source, context)
    return lambda table: [row for row in table if test(row) is True]


def _fields(source: str, context: Context) -> Stage:
    """New names for expressions; a field by its own name is only shown."""
    named: list[tuple[str, Evaluated]] = []
    for part in tokens.split(source):
        found = _NAMED.fullmatch(part)
        if found is None:
            expression.compiled(part, context)
        else:
            named.append((found[2], expression.compiled(found[1], context)))

    def run(table: list[Row]) -> list[Row]:
        made = []
        for row in table:
            one = dict(row)
            for name, value_of in named:
                if name in one:
                    raise InsightsError(f"{name} is defined twice: an ephemeral field cannot be.")
                # All of one command are made of the fields before it: a dot into a parsed value needs a later command.
                value = value_of(row)
                if value is not None:
                    one[name] = value
            made.append(one)
        return made

    return run


def _stats(source: str, context: Context) -> Stage:
    """A row a group; a missing group-by key is undocumented, and maps and lists are not supported."""
    told, *groups = re.split(r"\s+by\s+", source, maxsplit=1)
    keys = [_key(part, context) for part in tokens.split(groups[0])] if groups else []
    aggregates = [_aggregate(part, context) for part in tokens.split(told)]

    def run(table: list[Row]) -> list[Row]:
        found: dict[tuple[Any, ...], list[Row]] = {}
        for row in table:
            group = tuple(value_of(row) for _, value_of in keys)
            if any(value is None or isinstance(value, Parsed) for value in group):
                raise InsightsError("stats groups by a field that is missing, or a map or list.")
            found.setdefault(group, []).append(row)
        return [
            {
                **{name: value for (name, _), value in zip(keys, group, strict=True)},
                **{name: value for name, of in aggregates if (value := of(rows)) is not None},
            }
            for group, rows in found.items()
        ]

    return run


def _key(source: str, context: Context) -> tuple[str, Evaluated]:
    found = _NAMED.fullmatch(source)
    return (found[2], expression.compiled(found[1], context)) if found else (source, expression.compiled(source, context))


def _aggregate(source: str, context: Context) -> tuple[str, Callable[[list[Row]], Any]]:
    found = _AGGREGATE.fullmatch(source)
    if found is None:
        raise InsightsError(f"{source!r} is no aggregate.")
    function, inside, name = found[1].lower(), found[2].strip(), found[3] or source
    if function == "count" and inside in ("*", ""):
        return name, lambda rows: float(len(rows))
    value_of = expression.compiled(inside, context)
    aggregate = _AGGREGATES.get(function)
    if aggregate is None:
        raise InsightsError(f"the aggregate {function} is unknown here.")
    return name, lambda rows: aggregate([value for row in rows if (value := value_of(row)) is not None])


def _numbers(values: list[Any]) -> list[float]:
    return [found for value in values if (found := number(value)) is not None]


_AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {
    "avg": lambda values: sum(found) / len(found) if (found := _numbers(values)) else None,
    "count": lambda values: float(len(values)),
    "count_distinct": lambda values: float(len(set(map(str, values)))),
    "max": lambda values: max(_numbers(values), default=None),
    "min": lambda values: min(_numbers(values), default=None),
    "sum": lambda values: sum(_numbers(values)),
}


def _display(source: str, context: Context) -> Stage:
    """The fields that are shown; the rows stay as they are, since what follows may sort by any."""
    for part in tokens.split(source):
        expression.compiled(part, context)
    return lambda table: table


def _sort(source: str, context: Context) -> Stage:
    keys = []
    for part in reversed(tokens.split(source)):
        found = _SORTED.fullmatch(part)
        if found is None:
            raise InsightsError(f"sort {part!r}: name asc or desc.")
        keys.append((expression.compiled(found[1], context), found[2] == "desc"))

    def run(table: list[Row]) -> list[Row]:
        for value_of, backwards in keys:
            table = sorted(table, key=lambda row: _ordered(value_of(row)), reverse=backwards)  # called at once
        return table

    return run


def _ordered(value: Any) -> tuple[int, float, str]:
    """Others come before numbers, in an ascending order."""
    found = number(value) if value is not None else None
    return (0, 0.0, str(value)) if found is None else (1, found, "")


def _limit(source: str, _: Context) -> Stage:
    if not source.isdigit():
        raise InsightsError(f"limit {source!r} is no number.")
    return lambda table: table[: int(source)]


def _dedup(source: str, context: Context) -> Stage:
    """The first row of each combination of values, also of none (User Guide, "dedup")."""
    keys = [expression.compiled(part, context) for part in tokens.split(source)]
    return lambda table: list({tuple(str(value_of(row)) for value_of in keys): row for row in reversed(table)}.values())[::-1]


_COMMANDS: dict[str, Callable[[str, Context], Stage]] = {
    "dedup": _dedup,
    "display": _display,
    "fields": _fields,
    "filter": _filter,
    "limit": _limit,
    "sort": _sort,
    "stats": _stats,
    "where": _filter,
}
