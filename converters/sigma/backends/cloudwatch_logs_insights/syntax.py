"""Literals, field names and regular expressions of Logs Insights QL, with documented escapes only.

CloudWatch Logs User Guide: "CloudWatch Logs Insights language query syntax", "filter", "fields".
"""

from __future__ import annotations

import re

from amazon_q_detections.condition import Text, Wild
from amazon_q_detections.errors import Refused

_PLAIN_NAME = re.compile(r"[A-Za-z_@][A-Za-z0-9_@]*(\.[A-Za-z0-9_]+)*")
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9._:/ -]*")
_REGEX_SIGNS = frozenset(r".^$*+?()[]{}|\/")

# Any character, the newline too: the page documents no flag that would let the dot match it.
ANY_CHARACTER = r"(.|\s)"


def name(field: str) -> str:
    """A field name as it stands in a query; in backticks when it has more than letters, digits, `.`, `_` and `@`."""
    if _PLAIN_NAME.fullmatch(field):
        return field
    if "`" in field or not field.isprintable():
        raise Refused(f"the field name {field!r}", "Logs Insights has no escape for it.")
    return f"`{field}`"


def is_plain(value: str) -> bool:
    """Whether a value needs no escape in a quoted literal; the empty string is none of them."""
    return bool(value) and _PLAIN_VALUE.fullmatch(value) is not None


def quoted(value: str) -> str:
    """A plain value as a literal; raises ValueError for any other, which belongs into a regular expression."""
    if not is_plain(value):
        raise ValueError(value)
    return f"'{value}'"


def escaped(text: str, *, fold: bool) -> str:
    """*text* inside a regular expression; under *fold* a letter beyond ASCII is written in both its cases.

    The page documents `(?i)` for ASCII examples only, and no escape for a control character.
    """
    return "".join(_escaped_char(char, fold) for char in text)


def _escaped_char(char: str, fold: bool) -> str:
    if char in _REGEX_SIGNS:
        return "\\" + char
    if not char.isprintable():
        raise Refused(f"the character {char!r}", "Logs Insights documents no escape for it in a regular expression.")
    if fold and not char.isascii() and char.lower() != char.upper():
        if len(char.lower()) != 1 or len(char.upper()) != 1:
            raise Refused(f"the character {char!r}", "it has no single counterpart in the other case.")
        return f"[{char.lower()}{char.upper()}]"
    return char


def body(text: Text) -> str:
    """The pattern of *text* without anchors, its wildcards written out."""
    wild = {Wild.ANY: f"{ANY_CHARACTER}*", Wild.ONE: ANY_CHARACTER}
    return "".join(wild[part] if isinstance(part, Wild) else escaped(part, fold=not text.cased) for part in text.parts)


def whole(text: Text) -> str:
    """The regular expression that matches exactly the values that fit *text*, between slashes.

    A star at an end is written by leaving the anchor away.
    """
    parts = text.parts
    open_start = bool(parts) and parts[0] is Wild.ANY
    open_end = bool(parts) and parts[-1] is Wild.ANY
    inner = parts[1 if open_start else 0 : len(parts) - 1 if open_end else None]
    pattern = body(Text(inner, text.cased))
    return slashed(f"{'' if open_start else '^'}{pattern}{'' if open_end else '$'}", fold=not text.cased and _has_letter(inner))


def slashed(pattern: str, *, fold: bool) -> str:
    """A pattern between slashes, case folded or not."""
    return f"/{'(?i)' if fold else ''}{pattern}/"


def _has_letter(parts: tuple[str | Wild, ...]) -> bool:
    return any(char.isalpha() and char.isascii() for part in parts if isinstance(part, str) for char in part)


def comment(text: str) -> str:
    """*text* as a whole comment line; white space of any kind becomes a space, so that nothing can leave the line."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    return f"# {' '.join(shown.split())}"
