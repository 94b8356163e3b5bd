"""Runs the few Logs Insights commands that our queries are made of on records, strictly: what it does not know is an error.

It follows the CloudWatch Logs User Guide for the commands and functions below, RE2 itself for regular expressions, and where the
guide is silent the named assumptions of our compiler. `not` of something unknown is an error, and so is a `not` beside `and` or
`or` without parentheses: our queries must not rest on either. What an assumption leaves open, a Dialect decides.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import re2
from expression import Expression

from amazon_q_detections import record

Row = dict[str, Any]

# CloudWatch Logs User Guide, "Supported logs and discovered fields": the fields that are discovered of an event, the first ones.
MOST_FIELDS = 200

_TOKEN = re.compile(
    r"""\s*(?:(?P<regex>/(?:[^/\\]|\\.)*/)|(?P<text>'[^']*')|(?P<quoted>`[^`]*`)|(?P<number>\d+(?:\.\d+)?)"""
    r"""|(?P<name>[@A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+|\.`[^`]+`|\[\d+\])*)|(?P<sign><=|>=|[()\[\]=<>,+*-]))""",
    re.VERBOSE,
)
_STEP = re.compile(r"\.?(?:`(?P<quoted>[^`]+)`|(?P<plain>[A-Za-z0-9_]+)|\[(?P<number>\d+)\])")


@dataclass(frozen=True)
class Dialect:
    """How JSON booleans read in a parsed record, and how jsonStringify writes: what the assumptions allow.

    What ispresent says of an object is not documented, so the one says this and the other that.
    """

    booleans: tuple[Any, Any] = (0, 1)
    spaced: bool = False
    objects_present: bool = False

    def written(self, value: Any) -> str:
        if not self.spaced:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return json.dumps(value, ensure_ascii=True, separators=(", ", " : ")).replace("/", "\\/")


DIALECTS = (Dialect(), Dialect(booleans=("false", "true"), spaced=True, objects_present=True))


@dataclass(frozen=True)
class Parsed:
    """A map or list that jsonParse gives: comparisons with it are false, most functions take it for null."""

    value: Any


def row(event: Mapping[str, Any]) -> Row:
    """The discovered fields of a record: arrays numbered, booleans 1 and 0, null and `{}` absent, 200 and no more."""
    return {"@message": json.dumps(event, ensure_ascii=False), **dict(islice(_discovered(event, ""), MOST_FIELDS))}


