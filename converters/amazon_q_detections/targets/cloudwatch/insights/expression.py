"""Expressions, parsed once, run on many rows.

(CloudWatch Logs User Guide, "filter", "fields", "Supported operations and functions".) None is unknown: a comparison with what
is missing. The guide does not say what `not` makes of it, nor how tightly `not`, `and` and `or` bind beside each other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import re2

from amazon_q_detections.targets.cloudwatch.insights import tokens
from amazon_q_detections.targets.cloudwatch.insights.dialect import Dialect
from amazon_q_detections.targets.cloudwatch.insights.functions import FUNCTIONS
from amazon_q_detections.targets.cloudwatch.insights.value import COMPARISONS, InsightsError, Parsed, Row, compared, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from amazon_q_detections.targets.cloudwatch.insights.tokens import Token

    Evaluated = Callable[[Row], Any]

_STEP = re.compile(r"\.?(?:`(?P<quoted>[^`]+)`|(?P<plain>[A-Za-z0-9_]+)|\[(?P<number>\d+)\])")
_WORDS = {"and", "or", "not", "in", "like"}


@dataclass
class Context:
    """What a query is run with: a dialect, and when the run ends, in ms since 1970, which each run sets."""

    dialect: Dialect = field(default_factory=Dialect)
    end: float = 0.0


def compiled(source: str, context: Context) -> Evaluated:
    """The value of an expression on a row; raises InsightsError for one that is none."""
    parser = _Parser(tokens.expression(source), context)
    value = parser.condition()
    parser.end()
    return value


class _Parser:
    """Recursive descent over tokens; *at* is the place of the next one."""

    def __init__(self, given: list[Token], context: Context) -> None:
        self._tokens, self._context, self._at = given, context, 0

    def end(self) -> None:
        """Raises InsightsError if a token is left over."""
        if self._at < len(self._tokens):
            raise InsightsError(f"{self._peek()!r} stands where the expression should end.")

    def _peek(self) -> str:
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def _next(self) -> Token:
        if self._at >= len(self._tokens):
            raise InsightsError("an expression ends too early.")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, sign: str) -> None:
        found = self._next().text
        if found != sign:
            raise InsightsError(f"{found!r} stands where {sign!r} should.")

    def condition(self) -> Evaluated:
        """An expression; `not` alone, or parts that one word joins."""
        if self._peek() == "not":
            self._next()
            inner = self._comparison()
            if self._peek() in ("and", "or"):
                raise InsightsError("how tightly not binds beside and, or is undocumented: put it in parentheses.")
            return lambda row: not _decided(inner(row))
        first = self._comparison()
        word = self._peek()
        if word not in ("and", "or"):
            return first
        parts = [first]
        while self._peek() == word:
            self._next()
            parts.append(self._comparison())
        if self._peek() in ("and", "or"):
            raise InsightsError("how tightly and, or bind beside each other is undocumented: put one in parentheses.")
        return _all(parts) if word == "and" else _any(parts)

    def _comparison(self) -> Evaluated:
        left = self._sum()
        sign = self._peek()
        if sign in COMPARISONS:
            self._next()
            right = self._sum()
            return lambda row: compared(sign, left(row), right(row))
        if sign in ("like", "=~"):
            self._next()
            return _like(left, self._next())
        if sign == "in":
            self._next()
            options = self._list()
            return lambda row: _among(left(row), options)
        if sign in ("!=", "not"):
            raise InsightsError(f"{sign!r} between two values: what it says of a missing field is undocumented.")
        return left

    def _list(self) -> list[Any]:
        self._expect("[")
        found: list[Any] = []
        while True:
            kind, token = self._next()
            if kind not in ("text", "number"):
                raise InsightsError(f"{token!r} stands where a value of a list should.")
            found.append(token[1:-1] if kind == "text" else float(token))
            sign = self._next().text
            if sign == "]":
                return found
            if sign != ",":
                raise InsightsError("a list of values is not closed.")

    def _sum(self) -> Evaluated:
        value = self._atom()
        while self._peek() in ("+", "-", "*"):
            value = _added(value, self._next().text, self._atom())
        return value

    def _atom(self) -> Evaluated:
        kind, token = self._next()
        if token == "(":
            value = self.condition()
            self._expect(")")
            return value
        if kind == "number":
            constant = float(token)
            return lambda _: constant
        if kind == "text":
            literal = token[1:-1]
            return lambda _: literal
        if kind == "quoted":
            name = token.replace("`", "")
            return lambda row: row.get(name)
        if kind != "name" or token in _WORDS:
            raise InsightsError(f"{token!r} stands where a value should.")
        return self._call(token) if self._peek() == "(" else _field(token, self._context.dialect)

    def _call(self, name: str) -> Evaluated:
        self._next()
        arguments: list[Evaluated] = []
        while self._peek() != ")":
            arguments.append(self.condition())
            if self._peek() != ")":
                self._expect(",")
        self._next()
        return _function(name, arguments, self._context)


def _function(name: str, arguments: list[Evaluated], context: Context) -> Evaluated:
    dialect = context.dialect
    match name, arguments:
        case "queryEndTime", []:
            return lambda _: context.end
        case "jsonStringify", [one]:
            return lambda row: dialect.written(value.value) if isinstance(value := one(row), Parsed) else None
        case (("ispresent" | "isPresent"), [one]):
            return lambda row: dialect.objects_present if isinstance(value := one(row), Parsed) else value is not None
        case "if", [test, yes, no]:
            return lambda row: yes(row) if _decided(test(row)) else no(row)
        case "coalesce", _:
            return lambda row: next((value for one in arguments if (value := _scalar(one(row))) is not None), None)
    function = FUNCTIONS.get(name)
    if function is None:
        raise InsightsError(f"the function {name} is unknown here, with {len(arguments)} arguments.")

    def value(row: Row) -> Any:
        found = [_scalar(one(row)) for one in arguments]
        return None if None in found else function(*found)

    return value


def _scalar(value: Any) -> Any:
    return None if isinstance(value, Parsed) else value


def _field(name: str, dialect: Dialect) -> Evaluated:
    """A field, or what is below a map that jsonParse gave under the first name."""
    own, *_ = re.split(r"[.\[]", name, maxsplit=1)
    steps = [(step["quoted"] or step["plain"], step["number"]) for step in _STEP.finditer(name, len(own))]

    def value(row: Row) -> Any:
        place = row.get(own)
        if not isinstance(place, Parsed):
            if "[" in name:
                raise InsightsError(f"{name!r} indexes what jsonParse has not given.")
            return row.get(name)
        found = place.value
        for key, number in steps:
            if number is not None:
                found = found[int(number)] if isinstance(found, list) and int(number) < len(found) else None
            else:
                found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, dict | list):
            return Parsed(found)
        return dialect.booleans[found] if isinstance(found, bool) else found

    return value


def _like(left: Evaluated, token: Token) -> Evaluated:
    if token.kind == "text":
        part = token.text[1:-1]
        if re.search(r"[%_*]", part):
            raise InsightsError("wildcards in the text of like are undocumented: write a regular expression.")
        return lambda row: None if (value := left(row)) is None else not isinstance(value, Parsed) and part in text(value)
    if token.kind != "regex":
        raise InsightsError(f"{token.text!r} stands where a regular expression should.")
    search = _expression(token.text[1:-1].replace("\\/", "/"))

    def value(row: Row) -> Any:
        found = left(row)
        if found is None or isinstance(found, Parsed):
            return None if found is None else False
        return search(text(found)) is not None

    return value


@lru_cache(maxsize=4096)
def _expression(pattern: str) -> Callable[[str], Any]:
    options = re2.Options()
    options.log_errors = False
    try:
        compiled_pattern = re2.compile(pattern, options)
    except re2.error as error:
        raise InsightsError(f"the regular expression {pattern!r} is none of RE2: {error}.") from error
    found: Callable[[str], Any] = compiled_pattern.search
    return found


def _among(value: Any, options: list[Any]) -> bool | None:
    return None if value is None else any(compared("=", value, option) for option in options)


def _decided(test: Any) -> bool:
    if isinstance(test, bool):
        return test
    raise InsightsError(f"{test!r} stands where a test should: what not and if() make of the unknown is undocumented.")


def _any(parts: list[Evaluated]) -> Evaluated:
    def value(row: Row) -> Any:
        found = [part(row) for part in parts]
        return True if True in found else None if None in found else False

    return value


def _all(parts: list[Evaluated]) -> Evaluated:
    def value(row: Row) -> Any:
        found = [part(row) for part in parts]
        return False if False in found else None if None in found else True

    return value


def _added(left: Evaluated, sign: str, right: Evaluated) -> Evaluated:
    def value(row: Row) -> Any:
        one, other = left(row), right(row)
        if one is None or other is None:
            return None
        return one + other if sign == "+" else one - other if sign == "-" else one * other

    return value
