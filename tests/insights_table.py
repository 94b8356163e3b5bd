"""Runs the few Logs Insights commands that our queries are made of on records, strictly: what it does not know is an error.

It follows the CloudWatch Logs User Guide for the commands and functions below, RE2 itself for regular expressions, and where the
guide is silent the named assumptions of our compiler. `not` of something unknown is an error: our queries must not rest on it.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import re2
from expression import Expression

from amazon_q_detections import record

Row = dict[str, Any]

_TOKEN = re.compile(
    r"""\s*(?:(?P<regex>/(?:[^/\\]|\\.)*/)|(?P<text>'[^']*')|(?P<quoted>`[^`]*`)|(?P<number>\d+(?:\.\d+)?)"""
    r"""|(?P<name>[@A-Za-z_][@A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)|(?P<sign><=|>=|[()\[\]=<>,+*-]))""",
    re.VERBOSE,
)


class Parsed:
    """What jsonParse gives; only jsonStringify reads it, after a dot has reached into it."""

    def __init__(self, value: Any) -> None:
        self.value = value


def row(event: Mapping[str, Any]) -> Row:
    """The discovered fields of a record: arrays numbered, booleans 1 and 0, null and `{}` absent."""
    found: Row = {"@message": json.dumps(event, ensure_ascii=False)}
    _discover(event, "", found)
    return found


def _discover(value: Any, name: str, found: Row) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _discover(inner, f"{name}.{key}" if name else key, found)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            _discover(inner, f"{name}.{number}", found)
    elif isinstance(value, bool):
        found[name] = int(value)
    elif value is not None:
        found[name] = value


def run(query: str, rows: list[Row], end: float = 0.0) -> list[Row]:
    """The result of a query in a run that ends then (s since 1970)."""
    commands = [line for line in query.split("\n") if not line.startswith("#")]
    table = [dict(one) for one in rows]
    for command in re.split(r"\n\| ", "\n".join(commands)):
        name, _, rest = command.partition(" ")
        table = _COMMANDS[name](table, " ".join(rest.split("\n")), end * 1000)
    return table


class _Expression(Expression):
    pattern = _TOKEN

    def _or(self) -> Any:
        result = self._and()
        while self._peek() == "or":
            self._next()
            other = self._and()
            result = True if True in (result, other) else None if None in (result, other) else False
        return result

    def _and(self) -> Any:
        result = self._not()
        while self._peek() == "and":
            self._next()
            other = self._not()
            result = False if False in (result, other) else None if None in (result, other) else True
        return result

    def _not(self) -> Any:
        if self._peek() == "not":
            self._next()
            inner = self._not()
            assert isinstance(inner, bool), "not of something unknown"
            return not inner
        return self._comparison()

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
            return None if left is None else re2.search(token[1:-1].replace("\\/", "/"), record.text(left)) is not None
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
        if token == "-":
            return -self._atom()
        if kind == "number":
            return float(token)
        if kind == "text":
            return token[1:-1]
        if kind == "quoted":
            return self.row.get(token[1:-1])
        assert kind == "name", token
        return self._call(token) if self._peek() == "(" else self._field(token)

    def _field(self, name: str) -> Any:
        for own, value in self.row.items():
            if isinstance(value, Parsed) and name.startswith(own + "."):
                place = value.value
                for step in name[len(own) + 1 :].split("."):
                    place = place.get(step) if isinstance(place, dict) else None
                return None if place is None else Parsed(place)
        return self.row.get(name)

    def _call(self, name: str) -> Any:
        arguments = self._arguments()
        return self.now if name == "queryEndTime" else _FUNCTIONS[name](*arguments)


def _compared(operator: str, left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
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
        return value is not None and ipaddress.ip_address(str(value)) in ipaddress.ip_network(network)
    except ValueError:
        return False


def _parse_date(value: Any, form: str, zone: str) -> float | None:
    assert (form, zone) == ("yyyy-MM-dd HH:mm:ss", "UTC")
    try:
        return datetime.strptime(str(value), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp() * 1000
    except ValueError:
        return None


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ispresent": lambda value: value is not None,
    "isNumeric": lambda value: value is not None and _number(value) is not None,
    "isIpInSubnet": _in_subnet,
    "tolower": lambda value: None if value is None else record.text(value).lower(),
    "coalesce": lambda *values: next((value for value in values if value is not None), None),
    "jsonParse": lambda text: Parsed(json.loads(text)),
    "jsonStringify": lambda parsed: (
        None if parsed is None else json.dumps(parsed.value, ensure_ascii=False, separators=(",", ":"))
    ),
    "if": lambda test, yes, no: yes if _decided(test) else no,
    "replace": lambda value, old, new: None if value is None else str(value).replace(old, new),
    "parseDate": _parse_date,
}


def _decided(test: Any) -> bool:
    assert isinstance(test, bool), "if() of something unknown"
    return test


def _filter(table: list[Row], rest: str, end: float) -> list[Row]:
    test = _Expression(rest, end)
    return [one for one in table if test.value(one) is True]


def _fields(table: list[Row], rest: str, end: float) -> list[Row]:
    made = [re.fullmatch(r"\s*(.*) as (q_\w+)\s*", part, re.DOTALL) for part in _split(rest)]
    for one in table:
        for part in made:
            assert part, rest
            assert part[2] not in one, f"{part[2]} is defined twice"
            one[part[2]] = _Expression(part[1], end).value(one)
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


def _stats(table: list[Row], rest: str, end: float) -> list[Row]:
    text, _, by = rest.partition(" by ")
    keys = [re.fullmatch(r"\s*(\S+?)(?: as (\w+))?\s*", part) for part in _split(by)] if by else []
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for one in table:
        groups.setdefault(tuple(_Expression(key[1], end).value(one) for key in keys if key), []).append(one)
    assert all(None not in group for group in groups), "a group-by key is missing"
    made = []
    for group, rows in groups.items():
        result: Row = {key[2] or key[1]: value for key, value in zip(keys, group, strict=True) if key}
        for part in _split(text):
            found = re.fullmatch(r"\s*(count|min|max|sum)\((.*)\) as (q_\w+)\s*", part, re.DOTALL)
            assert found, part
            result[found[3]] = _aggregate(found[1], found[2], rows, end)
        made.append(result)
    return made


def _aggregate(function: str, argument: str, rows: list[Row], end: float) -> float:
    if function == "count":
        assert argument == "*"
        return float(len(rows))
    values = [_Expression(argument, end).value(one) for one in rows]
    return float({"min": min, "max": max, "sum": sum}[function](value for value in values if value is not None))


def _same(table: list[Row], rest: str, end: float) -> list[Row]:
    """`display`, `sort` and `limit` decide nothing here; what they name must only be readable."""
    assert rest
    return table


_COMMANDS: dict[str, Callable[[list[Row], str, float], list[Row]]] = {
    "filter": _filter, "fields": _fields, "stats": _stats, "display": _same, "sort": _same, "limit": _same,
}  # fmt: skip
