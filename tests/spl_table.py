"""Runs the few SPL commands that our searches are made of on a table of events, strictly: what it does not know is an error.

It follows Splunk's Search Reference for `search`, `where`, `eval`, `fields`, `sort`, `streamstats`, `stats`, `mvexpand`, `rename`,
`table` and the evaluation functions below, and the Add-on for AWS for the fields of an event. What the documents leave open it reads
in several ways (`Reading`): a search must mean the same in all of them but those that an assumption of it excludes. It is no Splunk; it
shows that the searches mean what we take them to mean.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import regex  # Perl's syntax: \A, \z, \x{…}
from expression import Expression

from amazon_q_detections import record

Value = str | float | bool | list[str] | None
Row = dict[str, Value]


@dataclass(frozen=True)
class Reading:
    """One way to read what Splunk's documents leave open."""

    lone_bare: bool = False  # json_extract gives a single value at a path with `{}` bare, else in an array
    none_listed: bool = False  # … and `[]` where there is none, else null
    flat: bool = False  # … and of several paths one flat array, else one array for each path with `{}`
    null_element: bool = True  # json_array_to_mv gives the text null for a JSON null, else nothing
    empty_null: bool = False  # an empty text is no value
    bytes_only: bool = False  # regular expressions see bytes, and fold ASCII only, as lower() does
    case_joined: bool = False  # commands group without regard to case
    nulls_expand: bool = False  # mvexpand keeps a row without a value

    def under(self, assumptions: Iterable[str]) -> Reading:
        """The same reading of all but what the assumptions settle."""
        settled = {name: value for assumption in assumptions for name, value in _SETTLED.get(assumption, {}).items()}
        return replace(self, **settled)


_SETTLED = {
    "json_extract_list": {"lone_bare": False, "none_listed": False},
    "empty_text": {"empty_null": False},
    "unicode": {"bytes_only": False},
    "by_case": {"case_joined": False},
}
READINGS = (
    Reading(),
    Reading(lone_bare=True, null_element=False, empty_null=True, bytes_only=True, case_joined=True, nulls_expand=True),
    Reading(none_listed=True, flat=True, empty_null=True, nulls_expand=True),
    Reading(lone_bare=True, flat=True),
)
# The reading of the search that is running.
_now_read = READINGS[0]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<field>'[^']*')|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_{}.]*)"""
    r"""|(?P<sign><=|>=|!=|[()=<>,.+*/|-]))""",
    re.VERBOSE,
)


def row(event: Mapping[str, Any]) -> Row:
    """An event as the add-on's users see it: fields by their path, `{}` for arrays, null as text, no `{}` and `[]`."""
    found: dict[str, list[str]] = {}
    _flatten(event, "", found)
    made: Row = {name: values[0] if len(values) == 1 else list(values) for name, values in found.items()}
    failed = made.get("responseElements.ConsoleLogin") == "Failure"
    made.setdefault("errorCode", "failure" if failed else "success")
    made["_raw"] = json.dumps(event, ensure_ascii=False)
    made["_time"] = float(record.time(event) or 0)
    return made


def _flatten(value: Any, name: str, found: dict[str, list[str]]) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _flatten(inner, f"{name}.{key}" if name else key, found)
    elif isinstance(value, list):
        for inner in value:
            _flatten(inner, name + "{}", found)
    else:
        found.setdefault(name, []).append("null" if value is None else record.text(value))


def run(query: str, rows: list[Row], now: float = 0.0, reading: Reading = READINGS[0]) -> list[Row]:
    """The result of a search, whose first command is `search`."""
    global _now_read
    _now_read = reading
    first, *commands = _pipeline(query)
    table = [dict(one) for one in rows if _Terms(first).holds(one)]
    before = ""
    for command in commands:
        name, _, rest = command.partition(" ")
        _refuse_simple_predicate(name, rest, before)
        table = _COMMANDS[name](table, rest.strip(), now)
        before = command
    return table


def _refuse_simple_predicate(name: str, rest: str, before: str) -> None:
    """A comparison of a field with a literal may be moved to before mvexpand (Search Manual, "Built-in optimization")."""
    expanded = before.removeprefix("mvexpand ").strip()
    if name == "where" and expanded != before.strip():
        assert not re.search(rf"(?<![\w'(.]){expanded}\s*(=|!=|<|>)", rest), rest


