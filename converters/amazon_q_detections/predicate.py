"""The meaning of a condition: does it hold on a record? (docs/semantics.md, "Single events".)"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address
from operator import ge, gt, le, lt
from typing import Any

from amazon_q_detections import record
from amazon_q_detections.condition import (
    And,
    Boolean,
    Cidr,
    Compare,
    Condition,
    Exists,
    Keyword,
    Leaf,
    Matches,
    Not,
    Number,
    Or,
    SameAs,
    Test,
    Text,
    Wild,
)
from amazon_q_detections.record import Scalar

Predicate = Callable[[Mapping[str, Any]], bool]

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


def compile(condition: Condition) -> Predicate:
    """A function that says of a record whether *condition* holds on it."""
    match condition:
        case And():
            return _all(tuple(compile(arg) for arg in condition.args))
        case Or():
            return _any(_grouped(condition))
        case Not():
            negated = compile(condition.arg)
            return lambda event: not negated(event)
        case Keyword():
            return _keyword(condition.text)
        case Leaf():
            return _leaf(tuple(condition.field.split(".")), condition.test)


def _all(parts: tuple[Predicate, ...]) -> Predicate:
    return lambda event: all(part(event) for part in parts)


def _any(parts: tuple[Predicate, ...]) -> Predicate:
    return lambda event: any(part(event) for part in parts)


def _grouped(condition: Or) -> tuple[Predicate, ...]:
    """The parts of an Or, plain values of one field looked up in one set."""
    values: dict[str, set[str]] = {}
    parts: list[Predicate] = []
    for arg in condition.args:
        if isinstance(arg, Leaf) and isinstance(arg.test, Text) and arg.test.literal is not None and not arg.test.cased:
            values.setdefault(arg.field, set()).add(folded(arg.test.literal))
        else:
            parts.append(compile(arg))
    return (*(_one_of(tuple(field.split(".")), frozenset(found)) for field, found in values.items()), *parts)


def _one_of(path: tuple[str, ...], values: frozenset[str]) -> Predicate:
    return lambda event: any(folded(record.text(value)) in values for value in record.scalars(event, path))


def _leaf(path: tuple[str, ...], test: Test) -> Predicate:
    if isinstance(test, Exists):
        return lambda event: any(value is not None for value in record.reached(event, path))
    if isinstance(test, SameAs):
        return _same(path, tuple(test.field.split(".")))
    holds = _scalar_test(test)
    return lambda event: any(holds(value) for value in record.scalars(event, path))


def _scalar_test(test: Test) -> Callable[[Scalar], bool]:
    match test:
        case Text():
            return _text(test)
        case Boolean():
            wanted = "true" if test.value else "false"
            return lambda value: record.text(value).lower() == wanted
        case Number():
            number = test.value
            return lambda value: as_number(value) == number
        case Matches():
            search = test.regex.search
            return lambda value: search(record.text(value))
        case Cidr():
            network = test.network
            return lambda value: _inside(value, network)
        case Compare():
            relation, bound = _RELATIONS[test.op], test.value
            return lambda value: (found := as_number(value)) is not None and relation(found, bound)
    raise AssertionError(test)


def _text(test: Text) -> Callable[[Scalar], bool]:
    fold = (lambda text: text) if test.cased else folded
    literal = test.literal
    if literal is not None:
        wanted = fold(literal)
        return lambda value: bool(fold(record.text(value)) == wanted)
    pattern = re.compile(
        "".join(_WILD[part] if isinstance(part, Wild) else re.escape(fold(part)) for part in test.parts), re.DOTALL
    )
    return lambda value: pattern.fullmatch(fold(record.text(value))) is not None


_WILD = {Wild.ANY: ".*", Wild.ONE: "."}


def _keyword(text: Text) -> Predicate:
    holds = _text(text)
    return lambda event: any(holds(value) for value in _strings(event))


def _strings(value: Any) -> list[str]:
    found: list[str] = []
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return found


def _same(path: tuple[str, ...], other: tuple[str, ...]) -> Predicate:
    def holds(event: Mapping[str, Any]) -> bool:
        mine = {folded(record.text(value)) for value in record.scalars(event, path)}
        return any(folded(record.text(value)) in mine for value in record.scalars(event, other))

    return holds


def _inside(value: Scalar, network: IPv4Network | IPv6Network) -> bool:
    """Whether *value* spells an address of *network*; an IPv4 address never is in an IPv6 network, mapped or not."""
    if not isinstance(value, str):
        return False
    try:
        return ip_address(value) in network
    except ValueError:
        return False


def folded(text: str) -> str:
    """*text* in lower case, one character for one, as the contract's simple case mapping has it."""
    small = text.lower()
    if len(small) == len(text):
        return small
    return "".join(char if len(char.lower()) != 1 else char.lower() for char in text)


def as_number(value: Scalar) -> int | float | None:
    """The number that *value* is or spells (docs/semantics.md, first row), else None; a boolean is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    if not _NUMBER.fullmatch(value):
        return None
    return float(value) if "." in value else int(value)
