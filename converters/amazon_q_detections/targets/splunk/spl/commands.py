"""The commands of a pipeline (Search Reference), each parsed once into a function from table to table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from amazon_q_detections.targets.splunk.spl import expression, regular, statistics, terms, tokens
from amazon_q_detections.targets.splunk.spl.functions import is_null
from amazon_q_detections.targets.splunk.spl.statistics import Statistics
from amazon_q_detections.targets.splunk.spl.value import Row, SplError, Value, number, texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from amazon_q_detections.targets.splunk.spl.expression import Context

    Stage = Callable[[list[Row]], list[Row]]

_ASSIGNMENT = re.compile(r"""(\w+|"[^"]+"|'[^']+')\s*=(?!=)\s*(.*)""", re.DOTALL)
_REGEX = re.compile(r'(?:([\w.{}]+)\s*(!?=)\s*)?("(?:[^"\\]|\\.)*")', re.DOTALL)
_REX = re.compile(r'field=("[^"]*"|[\w.{}]+)\s+("(?:[^"\\]|\\.)*")', re.DOTALL)
_BIN = re.compile(r"_time\s+span=(\d+)([smhd])|span=(\d+)([smhd])\s+_time")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def stage(source: str, context: Context) -> Stage:
    """One command; raises SplError for one that is unknown here."""
    name, _, rest = source.replace("\n", " ").strip().partition(" ") if "\n" not in source else _named(source)
    parse = _COMMANDS.get(name.lower())
    if parse is None:
        raise SplError(f"the command {name!r} is unknown here.")
    return parse(rest.strip(), context)


def _named(source: str) -> tuple[str, str, str]:
    found = re.match(r"\s*(\S+)\s*(.*)", source, re.DOTALL)
    return (found[1], "", found[2]) if found else ("", "", "")


def _search(source: str, _: Context) -> Stage:
    matches = terms.compiled(source)
    return lambda table: [row for row in table if matches(row)]


def _where(source: str, context: Context) -> Stage:
    test = expression.compiled(source, context)
    return lambda table: [row for row in table if test(row) is True]


def _eval(source: str, context: Context) -> Stage:
    parts = []
    for part in tokens.split(source):
        found = _ASSIGNMENT.fullmatch(part)
        if found is None:
            raise SplError(f"{part!r} assigns nothing.")
        parts.append((found[1].strip("\"'"), expression.compiled(found[2], context)))

    def run(table: list[Row]) -> list[Row]:
        made = []
        for row in table:
            one = dict(row)
            for name, value_of in parts:
                _assign(one, name, value_of(one), context)
            made.append(one)
        return made

    return run


def _assign(row: Row, name: str, value: Value, context: Context) -> None:
    if isinstance(value, bool):
        raise SplError(f"{name} cannot hold a Boolean.")
    if is_null(context.reading, value):
        row.pop(name, None)
    else:
        row[name] = value[0] if isinstance(value, list) and len(value) == 1 else value


def _regex(source: str, context: Context) -> Stage:
    """`regex field="…"`: rows in whose field the expression is found, or with != is not."""
    found = _REGEX.fullmatch(source)
    if found is None:
        raise SplError(f"regex {source!r} is unknown here.")
    name, wanted = found[1] or "_raw", found[2] != "!="
    matches = regular.found(tokens.unquoted(found[3]), bytes_only=context.reading.bytes_only)

    def keeps(row: Row) -> bool:
        values = texts(row.get(name))
        if not wanted and len(values) != 1:
            raise SplError("regex != on no or several values is undocumented.")
        return any(map(matches, values)) is wanted

    return lambda table: [row for row in table if keeps(row)]


def _rex(source: str, _: Context) -> Stage:
    """`rex field=f "(?<name>…)"`: the first match of each group as a field."""
    found = _REX.fullmatch(source)
    if found is None:
        raise SplError(f"rex {source!r} is unknown here.")
    name, pattern = found[1].strip('"'), regular.expression(tokens.unquoted(found[2]))

    def run(table: list[Row]) -> list[Row]:
        made = []
        for row in table:
            first = next((one for value in texts(row.get(name)) if (one := pattern.search(value))), None)
            groups = {key: value for key, value in (first.groupdict() if first else {}).items() if value is not None}
            made.append({**row, **groups})
        return made

    return run