def _pipeline(query: str) -> list[str]:
    """Split at pipes outside quotes."""
    parts = re.findall(r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^|"'])+""", query)
    return [" ".join(part.split("\n")).strip() for part in parts]


_NO_FIELDS = {"AND", "IN", "AS", "BY", "earliest", "latest", "index", "source", "host", "sourcetype", "eventtype", "tag"}


class _Terms:
    """The terms of `search`: NOT, then OR, then AND; values without regard to case, one trailing star."""

    def __init__(self, text: str) -> None:
        self.tokens = re.findall(r'"(?:[^"\\]|\\.)*"|[()=,]|[^\s()=,"]+', text)

    def holds(self, row: Row) -> bool:
        self.at, self.row = 0, row
        result = self._all()
        assert self.at == len(self.tokens), self.tokens[self.at :]
        return result

    def _peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _next(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def _all(self) -> bool:
        result = True
        while self._peek() not in ("", ")"):
            result = self._any() and result
        return result

    def _any(self) -> bool:
        result = self._one()
        while self._peek() == "OR":
            self._next()
            result = self._one() or result
        return result

    def _one(self) -> bool:
        token = self._next()
        if token == "NOT":
            return not self._one()
        if token == "(":
            result = self._all()
            assert self._next() == ")"
            return result
        if token == "*":
            return True
        name = token.strip('"')
        assert "*" not in name, name
        assert name not in _NO_FIELDS, name
        found = _values(self.row.get(name))
        operator = self._next()
        if operator == "=":
            wanted = self._next()
            return any(_fits(value, wanted) for value in found)
        assert operator == "IN", operator
        assert self._next() == "("
        options = []
        while (option := self._next()) != ")":
            if option != ",":
                options.append(option)
        return any(_fits(value, option) for value in found for option in options)


def _fits(value: str, wanted: str) -> bool:
    if wanted == "*":
        return True
    assert re.fullmatch(r'"([A-Za-z0-9._:/-]+|[A-Za-z0-9]+\*)"', wanted), f"{wanted} is not exact in search"
    assert not re.fullmatch(r'"[0-9A-Fa-f.:]+/[0-9]+"', wanted), f"{wanted} is all addresses of a network"
    text = wanted[1:-1].lower()
    return value.lower().startswith(text[:-1]) if text.endswith("*") else value.lower() == text


def _values(value: Value) -> list[str]:
    if value is None:
        return []
    return value if isinstance(value, list) else [_text(value)]


def _text(value: Value) -> str:
    assert isinstance(value, str | float), value  # null, and the Booleans that no command can hold
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)


