"""Values, field names and regular expressions as they stand in SPL.

Splunk Search Reference, "search" (quotes and escapes) and "Evaluation functions"; Search Manual, "SPL and regular
expressions": inside a quoted string a backslash of the expression is written twice.
"""

from __future__ import annotations

import re

from amazon_q_detections.condition import Text, Wild
from amazon_q_detections.errors import Refused

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.{}]*")
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9._:/-]+")
_PLAIN_PREFIX = re.compile(r"[A-Za-z0-9]+")
# Characters that need nothing, in a regular expression and in quotes alike.
_BARE = frozenset("_-:/,@=<>!;~' ")

# Automatic extraction shows a JSON null as this text, so that a test which it would pass needs more than the field.
NULL_TEXT = "null"


def name(field: str) -> str:
    """A field name in `search`, `table` and `by`; quoted when it has more than letters, digits, `_`, `.` and `{}`."""
    return field if _PLAIN_NAME.fullmatch(field) else f'"{_checked(field)}"'


def operand(field: str) -> str:
    """A field name in an expression: in single quotes, since a dot there joins texts."""
    return f"'{_checked(field)}'"


def _checked(field: str) -> str:
    if not field.isprintable() or any(char in "\"'\\`|$[]" for char in field):
        raise Refused(f"the field name {field!r}", "SPL documents no escape for it.")
    return field


def path(field: str) -> str:
    """The JSON path of a field, in quotes, for `json_extract`; an array in it has no exact form there."""
    if "{}" in field:
        raise ValueError(field)
    return f'"{_checked(field)}"'


def is_plain(value: str) -> bool:
    """Whether `field="value"` in `search` is true on exactly the values that equal it, case folded."""
    return _PLAIN_VALUE.fullmatch(value) is not None


def is_plain_prefix(value: str) -> bool:
    """Whether `field="value*"` in `search` is true on exactly the values that start with it, case folded."""
    return _PLAIN_PREFIX.fullmatch(value) is not None


def quoted(pattern: str) -> str:
    """A regular expression as a quoted string: backslashes twice, quotes escaped."""
    doubled = pattern.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{doubled}"'


def escaped(text: str) -> str:
    """*text* inside a regular expression; what SPL or a .conf file could read otherwise is written by its code."""
    return "".join(_escaped_char(char) for char in text)


def _escaped_char(char: str) -> str:
    if (char.isalnum() and char.isprintable()) or char in _BARE:
        return char
    if char in r".*+?()[]{}^\"" and char != '"':
        return "\\" + char
    if char in "|$":  # `\|` in quotes becomes a bare pipe, and `$x$` in a saved search a token
        return f"[{char}]"
    return f"\\x{{{ord(char):02x}}}"


def whole(text: Text) -> str:
    """The regular expression, quoted, that matches exactly the values that fit *text* (PCRE)."""
    wild = {Wild.ANY: ".*", Wild.ONE: "."}
    parts = list(text.parts)
    start = "" if parts and parts[0] is Wild.ANY else r"\A"
    end = "" if parts and parts[-1] is Wild.ANY else r"\z"
    inner = parts[1 if not start else 0 : len(parts) - 1 if not end else None]
    flags = ("" if text.cased else "i") + ("s" if any(isinstance(part, Wild) for part in inner) else "")
    pattern = "".join(wild[part] if isinstance(part, Wild) else escaped(part) for part in inner)
    return quoted(f"{f'(?{flags})' if flags else ''}{start}{pattern}{end}")
