"""Field names, and values that need no regular expression, as they stand in SPL.

Splunk Search Reference, "search" (quotes and escapes), "Evaluation functions" and "JSON functions".
"""

from __future__ import annotations

import re

from amazon_q_detections.errors import Refused

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.{}]*")
_JSON_PATH = re.compile(r"[A-Za-z0-9_-]+(\{\})*(\.[A-Za-z0-9_-]+(\{\})*)*")
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9._:/-]+")
_PLAIN_PREFIX = re.compile(r"[A-Za-z0-9]+")
# `search` reads a value of this shape as all the addresses of a network (Search Reference, "search").
_NETWORK = re.compile(r"[0-9A-Fa-f.:]+/[0-9]+")


def name(field: str) -> str:
    """A field name in `search`, `table` and `by`; quoted when it has more than letters, digits, `_`, `.` and `{}`."""
    return field if _PLAIN_NAME.fullmatch(field) else f'"{_checked(field)}"'


def operand(field: str) -> str:
    """A field name in an expression: in single quotes, since a dot there joins texts."""
    return f"'{_checked(field)}'"


def _checked(field: str) -> str:
    if not field.isprintable() or any(char in "\"'\\`|$[]*" for char in field):
        raise Refused(f"the field name {field!r}", "SPL documents no escape for it.")
    return field


def path(field: str) -> str:
    """The JSON path of a field, in quotes, for `json_extract`; `{}` is every element of an array.

    Raises Refused for a key with a special character (Search Reference, "JSON functions": it cannot be reached).
    """
    if not _JSON_PATH.fullmatch(field):
        raise Refused(f"the field name {field!r}", "json_extract does not reach a key with a special character.")
    return f'"{field}"'


def is_plain(value: str) -> bool:
    """Whether `field="value"` in `search` is true on exactly the values that equal it, case folded."""
    return _PLAIN_VALUE.fullmatch(value) is not None and not _NETWORK.fullmatch(value)


def is_plain_prefix(value: str) -> bool:
    """Whether `field="value*"` in `search` is true on exactly the values that start with it, case folded."""
    return _PLAIN_PREFIX.fullmatch(value) is not None