class _Expression(Expression):
    """An evaluation expression: OR, AND, NOT, comparison, plus and minus, joining by dots, calls."""

    pattern = _TOKEN

    def _or(self) -> Value:
        result = self._and()
        while self._peek() == "OR":
            self._next()
            other = _total(self._and())
            result = _total(result) or other
        return result

    def _and(self) -> Value:
        result = self._not()
        while self._peek() == "AND":
            self._next()
            other = _total(self._not())
            result = _total(result) and other
        return result

    def _not(self) -> Value:
        if self._peek() == "NOT":
            self._next()
            return not _total(self._not())
        return self._comparison()

    def _comparison(self) -> Value:
        left = self._sum()
        if self._peek() not in ("=", "!=", "<", "<=", ">", ">="):
            return left
        operator, right = self._next()[1], self._sum()
        if left is None or right is None:
            return None
        assert type(left) is type(right), (left, operator, right)
        assert not (isinstance(left, str) and any(map(_NUMBER.fullmatch, (left, str(right))))), (
            left,
            right,
        )  # numbers, or texts?
        compare: dict[str, Callable[[Any, Any], bool]] = {
            "=": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
            "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
        }  # fmt: skip
        return compare[operator](left, right)

    def _sum(self) -> Value:
        result = self._joined()
        while self._peek() in ("+", "-"):
            sign, other = self._next()[1], self._joined()
            if result is None or other is None:
                result = None
            else:
                assert isinstance(result, float)
                assert isinstance(other, float)
                result = result + other if sign == "+" else result - other
        return result

    def _joined(self) -> Value:
        result = self._atom()
        while self._peek() == ".":
            self._next()
            other = self._atom()
            result = None if result is None or other is None else _text(result) + _text(other)
        return result

    def _atom(self) -> Value:
        kind, token = self._next()
        if token == "(":
            result = self._or()
            assert self._next()[1] == ")"
            return result
        if token == "-":
            number = self._atom()
            assert isinstance(number, float)
            return -number
        if kind == "number":
            return float(token)
        if kind == "text":
            return re.sub(r'\\([\\"|])', r"\1", token[1:-1])
        if kind == "field":
            return self.row.get(token[1:-1])
        assert kind == "name", token
        if self._peek() != "(":
            return self.row.get(token)
        return self._call(token)

    def _call(self, name: str) -> Value:
        if name == "mvfilter":
            return self._mvfilter()
        arguments = self._arguments()
        if name == "now":
            return self.now
        return _FUNCTIONS[name](*arguments)

    def _mvfilter(self) -> Value:
        """The values of the one field in the predicate for which it is true."""
        self._next()
        start, depth = self.at, 1
        while depth:
            depth += {"(": 1, ")": -1}.get(self._next()[1], 0)
        inside = self.tokens[start : self.at - 1]
        (field,) = {token[1:-1] for kind, token in inside if kind == "field"}
        inner = _Expression("", self.now)
        inner.tokens = inside
        kept = [value for value in _values(self.row.get(field)) if inner.value({field: value}) is True]
        return kept or None


def _total(value: Value) -> bool:
    """Our searches must not rest on what NOT, AND and OR make of null."""
    assert isinstance(value, bool), value
    return value


def _json_extract(text: Value, *paths: Value) -> Value:
    """The value at a path; all those at a path with `{}`; of several paths an array (Search Reference, "JSON functions").

    Examples 4 to 6 there show an array of several values, example 1 a single one without.
    """
    found = [_at(_parsed(text), str(path)) for path in paths]
    if len(paths) == 1:
        many, places = "{}" in str(paths[0]), found[0]
        if many and not (len(places) == 1 and _now_read.lone_bare):
            return _json(places) if places or _now_read.none_listed else None
        return _native(places[0]) if places else None
    made: list[Any] = []
    for path, places in zip(paths, found, strict=True):
        many = "{}" in str(path) and not (len(places) == 1 and _now_read.lone_bare)
        made.extend(places if _now_read.flat or not many else [places] if places or _now_read.none_listed else [None])
    return _json(made)


def _parsed(text: Value) -> Any:
    try:
        return json.loads(str(text))
    except ValueError:
        return None


def _at(place: Any, path: str) -> list[Any]:
    places = [place]
    for step in path.split("."):
        key, array, nothing = step.partition("{}")
        assert not nothing
        places = [place[key] for place in places if isinstance(place, dict) and key in place]
        if array:
            places = [element for place in places if isinstance(place, list) for element in place]
    return places


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _native(value: Any) -> Value:
    if isinstance(value, (dict, list)):
        return _json(value)
    return value if value is None or isinstance(value, bool) else record.text(value)


def _json_array_to_mv(text: Value, quotes: Value = False) -> Value:
    """The elements; texts without their quotes unless *quotes*; nothing where there is no array."""
    found = _parsed(text)
    if not isinstance(found, list):
        return None
    kept = [one for one in found if one is not None or _now_read.null_element]
    return [one if isinstance(one, str) and not quotes else _json(one) for one in kept] or None


def _escape(found: re.Match[str]) -> str:
    """Two escapes of Perl's that Python spells otherwise; an escaped backslash is taken whole."""
    if found[1]:
        code = int(found[1], 16)
        return f"\\x{code:02x}" if code < 0x80 else f"\\U{code:08x}"
    return r"\Z" if found[0] == r"\z" else found[0]