def _discovered(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _discovered(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _discovered(inner, f"{name}.{number}")
    elif isinstance(value, bool):
        yield name, int(value)
    elif value is not None:
        yield name, value


def run(query: str, rows: list[Row], end: float = 0.0, dialect: Dialect = DIALECTS[0]) -> list[Row]:
    """The result of a query in a run that ends then (s since 1970)."""
    commands = [line for line in query.split("\n") if not line.startswith("#")]
    table = [dict(one) for one in rows]
    run_of = _Run(end * 1000, dialect)
    for command in re.split(r"\n\| ", "\n".join(commands)):
        name, _, rest = command.partition(" ")
        table = _COMMANDS[name](table, " ".join(rest.split("\n")), run_of)
    return table


@dataclass(frozen=True)
class _Run:
    """When a run ends (ms since 1970), and in which dialect."""

    end: float
    dialect: Dialect

    def expression(self, text: str) -> _Expression:
        made = _Expression(text, self.end)
        made.dialect = self.dialect
        return made


class _Expression(Expression):
    pattern = _TOKEN
    dialect: Dialect

    def _or(self) -> Any:
        if self._peek() == "not":
            return self._not()
        result = self._and()
        while self._peek() == "or":
            self._next()
            other = self._and()
            result = True if True in (result, other) else None if None in (result, other) else False
        return result

    def _and(self) -> Any:
        result = self._comparison()
        while self._peek() == "and":
            self._next()
            other = self._comparison()
            result = False if False in (result, other) else None if None in (result, other) else True
        return result

    def _not(self) -> Any:
        self._next()
        inner = self._comparison()
        assert isinstance(inner, bool), "not of something unknown"
        assert self._peek() in ("", ")", ","), "not beside and, or"
        return not inner

    def _comparison(self) -> Any:
        left = self._sum()
        operator = self._peek()
        if operator in ("=", "<", "<=", ">", ">="):
            self._next()
            return _compared(operator, left, self._sum())
        if operator == "like":
            self._next()
            kind, token = self._next()
            assert kind == "regex"
            if left is None or isinstance(left, Parsed):
                return None if left is None else False
            return re2.search(token[1:-1].replace("\\/", "/"), record.text(left)) is not None
        if operator == "in":
            self._next()
            return None if left is None else any(_compared("=", left, option) for option in self._list())
        return left

    def _list(self) -> list[str]:
        assert self._next()[1] == "["
        found = []
        while (token := self._next())[1] != "]":
            if token[1] != ",":
                found.append(token[1][1:-1])
        return found

    def _sum(self) -> Any:
        result = self._atom()
        while self._peek() in ("+", "-"):
            sign, other = self._next()[1], self._atom()
            result = None if result is None or other is None else result + other if sign == "+" else result - other
        return result

    def _atom(self) -> Any:
        kind, token = self._next()
        if token == "(":
            result = self._or()
            assert self._next()[1] == ")"
            return result
        if kind == "number":
            return float(token)
        if kind == "text":
            return token[1:-1]
        if kind == "quoted":
            return self.row.get(token[1:-1])
        assert kind == "name", token
        return self._call(token) if self._peek() == "(" else self._field(token)

    def _field(self, name: str) -> Any:
        own, *_ = re.split(r"[.\[]", name, maxsplit=1)
        if not isinstance(self.row.get(own), Parsed):
            assert "[" not in name, name
            return self.row.get(name)
        place = self.row[own].value
        for step in _STEP.finditer(name, len(own)):
            if step["number"] is not None:
                place = place[int(step["number"])] if isinstance(place, list) and int(step["number"]) < len(place) else None
            else:
                place = place.get(step["quoted"] or step["plain"]) if isinstance(place, dict) else None
        if isinstance(place, (dict, list)):
            return Parsed(place)
        return self.dialect.booleans[place] if isinstance(place, bool) else place

    def _call(self, name: str) -> Any:
        arguments = self._arguments()
        match name:
            case "queryEndTime":
                return self.now
            case "jsonStringify":
                return self.dialect.written(arguments[0].value) if isinstance(arguments[0], Parsed) else None
            case "ispresent":
                return self.dialect.objects_present if isinstance(arguments[0], Parsed) else arguments[0] is not None
            case "if":
                return arguments[1] if _decided(arguments[0]) else arguments[2]
        found = [None if isinstance(one, Parsed) else one for one in arguments]
        if name == "coalesce":
            return next((one for one in found if one is not None), None)
        return None if None in found else _FUNCTIONS[name](*found)


def _compared(operator: str, left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    if isinstance(left, Parsed) or isinstance(right, Parsed):
        return False
    numbers = [_number(left), _number(right)]
    if None not in numbers:
        left, right = numbers
    elif operator == "=":
        left, right = record.text(left), record.text(right)
    else:
        return False
    compare: dict[str, Callable[[Any, Any], bool]] = {
        "=": lambda a, b: a == b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    }  # fmt: skip
    return compare[operator](left, right)


def _number(value: Any) -> float | None:
    if isinstance(value, (int, float)):
        return float(value)
    return float(value) if isinstance(value, str) and re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?", value) else None


def _in_subnet(value: Any, network: str) -> bool:
    try:
        return ipaddress.ip_address(str(value)) in ipaddress.ip_network(network)
    except ValueError:
        return False


def _parse_date(value: Any, form: str, zone: str) -> float | None:
    assert (form, zone) == ("yyyy-MM-dd HH:mm:ss", "UTC")
    try:
        return datetime.strptime(str(value), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp() * 1000
    except ValueError:
        return None


# Of a missing value, or a map, each of them makes null.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "isNumeric": lambda value: _number(value) is not None,
    "isIpInSubnet": _in_subnet,
    "tolower": lambda value: record.text(value).lower(),
    "concat": lambda *values: "".join(map(record.text, values)),
    "fromMillis": lambda value: record.iso(value / 1000),
    "jsonParse": lambda text: Parsed(json.loads(text)),
    "replace": lambda value, old, new: str(value).replace(old, new),
    "parseDate": _parse_date,
}


def _decided(test: Any) -> bool:
    assert isinstance(test, bool), "if() of something unknown"
    return test


def _filter(table: list[Row], rest: str, of: _Run) -> list[Row]:
    test = of.expression(rest)
    return [one for one in table if test.value(one) is True]


def _fields(table: list[Row], rest: str, of: _Run) -> list[Row]:
    made = [re.fullmatch(r"\s*(.*) as (q_\w+)\s*", part, re.DOTALL) for part in _split(rest)]
    for one in table:
        for part in made:
            assert part, rest
            assert part[2] not in one, f"{part[2]} is defined twice"
            one[part[2]] = of.expression(part[1]).value(one)
    return table


def _split(text: str) -> list[str]:
    """Split at commas outside quotes, regular expressions, brackets and parentheses."""
    parts, depth, start, place = [], 0, 0, 0
    while place < len(text):
        found = re.compile(r"'[^']*'|/(?:[^/\\]|\\.)*/").match(text, place)
        if found:
            place = found.end()
            continue
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(text[place], 0)
        if text[place] == "," and not depth:
            parts.append(text[start:place])
            start = place + 1
        place += 1
    return [*parts, text[start:]]


def _stats(table: list[Row], rest: str, of: _Run) -> list[Row]:
    text, _, by = rest.partition(" by ")
    keys = [re.fullmatch(r"\s*(\S+?)(?: as (\w+))?\s*", part) for part in _split(by)] if by else []
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for one in table:
        group = tuple(of.expression(key[1]).value(one) for key in keys if key)
        assert not any(isinstance(value, Parsed) for value in group), "stats does not support maps and lists"
        groups.setdefault(group, []).append(one)
    assert all(None not in group for group in groups), "a group-by key is missing"
    made = []
    for group, rows in groups.items():
        result: Row = {key[2] or key[1]: value for key, value in zip(keys, group, strict=True) if key}
        for part in _split(text):
            found = re.fullmatch(r"\s*(count|min|max|sum)\((.*)\) as (q_\w+)\s*", part, re.DOTALL)
            assert found, part
            result[found[3]] = _aggregate(found[1], found[2], rows, of)
        made.append(result)
    return made


def _aggregate(function: str, argument: str, rows: list[Row], of: _Run) -> float:
    if function == "count":
        assert argument == "*"
        return float(len(rows))
    values = [of.expression(argument).value(one) for one in rows]
    return float({"min": min, "max": max, "sum": sum}[function](value for value in values if value is not None))


def _same(table: list[Row], rest: str, of: _Run) -> list[Row]:
    """`display`, `sort` and `limit` decide nothing here; what they name must only be readable."""
    assert rest
    return table


_COMMANDS: dict[str, Callable[[list[Row], str, _Run], list[Row]]] = {
    "filter": _filter, "fields": _fields, "stats": _stats, "display": _same, "sort": _same, "limit": _same,
}  # fmt: skip
