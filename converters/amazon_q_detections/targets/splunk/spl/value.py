"""Values and rows, and what every part of the interpreter asks of them."""

from __future__ import annotations

from amazon_q_detections.errors import QdetError

Value = str | float | bool | list[str] | None
"""A text, a number, a Boolean that only a test can use, several texts, or null."""

Row = dict[str, Value]


class SplError(QdetError):
    """A search that the interpreter does not know, or that rests on what Splunk's documents leave open."""


def texts(value: Value) -> list[str]:
    """The texts of a field: none, one or several."""
    if value is None:
        return []
    return value if isinstance(value, list) else [text(value)]


def text(value: Value) -> str:
    """The text of a single value; raises SplError for null, several values, and the Booleans that no command can hold."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else str(value)
    raise SplError(f"{value!r} stands where a single text or number is needed.")


def number(value: Value) -> float:
    """A number; raises SplError for anything else."""
    if isinstance(value, float):
        return value
    raise SplError(f"{value!r} stands where a number is needed.")
