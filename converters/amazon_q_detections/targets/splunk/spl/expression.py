"""Evaluation expressions (Search Reference, "Evaluation functions", "eval command usage"), parsed once, run on many rows.

Precedence: OR, AND, NOT, comparison, plus and minus, times, the dot that joins texts. What NOT, AND and OR make of null is
undocumented, so that is an error.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from amazon_q_detections.targets.splunk.spl import tokens
from amazon_q_detections.targets.splunk.spl.functions import FUNCTIONS
from amazon_q_detections.targets.splunk.spl.reading import Reading
from amazon_q_detections.targets.splunk.spl.value import Row, SplError, Value, number, text, texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from amazon_q_detections.targets.splunk.spl.tokens import Token

    Evaluated = Callable[[Row], Value]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "==": operator.eq, "!=": operator.ne,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_SUMS: dict[str, Callable[[float, float], float]] = {"+": operator.add, "-": operator.sub}
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")


@dataclass(frozen=True)
class Context:
    """What a search is run with: a reading of the documents, and the time that now() gives, in seconds since 1970."""

    reading: Reading = field(default_factory=Reading)
    now: float = 0.0


def compiled(source: str, context: Context) -> Evaluated:
    """The value of an expression on a row; raises SplError for one that is none."""
    parser = _Parser(tokens.expression(source), context)
    value = parser.either()
    parser.end()
    return value


class _Parser:
    """Recursive descent over tokens; *at* is the place of the next one."""

    def __init__(self, given: list[Token], context: Context) -> None:
        self._tokens, self._context, self._at = given, context, 0

    def end(self) -> None:
        """Raises SplError if a token is left over."""
        if self._at < len(self._tokens):
            raise SplError(f"{self._peek()!r} stands where the expression should end.")

    def _peek(self) -> str:
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def _next(self) -> Token:
        if self._at >= len(self._tokens):
            raise SplError("an expression ends too early.")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, sign: str) -> None:
        found = self._next().text
        if found != sign:
            raise SplError(f"{found!r} stands where {sign!r} should.")

    def either(self) -> Evaluated:
        """An expression, alternatives included."""
        parts = [self._both()]
        while self._peek() == "OR":
            self._next()
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else _any(parts)

    def _both(self) -> Evaluated:
        parts = [self._negation()]
        while self._peek() == "AND":
            self._next()
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else _all(parts)

    def _negation(self) -> Evaluated:
        if self._peek() != "NOT":
            return self._comparison()
        self._next()
        inner = self._negation()
        return lambda row: not total(inner(row))

    def _comparison(self) -> Evaluated:
        left = self._sum()
        sign = self._peek()
        if sign not in _COMPARISONS:
            return left
        self._next()
        right, compare = self._sum(), _COMPARISONS[sign]
        return lambda row: _compared(left(row), right(row), compare)

    def _sum(self) -> Evaluated:
        value = self._product()
        while self._peek() in _SUMS:
            value = _added(value, _SUMS[self._next().text], self._product())
        return value

    def _product(self) -> Evaluated:
        value = self._joined()
        while self._peek() == "*":
            self._next()
            value = _added(value, operator.mul, self._joined())
        return value

    def _joined(self) -> Evaluated:
        value = self._atom()
        while self._peek() == ".":
            self._next()
            value = _concatenated(value, self._atom())
        return value

    def _atom(self) -> Evaluated:
        kind, token = self._next()
        if token == "(":
            value = self.either()
            self._expect(")")
            return value
        if token == "-":
            inner = self._atom()
            return lambda row: -number(inner(row))
        if kind == "number":
            constant = float(token)
            return lambda _: constant
        if kind == "text":
            literal = tokens.unquoted(token)
            return lambda _: literal
        if kind == "field":
            return _field(token[1:-1])
        if kind != "name":
            raise SplError(f"{token!r} stands where a value should.")
        return self._call(token) if self._peek() == "(" else _field(token)

    def _call(self, name: str) -> Evaluated:
        self._next()
        if name == "mvfilter":
            return self._mvfilter()
        arguments: list[Evaluated] = []
        while self._peek() != ")":
            arguments.append(self.either())
            if self._peek() != ")":
                self._expect(",")
        self._next()
        if name == "now":
            return lambda _: self._context.now
        if name == "if":
            return _if(arguments)
        function = FUNCTIONS.get(name)
        if function is None:
            raise SplError(f"the function {name} is unknown here.")
        reading = self._context.reading
        return lambda row: function(reading, *(argument(row) for argument in arguments))

    def _mvfilter(self) -> Evaluated:
        """The values of the one field in the predicate for which it is true (Search Reference, "mvfilter")."""
        start = self._at
        predicate = self.either()
        inside = self._tokens[start : self._at]
        self._expect(")")
        named = {
            one.text.strip("'")
            for at, one in enumerate(inside)
            if one.kind == "field" or (one.kind == "name" and inside[at + 1 : at + 2] != [tokens.Token("sign", "(")])
        } - {"AND", "OR", "NOT"}
        if len(named) != 1:
            raise SplError(f"mvfilter reads one field, not {len(named)}.")
        (name,) = named
        return lambda row: [one for one in texts(row.get(name)) if predicate({name: one}) is True] or None


def _field(name: str) -> Evaluated:
    return lambda row: row.get(name)


def _any(parts: list[Evaluated]) -> Evaluated:
    def value(row: Row) -> Value:
        found = [total(part(row)) for part in parts]  # all of them, so that a null among them shows
        return any(found)

    return value


def _all(parts: list[Evaluated]) -> Evaluated:
    def value(row: Row) -> Value:
        found = [total(part(row)) for part in parts]
        return all(found)

    return value


def total(value: Value) -> bool:
    """A Boolean; raises SplError for null and anything else, of which the documents do not say what logic makes of it."""
    if isinstance(value, bool):
        return value
    raise SplError(f"{value!r} stands where a test should: what NOT, AND and OR make of it is undocumented.")


def _compared(left: Value, right: Value, compare: Callable[[Any, Any], bool]) -> Value:
    if left is None or right is None:
        return None
    if type(left) is not type(right) or isinstance(left, list | bool):
        raise SplError(f"{left!r} is compared with {right!r}: the documents compare two numbers, or two texts.")
    if isinstance(left, str) and any(map(_NUMBER.fullmatch, (left, str(right)))):
        raise SplError(f"{left!r} is compared with {right!r}: whether as numbers or as texts is undocumented.")
    return compare(left, right)


def _added(left: Evaluated, add: Callable[[float, float], float], right: Evaluated) -> Evaluated:
    def value(row: Row) -> Value:
        one, other = left(row), right(row)
        return None if one is None or other is None else add(number(one), number(other))

    return value


def _concatenated(left: Evaluated, right: Evaluated) -> Evaluated:
    def value(row: Row) -> Value:
        one, other = left(row), right(row)
        return None if one is None or other is None else text(one) + text(other)

    return value


def _if(arguments: list[Evaluated]) -> Evaluated:
    if len(arguments) != 3:
        raise SplError("if() takes a test and two values.")
    test, yes, no = arguments
    return lambda row: yes(row) if test(row) is True else no(row)
