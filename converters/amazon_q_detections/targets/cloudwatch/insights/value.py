"""Values and rows, and how two values compare."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amazon_q_detections import record
from amazon_q_detections.errors import QdetError

if TYPE_CHECKING:
    from collections.abc import Callable

Row = dict[str, Any]
"""Texts, numbers, Booleans of tests, maps and lists that jsonParse gave, and nothing for what is missing."""

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class InsightsError(QdetError):
    """A query that the interpreter does not know, or that rests on what AWS's documents leave open."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A map or list that jsonParse gives: comparisons with it are false, most functions take it for null."""

    value: Any


def number(value: Any) -> float | None:
    """The number that a value is or spells, or None (User Guide, "filter": a field compares with a text and with a number)."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float):
        return float(value)
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None


def text(value: Any) -> str:
    """The text of a value."""
    return record.text(value)


def compared(sign: str, left: Any, right: Any) -> bool | None:
    """By value: as numbers if both are, else equal as texts; None where one is missing."""
    if left is None or right is None:
        return None
    if isinstance(left, Parsed) or isinstance(right, Parsed):
        return False
    numbers = (number(left), number(right))
    if None not in numbers:
        return COMPARISONS[sign](*numbers)
    return text(left) == text(right) if sign == "=" else False