def perl(pattern: str) -> Callable[[str], bool]:
    """Whether an expression of Perl's is found in a text; one that takes a second on it is as good as evaded."""
    spelled: Any = re.sub(r"\\x\{([0-9a-f]+)\}|\\.", _escape, pattern, flags=re.DOTALL)
    if not _now_read.bytes_only:
        compiled = regex.compile(spelled)
        return lambda text: compiled.search(text, timeout=1) is not None
    in_bytes = regex.compile(spelled.encode())
    return lambda text: in_bytes.search(text.encode("utf-8", "surrogatepass"), timeout=1) is not None


def _mvfind(values: Value, pattern: Value) -> Value:
    assert values is None or isinstance(values, list), values
    found = perl(str(pattern))
    return next((float(number) for number, value in enumerate(values or ()) if found(value)), None)


def _match(value: Value, pattern: Value) -> Value:
    assert not isinstance(value, list), value
    return None if value is None else perl(str(pattern))(_text(value))


_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")


def _tonumber(value: Value) -> Value:
    """A number, and of some texts one that nobody wants: the documents do not say how far it reads."""
    if value is None:
        return None
    text = _text(value)
    return float(text) if _NUMBER.fullmatch(text) else float("inf") if text.lower() in ("inf", "nan", "0x7", " 7") else None


def _is_null(value: Value) -> bool:
    return value is None or (value == "" and _now_read.empty_null)


def _lower(value: Value) -> Value:
    if value is None:
        return None
    return re.sub("[A-Z]+", lambda found: found[0].lower(), str(value)) if _now_read.bytes_only else str(value).lower()


def _cidrmatch(network: Value, value: Value) -> Value:
    try:
        return ipaddress.ip_address(str(value)) in ipaddress.ip_network(str(network))
    except ValueError:
        return False


_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "isnull": _is_null,
    "isnotnull": lambda value: not _is_null(value),
    "null": lambda: None,
    "if": lambda test, yes, no: yes if test is True else no,
    "mvappend": lambda *values: [one for value in values for one in _values(value) if not _is_null(one)] or None,
    "mvfind": _mvfind,
    "match": _match,
    "replace": lambda value, pattern, by: regex.sub(re.sub(r"\\z", r"\\Z", pattern), by, value),
    "json_extract": _json_extract,
    "json_array_to_mv": _json_array_to_mv,
    "true": lambda: True,
    "coalesce": lambda *values: next((value for value in values if value is not None), None),
    "tonumber": _tonumber,
    "lower": _lower,
    "cidrmatch": _cidrmatch,
    "min": lambda *values: min(value for value in values if value is not None),
    "strftime": lambda value, _: None if value is None else _text(value),
}


def _where(table: list[Row], rest: str, now: float) -> list[Row]:
    test = _Expression(rest, now)
    return [one for one in table if test.value(one) is True]


def _eval(table: list[Row], rest: str, now: float) -> list[Row]:
    parts = [(part[1], _Expression(part[2], now)) for part in _assignments(rest)]
    for one in table:
        for name, expression in parts:
            value = expression.value(one)
            assert not isinstance(value, bool), name
            if _is_null(value):
                one.pop(name, None)
            else:
                one[name] = value[0] if isinstance(value, list) and len(value) == 1 else value
    return table


def _assignments(text: str) -> list[re.Match[str]]:
    """`name=expression` pairs, split at commas outside quotes and parentheses."""
    parts, depth, start, quote = [], 0, 0, ""
    place = 0
    while place < len(text):
        char = text[place]
        if quote:
            place += char == "\\" and quote == '"'
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        else:
            depth += (char == "(") - (char == ")")
            if char == "," and not depth:
                parts.append(text[start:place])
                start = place + 1
        place += 1
    parts.append(text[start:])
    found = [re.fullmatch(r"\s*(\w+)\s*=\s*(.*?)\s*", part, re.DOTALL) for part in parts]
    assert all(found), parts
    return [one for one in found if one]


def _refuse_large_rows(table: list[Row]) -> None:
    """Both hold all rows at once, mvexpand up to a limit beyond which it cuts off (limits.conf, [mvexpand])."""
    assert not any("_raw" in one for one in table)


def _sort(table: list[Row], rest: str, now: float) -> list[Row]:
    _refuse_large_rows(table)
    limit, *keys = re.split(r"[,\s]+", rest)
    assert limit == "0"
    for key in reversed(keys):
        table = sorted(table, key=lambda one: _ordered(one.get(key.lstrip("-"))), reverse=key.startswith("-"))
    return table


