"""The terms of `search` (Search Reference, "search"; Search Manual, "Wildcards"), parsed once, run on many rows.

NOT binds tightest, then OR, then AND, which no word stands for. Values match without regard to case.
"""

from __future__ import annotations

import ipaddress
import operator
import re
from typing import TYPE_CHECKING

from amazon_q_detections.targets.splunk.spl import tokens
from amazon_q_detections.targets.splunk.spl.value import Row, SplError, texts

if TYPE_CHECKING:
    from collections.abc import Callable

    Matches = Callable[[Row], bool]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|<=|>=|!=|[()=,<>]|[^\s()=,"<>!]+', re.DOTALL)
# Modifiers and fields of Splunk's own, which mean something else in a search.
_NO_FIELDS = {"AND", "IN", "AS", "BY", "earliest", "latest", "index", "source", "host", "sourcetype", "eventtype", "tag"}
_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_NETWORK = re.compile(r"[0-9A-Fa-f.:]+/[0-9]+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
# A value also asks for its words in the raw text, where JSON escapes quotes, backslashes and what is beyond ASCII.
_AS_IN_RAW = re.compile(r"[ !#-\[\]-~]+")
_PLAIN_AROUND_STARS = re.compile(r"[A-Za-z0-9*]+")
_PLAIN_START = re.compile(r"[A-Za-z0-9]+\*")


def compiled(source: str) -> Matches:
    """Whether a row passes all terms; raises SplError for what is none, or is inexact by the manuals."""
    parser = _Parser(_TOKEN.findall(source))
    matches = parser.every()
    parser.end()
    return matches


class _Parser:
    """Recursive descent over tokens; *at* is the place of the next one."""

    def __init__(self, given: list[str]) -> None:
        self._tokens, self._at = given, 0

    def end(self) -> None:
        """Raises SplError if a token is left over."""
        if self._at < len(self._tokens):
            raise SplError(f"{self._peek()!r} stands where the search should end.")

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise SplError("a search ends too early.")
        self._at += 1
        return self._tokens[self._at - 1]

    def every(self) -> Matches:
        """Terms side by side, all of which must hold."""
        parts: list[Matches] = []
        while self._peek() not in ("", ")"):
            if self._peek() == "AND" and parts:
                self._next()
            parts.append(self._one_of())
        if not parts:
            raise SplError("there is no term where one should be.")
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def _one_of(self) -> Matches:
        parts = [self._term()]
        while self._peek() == "OR":
            self._next()
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)

    def _term(self) -> Matches:
        token = self._next()
        if token == "NOT":
            if self._peek() == "NOT":
                raise SplError("NOT NOT is undocumented.")
            inner = self._term()
            return lambda row: not inner(row)
        if token == "(":
            inner = self.every()
            if self._next() != ")":
                raise SplError("a parenthesis is not closed.")
            return inner
        if token == "*":
            return lambda _: True
        if token in ("OR", "AND", ")", ",", "="):
            raise SplError(f"{token!r} stands where a term should.")
        return self._of_field(_name(token))

    def _of_field(self, name: str) -> Matches:
        sign = self._next() if self._peek() else ""
        if sign == "=":
            fits = _fits(self._next())
            return lambda row: any(map(fits, texts(row.get(name))))
        if sign == "!=":
            fits = _fits(self._next())
            return lambda row: _unequal(texts(row.get(name)), fits)
        if sign in _ORDER:
            return _ordered(name, sign, self._next())
        if sign != "IN" or self._next() != "(":
            raise SplError(f"{name!r} is a bare term, which matches segments of the raw text: name a field.")
        options = [_fits(self._next())]
        while self._peek() == ",":
            self._next()
            options.append(_fits(self._next()))
        if self._next() != ")":
            raise SplError("a list of values is not closed.")
        return lambda row: any(fits(value) for value in texts(row.get(name)) for fits in options)


def _name(token: str) -> str:
    name = tokens.unquoted(token) if token.startswith('"') else token
    if "*" in name or name in _NO_FIELDS:
        raise SplError(f"{name!r} is no field of an event.")
    return name


def _unequal(values: list[str], fits: Callable[[str], bool]) -> bool:
    """The field must be there; of several values nothing is documented."""
    if len(values) > 1:
        raise SplError("!= on several values is undocumented.")
    return bool(values) and not fits(values[0])


def _ordered(name: str, sign: str, token: str) -> Matches:
    """Numeric where both are numbers, else by the order of letters (Search Reference, "search")."""
    wanted, compare = token.strip('"'), _ORDER[sign]

    def fits(value: str) -> bool:
        if _NUMBER.fullmatch(value) and _NUMBER.fullmatch(wanted):
            return bool(compare(float(value), float(wanted)))
        return bool(compare(value, wanted))

    return lambda row: any(map(fits, texts(row.get(name))))


def _fits(token: str) -> Callable[[str], bool]:
    if token in ("(", ")", ",", "="):
        raise SplError(f"{token!r} stands where a value should.")
    if token == "*":
        return lambda _: True
    wanted = tokens.unquoted(token) if token.startswith('"') else token
    if not wanted:
        raise SplError('field="" is undocumented.')
    if not _AS_IN_RAW.fullmatch(wanted):
        raise SplError(f"{wanted!r} is looked for in the raw text too, which may spell it otherwise.")
    if _NETWORK.fullmatch(wanted):
        return _inside(wanted)
    folded = wanted.lower()
    if "*" not in wanted:
        return lambda value: value.lower() == folded
    if not (_PLAIN_START.fullmatch(wanted) or _PLAIN_AROUND_STARS.fullmatch(wanted)):
        raise SplError(f"{wanted!r}: a wildcard in a value with punctuation gives inconsistent results.")
    pattern = re.compile(".*".join(map(re.escape, folded.split("*"))), re.DOTALL)
    return lambda value: pattern.fullmatch(value.lower()) is not None


def _inside(wanted: str) -> Callable[[str], bool]:
    """A value of this shape is all the addresses of a network, and itself."""
    network = ipaddress.ip_network(wanted, strict=False)

    def fits(value: str) -> bool:
        try:
            return value == wanted or ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return fits