def _bin(source: str, _: Context) -> Stage:
    """`bin _time span=…`: windows side by side, that start at multiples of the span since 1970."""
    found = _BIN.fullmatch(source)
    if found is None:
        raise SplError(f"bin {source!r} is unknown here.")
    span = int(found[1] or found[3]) * _SECONDS[found[2] or found[4]]
    return lambda table: [{**row, "_time": number(row["_time"]) // span * span} for row in table]


def _sort(source: str, _: Context) -> Stage:
    """By keys, the first one most; a minus before one turns it round. Only `sort 0` keeps all rows."""
    limit, *keys = re.split(r"[,\s]+", re.sub(r"-\s+", "-", source))
    if limit != "0" or not keys:
        raise SplError("sort without 0 drops rows beyond 10,000.")

    def run(table: list[Row]) -> list[Row]:
        _refuse_large_rows(table)
        for key in reversed(keys):
            name = key.lstrip("+-")
            table = sorted(table, key=lambda row: _ordered(row.get(name)), reverse=key.startswith("-"))
        return table

    return run


def _ordered(value: Value) -> tuple[int, float, str]:
    return (0, value, "") if isinstance(value, float) else (1, 0.0, str(value))


def _refuse_large_rows(table: list[Row]) -> None:
    """sort and mvexpand hold all rows at once, mvexpand up to a limit beyond which it cuts off (limits.conf, [mvexpand])."""
    if any("_raw" in row for row in table):
        raise SplError("rows still hold the raw event where a command keeps all of them in memory.")


def _fields(source: str, _: Context) -> Stage:
    """The fields named, with _raw and _time; after a minus all but those named."""
    without = source.startswith("-")
    names = {name.strip('"') for name in re.split(r"[,\s]+", source.lstrip("+- "))}
    if without:
        return lambda table: [{name: value for name, value in row.items() if name not in names} for row in table]
    return lambda table: [{name: value for name, value in row.items() if name in names or name[0] == "_"} for row in table]


def _table(source: str, _: Context) -> Stage:
    names = [name.strip('"') for name in re.split(r"[,\s]+", source)]
    return lambda table: [{name: row.get(name) for name in names} for row in table]


def _rename(source: str, _: Context) -> Stage:
    names = {old.strip('"'): new.strip('"') for old, new in re.findall(r'("[^"]+"|\S+)\s+as\s+("[^"]+"|[^\s,]+)', source, re.I)}
    if not names:
        raise SplError(f"rename {source!r} is unknown here.")
    return lambda table: [{names.get(name, name): value for name, value in row.items()} for row in table]


def _mvexpand(source: str, context: Context) -> Stage:
    """A row for each value; whether a row without one stays is undocumented."""

    def run(table: list[Row]) -> list[Row]:
        _refuse_large_rows(table)
        made: list[Row] = []
        for row in table:
            others = {name: value for name, value in row.items() if name != source}
            kept = [value for value in texts(row.get(source)) if not is_null(context.reading, value)]
            made.extend([{**others, source: value} for value in kept] or [others] * context.reading.nulls_expand)
        return made

    return run


def _dedup(source: str, _: Context) -> Stage:
    """The first row of each combination of values; rows without one of the fields go."""
    names = [name.strip('"') for name in re.split(r"[,\s]+", source)]

    def run(table: list[Row]) -> list[Row]:
        kept: dict[tuple[str, ...], Row] = {}
        for row in table:
            if all(row.get(name) is not None for name in names):
                kept.setdefault(tuple(str(row[name]) for name in names), row)
        return list(kept.values())

    return run


def _head(source: str, _: Context) -> Stage:
    if not re.fullmatch(r"\d*", source):
        raise SplError("head with a condition is unknown here.")
    return lambda table: table[: int(source or 10)]


def _fillnull(source: str, _: Context) -> Stage:
    found = re.fullmatch(r'(?:value=("[^"]*"|\S+)\s+)?([\w.,{}\s]+)', source)
    if found is None:
        raise SplError("fillnull without fields is unknown here.")
    value, names = (found[1] or "0").strip('"'), re.split(r"[,\s]+", found[2].strip())
    return lambda table: [{**{name: value for name in names if row.get(name) is None}, **row} for row in table]


def _statistical(run: Callable[[Statistics, list[Row]], list[Row]]) -> Callable[[str, Context], Stage]:
    def parse(source: str, context: Context) -> Stage:
        told = Statistics.parse(source, context)
        return lambda table: run(told, table)

    return parse


def _multisearch(source: str, context: Context) -> Stage:
    """The rows of several streaming searches, newest first as a search gives them."""
    legs = re.findall(r'\[((?:"(?:[^"\\]|\\.)*"|[^"\]])*)\]', source)
    parsed = [[stage(command, context) for command in tokens.commands(leg)] for leg in legs]
    if len(parsed) < 2:
        raise SplError("multisearch takes two searches or more.")

    def run(table: list[Row]) -> list[Row]:
        made: list[Row] = []
        for leg in parsed:
            rows = table
            for one in leg:
                rows = one(rows)
            made.extend(rows)
        return sorted(made, key=lambda row: -number(row["_time"]))

    return run


_COMMANDS: dict[str, Callable[[str, Context], Stage]] = {
    "bin": _bin,
    "dedup": _dedup,
    "eval": _eval,
    "eventstats": _statistical(statistics.eventstats),
    "fields": _fields,
    "fillnull": _fillnull,
    "head": _head,
    "multisearch": _multisearch,
    "mvexpand": _mvexpand,
    "regex": _regex,
    "rename": _rename,
    "rex": _rex,
    "search": _search,
    "sort": _sort,
    "stats": _statistical(statistics.stats),
    "streamstats": _statistical(statistics.streamstats),
    "table": _table,
    "where": _where,
}
