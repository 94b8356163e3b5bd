"""The meaning of a condition: does it hold on a record? (docs/semantics.md, "Single events".)"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address
from operator import ge, gt, le, lt
from typing import Any

from amazon_q_detections import casing, record
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
_ScalarTest = Callable[[Scalar], bool]

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
            return _not(compile(condition.arg))
        case Keyword():
            return _keyword(condition.text)
        case Leaf():
            return _leaf(_path(condition.field), condition.test)


def _path(field: str) -> tuple[str, ...]:
    return tuple(field.split("."))


# The loops below are written out: a generator inside any() or all() takes longer than most of the tests themselves.


def _all(parts: tuple[Predicate, ...]) -> Predicate:
    def holds(event: Mapping[str, Any]) -> bool:
        for part in parts:  # noqa: SIM110  # see above
            if not part(event):
                return False
        return True

    return holds


def _any(parts: tuple[Predicate, ...]) -> Predicate:
    if len(parts) == 1:
        return parts[0]

    def holds(event: Mapping[str, Any]) -> bool:
        for part in parts:  # noqa: SIM110  # see above
            if part(event):
                return True
        return False

    return holds


def _not(part: Predicate) -> Predicate:
    return lambda event: not part(event)


def _grouped(condition: Or) -> tuple[Predicate, ...]:
    """The parts of an Or; those on the scalars of one field are one part, which finds them once."""
    tests: dict[str, list[Test]] = {}
    parts: list[Predicate] = []
    for arg in condition.args:
        if isinstance(arg, Leaf) and not isinstance(arg.test, Exists | SameAs):
            tests.setdefault(arg.field, []).append(arg.test)
        else:
            parts.append(compile(arg))
    return (*(_scalars(_path(field), found) for field, found in tests.items()), *parts)


def _leaf(path: tuple[str, ...], test: Test) -> Predicate:
    match test:
        case Exists():
            return _exists(path)
        case SameAs():
            return _same(path, _path(test.field))
    return _scalars(path, [test])


def _exists(path: tuple[str, ...]) -> Predicate:
    def holds(event: Mapping[str, Any]) -> bool:
        for value in record.reached(event, path):  # noqa: SIM110  # see above
            if value is not None:
                return True
        return False

    return holds


def _same(path: tuple[str, ...], other: tuple[str, ...]) -> Predicate:
    def holds(event: Mapping[str, Any]) -> bool:
        mine = {casing.fold(record.text(value)) for value in record.scalars(event, path)}
        return any(casing.fold(record.text(value)) in mine for value in record.scalars(event, other))

    return holds


def _scalars(path: tuple[str, ...], tests: list[Test]) -> Predicate:
    """Whether a scalar at *path* passes one of *tests*; plain values are looked up in one set."""
    plain = [test.literal for test in tests if isinstance(test, Text) and not test.cased and test.literal is not None]
    found = [_scalar(test) for test in tests if not isinstance(test, Text) or test.cased or test.literal is None]
    if plain:
        found.insert(0, _one_of(frozenset(map(casing.fold, plain))))
    if len(found) == 1:
        passes = found[0]

        def holds(event: Mapping[str, Any]) -> bool:
            for value in record.scalars(event, path):  # noqa: SIM110  # see above
                if passes(value):
                    return True
            return False

        return holds
    return lambda event: any(passes(value) for value in record.scalars(event, path) for passes in found)


def _one_of(values: frozenset[str]) -> _ScalarTest:
    return lambda value: casing.fold(record.text(value)) in values


def _scalar(test: Test) -> _ScalarTest:
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


def _text(test: Text) -> _ScalarTest:
    fits = _fits(test)
    if test.cased:
        return lambda value: fits(record.text(value))
    return lambda value: fits(casing.fold(record.text(value)))


def _fits(test: Text) -> Callable[[str], bool]:
    """Whether a text, folded already unless case counts, fits the parts of *test*."""
    parts = tuple(part if isinstance(part, Wild) or test.cased else casing.fold(part) for part in test.parts)
    match parts:
        case ():
            return lambda text: not text
        case (str(literal),):
            return lambda text: text == literal
        case (Wild.ANY,):
            return lambda _: True
        case (Wild.ANY, str(literal), Wild.ANY):
            return lambda text: literal in text
        case (str(literal), Wild.ANY):
            return lambda text: text.startswith(literal)
        case (Wild.ANY, str(literal)):
            return lambda text: text.endswith(literal)
    pattern = _glob(parts)
    return lambda text: pattern.fullmatch(text) is not None


def _glob(parts: tuple[str | Wild, ...]) -> re.Pattern[str]:
    """The parts as an expression that takes no more than one way through a text.

    What lies between two `*` may stand at its first place, since later ones leave less room for the rest: so no group is
    entered again, and a long text without a match costs one walk.
    """
    runs: list[str] = [""]
    for part in parts:
        if part is Wild.ANY:
            runs.append("")
        else:
            runs[-1] += "." if part is Wild.ONE else re.escape(str(part))
    first, *middle, last = runs if len(runs) > 1 else (runs[0], None)
    tail = "" if last is None else "".join(f"(?>.*?{run})" for run in middle if run) + f".*{last}"
    return re.compile(f"{first}{tail}", re.DOTALL)


def _keyword(text: Text) -> Predicate:
    holds = _text(text)
    return lambda event: any(holds(value) for value in record.strings(event))


def _inside(value: Scalar, network: IPv4Network | IPv6Network) -> bool:
    """Whether *value* spells an address of *network*.

    An IPv4 address is in no IPv6 network and the other way round, mapped or not; one with a zone (`fe80::1%eth0`) is none.
    """
    if not isinstance(value, str) or "%" in value:
        return False
    try:
        return ip_address(value) in network
    except ValueError:
        return False


def as_number(value: Scalar) -> int | float | None:
    """The number that *value* is or spells (docs/semantics.md, first rows), else None; a boolean is none.

    Fractions are those of JSON readers, IEEE 754 doubles, and so is what has thousands of digits: an infinity.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    if not _NUMBER.fullmatch(value):
        return None
    return float(value) if "." in value or len(value) > record.MOST_DIGITS else int(value)