def _ordered(value: Value) -> tuple[int, float, str]:
    return (0, value, "") if isinstance(value, float) else (1, 0.0, str(value))


def _aggregated(function: str, field: str, rows: list[Row]) -> Value:
    if function == "count":
        return float(len(rows))
    found = [value for one in rows if (value := one.get(field)) is not None]
    if not found:
        return None
    if function == "last":
        return found[-1]
    numbers = [value for value in found if isinstance(value, float)]
    assert len(numbers) == len(found), found
    return {"min": min, "max": max, "sum": sum}[function](numbers)


def _functions(text: str) -> tuple[list[tuple[str, str, str]], list[str]]:
    text, _, by = text.partition(" by ")
    found = re.findall(r"(count|min|max|sum|last)(?:\((\w+)\))? as (\w+)", text)
    return found, by.split()


def _key(one: Row, by: list[str]) -> tuple[str, ...]:
    texts = tuple(_text(one[name]) for name in by)
    return tuple(map(str.lower, texts)) if _now_read.case_joined else texts


def _fields(table: list[Row], rest: str, now: float) -> list[Row]:
    """The fields named, with _raw and _time; after a minus all but those named."""
    names = rest.removeprefix("- ").split()
    without = rest.startswith("- ")
    return [
        {name: one[name] for name in one if (name in names) != without or (name[0] == "_" and not without)} for one in table
    ]


def _streamstats(table: list[Row], rest: str, now: float) -> list[Row]:
    options = dict(re.findall(r"(window|current|global)=(\w+)", rest))
    functions, by = _functions(rest)
    window = int(options["window"])  # without it the documents give two defaults
    assert not window or options["global"] == "f"
    seen: dict[tuple[str, ...], list[Row]] = {}
    for one in table:
        assert all(isinstance(one.get(name), (str, float)) for name in by), (by, one)
        before = seen.setdefault(_key(one, by), [])
        copy = dict(one)
        rows = [*before, copy] if options.get("current", "t") == "t" else before
        if window:
            rows = rows[-window:]
        for function, field, name in functions:
            value = _aggregated(function, field, rows)
            one.pop(name, None)
            if value is not None:
                one[name] = value
        before.append(copy)
    return table


def _stats(table: list[Row], rest: str, now: float) -> list[Row]:
    """A row a group; without `by` one row, also of no rows (Search Reference, "stats")."""
    functions, by = _functions(rest)
    groups: dict[tuple[str, ...], list[Row]] = {} if by else {(): []}
    for one in table:
        if all(one.get(name) is not None for name in by):
            groups.setdefault(_key(one, by), []).append(one)
    return [
        {
            **{name: rows[0][name] for name in by},
            **{name: _aggregated(function, field, rows) for function, field, name in functions},
        }
        for rows in groups.values()
    ]


def _mvexpand(table: list[Row], rest: str, now: float) -> list[Row]:
    _refuse_large_rows(table)
    found = []
    for one in table:
        others = {name: value for name, value in one.items() if name != rest}
        values = [value for value in _values(one.get(rest)) if not _is_null(value)]
        found += [{**others, rest: value} for value in values] or [others] * _now_read.nulls_expand
    return found


def _rename(table: list[Row], rest: str, now: float) -> list[Row]:
    names = dict(re.findall(r"(\S+) as (\S+)", rest))
    return [{names.get(name, name).strip('"'): value for name, value in one.items()} for one in table]


def _table(table: list[Row], rest: str, now: float) -> list[Row]:
    names = [name.strip('"') for name in rest.split()]
    return [{name: one.get(name) for name in names} for one in table]


_COMMANDS: dict[str, Callable[[list[Row], str, float], list[Row]]] = {
    "search": lambda table, rest, _: [one for one in table if _Terms(rest).holds(one)],
    "where": _where,
    "eval": _eval,
    "fields": _fields,
    "sort": _sort,
    "streamstats": _streamstats,
    "stats": _stats,
    "mvexpand": _mvexpand,
    "rename": _rename,
    "table": _table,
}
