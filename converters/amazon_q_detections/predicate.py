"""The meaning of a condition: does it hold on a record? (docs/semantics.md, "Single events".)"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from amazon_q_detections import casing, record, scalar
from amazon_q_detections.condition import And, Condition, Exists, Keyword, Leaf, Not, Or, SameAs, Test, Text

Predicate = Callable[[Mapping[str, Any]], bool]


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
            return _keywords([condition.text])
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
    """The parts of an Or; those on the scalars of one field are one part, which finds them once, and so are all keywords."""
    tests: dict[str, list[Test]] = {}
    keywords: list[Text] = []
    parts: list[Predicate] = []
    for arg in condition.args:
        if isinstance(arg, Keyword):
            keywords.append(arg.text)
        elif isinstance(arg, Leaf) and not isinstance(arg.test, Exists | SameAs):
            tests.setdefault(arg.field, []).append(arg.test)
        else:
            parts.append(compile(arg))
    if keywords:
        parts.append(_keywords(keywords))
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
    passes = scalar.one_of(tests)

    def holds(event: Mapping[str, Any]) -> bool:
        for value in record.scalars(event, path):  # noqa: SIM110  # see above
            if passes(value):
                return True
        return False

    return holds


def _keywords(texts: list[Text]) -> Predicate:
    fits = scalar.fits_one(texts)

    def holds(event: Mapping[str, Any]) -> bool:
        for value in record.strings(event):  # noqa: SIM110  # see above
            if fits(value):
                return True
        return False

    return holds
