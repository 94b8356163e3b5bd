"""Values, field names and regular expressions as they stand in SPL.

Splunk Search Reference, "search" (quotes and escapes) and "Evaluation functions"; Search Manual, "SPL and regular
expressions": inside a quoted string a backslash of the expression is written twice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from amazon_q_detections.condition import Text, Wild
from amazon_q_detections.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.{}]*")
_JSON_PATH = re.compile(r"[A-Za-z0-9_-]+(\{\})*(\.[A-Za-z0-9_-]+(\{\})*)*")
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9._:/-]+")
_PLAIN_PREFIX = re.compile(r"[A-Za-z0-9]+")
# `search` reads a value of this shape as all the addresses of a network (Search Reference, "search").
_NETWORK = re.compile(r"[0-9A-Fa-f.:]+/[0-9]+")
# Characters that need nothing, in a regular expression and in quotes alike.
_BARE = frozenset("_-:/,@=<>!;~' ")

# Automatic extraction shows a JSON null as this text, so that a test which it would pass needs more than the field.
NULL_TEXT = "null"
_WILD = {Wild.ANY: ".*", Wild.ONE: "."}


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
    if char in r".*+?()[]{}^\\":
        return "\\" + char
    if char in "|$":  # `\|` in quotes becomes a bare pipe, and `$x$` in a saved search a token
        return f"[{char}]"
    return f"\\x{{{ord(char):02x}}}"


def fitting(texts: Sequence[Text]) -> str:
    """The regular expression (PCRE), quoted, that matches exactly the values that fit one of *texts*, alike in case."""
    bodies = [_body(text) for text in texts]
    starts, ends = {start for start, _, _ in bodies}, {end for _, _, end in bodies}
    if len(bodies) > 1 and len(starts) == len(ends) == 1:
        pattern = f"{starts.pop()}(?:{'|'.join(inner for _, inner, _ in bodies)}){ends.pop()}"
    else:
        pattern = "|".join("".join(body) for body in bodies)
    return quoted(_flags(texts) + pattern)


def fitting_but_null(text: Text) -> str:
    """Like fitting, but not on the text that stands for a JSON null."""
    start, inner, end = _body(text)
    anywhere = "" if start else ".*"
    return quoted(f"{_flags([text], dot=bool(anywhere))}\\A(?!(?-i:{NULL_TEXT})\\z){anywhere}{inner}{end}")


def fits(text: Text, value: str) -> bool:
    """Whether *value* fits *text*."""
    pattern = "".join(_WILD[part] if isinstance(part, Wild) else re.escape(part) for part in text.parts)
    return re.fullmatch(pattern, value, re.DOTALL | (0 if text.cased else re.IGNORECASE)) is not None


def _body(text: Text) -> tuple[str, str, str]:
    """Start anchor, expression and end anchor; a wildcard at an end is no anchor there, which spares a leading `.*`."""
    parts = list(text.parts)
    if parts == [Wild.ANY]:
        return r"\A", "", ""
    start = "" if parts and parts[0] is Wild.ANY else r"\A"
    end = "" if parts and parts[-1] is Wild.ANY else r"\z"
    inner = parts[0 if start else 1 : None if end else -1]
    return start, "".join(_WILD[part] if isinstance(part, Wild) else escaped(part) for part in inner), end


def _flags(texts: Sequence[Text], *, dot: bool = False) -> str:
    """`i` unless case counts, `s` if a dot is to match a newline too."""
    folded = "" if texts[0].cased else "i"
    dots = "s" if dot or any(isinstance(part, Wild) for text in texts for part in text.parts) else ""
    return f"(?{folded}{dots})" if folded or dots else ""
