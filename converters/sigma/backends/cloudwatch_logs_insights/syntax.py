"""Literals, field names and regular expressions of Logs Insights QL, with documented escapes only.

CloudWatch Logs User Guide: "CloudWatch Logs Insights language query syntax", "filter", "fields", "Structure types",
"Supported regular expressions (regex) syntax".
"""

from __future__ import annotations

import re

from amazon_q_detections import casing, numeral, prose
from amazon_q_detections.condition import Text, Wild
from amazon_q_detections.errors import Refused

RECORD = "q_record"
"""The name under which a query has the record parsed; names of ours start with `q_`, as no field of CloudTrail does."""

COMMENT = "#"
"""What a comment line starts with, and no command."""

TEXT = "_json"
"""What the name of a JSON text ends in, and no other name of ours."""

_TAKEN = re.compile(rf"q_(record|t|events?|values?|amount|total|first|last|from|to|since|until|(rule|key)_[0-9]+)|.*{TEXT}")
_PLAIN_STEP = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Starts with a letter and is no `NaN`, since what reads as a number might be compared as one.
_PLAIN_VALUE = re.compile(r"(?!(?i:nan|inf|infinity)$)[A-Za-z](?:[A-Za-z0-9._:/ -]*[A-Za-z0-9._:/-])?")
_REGEX_SIGNS = frozenset(r".^$*+?()[]{}|\/")
_NOT_IN_BACKTICKS = frozenset("`#{}\\")
# Words of the language; a key of such a name stands in backticks.
_WORDS = {
    "and", "as", "asc", "by", "dedup", "desc", "diff", "display", "fields", "filter", "in", "like", "limit", "not", "or",
    "parse", "pattern", "sort", "stats", "unmask", "where",
}  # fmt: skip

# Any character, the newline too: the page documents no flag that would let the dot match it.
ANY_CHARACTER = r"(.|\s)"

_ANCHORED_END = re.compile(r"(?<!\\)(\\\\)*\$/$")
# One of any, or one of a class beyond ASCII; of any number of any it is all the same.
_ONE_CHARACTER = re.compile(rf"{re.escape(ANY_CHARACTER)}(?!\*)|\[[^]]*[^]\x00-\x7F]")


def name(field: str) -> str:
    """A discovered field as it stands in a query: its path, in backticks if it has more than letters, digits and `_`."""
    steps = _checked(field)
    return field if all(map(_is_plain_step, steps)) else f"`{field}`"


def below(own: str, path: str) -> str:
    """The value at *path* in the map called *own*; a key with odd characters is in backticks by itself."""
    return ".".join([own, *(step if _is_plain_step(step) else f"`{step}`" for step in _checked(path))])


def own_name(field: str) -> str:
    """A name of ours for what *field* holds; `q_first` and the like, which queries use for themselves, are kept free."""
    name = f"q_{re.sub('[^A-Za-z0-9]+', '_', field).strip('_')}"
    return f"{name}_" if _TAKEN.fullmatch(name) else name


def _is_plain_step(step: str) -> bool:
    return _PLAIN_STEP.fullmatch(step) is not None and step.lower() not in _WORDS


def _checked(field: str) -> list[str]:
    steps = field.split(".")
    if not field.isprintable() or _NOT_IN_BACKTICKS.intersection(field) or not all(steps):
        raise Refused(f"the field name {field!r}", "Logs Insights has no escape for it.")
    if field.startswith("@"):
        raise Refused(f"the field name {field!r}", "Logs Insights has fields of its own under such names.")
    if any(step.isdigit() for step in steps):
        raise Refused(f"the field name {field!r}", "Logs Insights numbers the elements of arrays in this way.")
    return steps


def is_plain(value: str) -> bool:
    """Whether `=` with the value as a literal is true on exactly this text."""
    return _PLAIN_VALUE.fullmatch(value) is not None


def number(value: float) -> str:
    """A number as an operand; the page documents subtraction, but no sign."""
    digits = numeral.plain(value)
    return f"(0 - {digits[1:]})" if digits.startswith("-") else digits


def quoted(value: str) -> str:
    """A plain value as a literal; raises ValueError for any other, which belongs into a regular expression."""
    if not is_plain(value):
        raise ValueError(value)
    return f"'{value}'"


def escaped(text: str, *, fold: bool) -> str:
    """*text* inside a regular expression; under *fold* a letter beyond ASCII is written in all its cases.

    The page documents `(?i)` for ASCII examples only, and no escape for a control character.
    """
    return "".join(_escaped_char(char, fold) for char in text)


def _escaped_char(char: str, fold: bool) -> str:
    if char in _REGEX_SIGNS:
        return "\\" + char
    if not char.isprintable():
        raise Refused(f"the character {char!r}", "Logs Insights documents no escape for it in a regular expression.")
    if char == "#":
        raise Refused("the character '#'", "Logs Insights may take what follows for a comment.")
    variants = casing.variants(char) if fold and not char.isascii() else char
    return char if len(variants) == 1 else f"[{variants}]"


def assumed(expression: str) -> set[str]:
    """The assumptions that an expression between slashes rests on."""
    found = {"text_end"} if _ANCHORED_END.search(expression) else set()
    return found | {"characters"} if _ONE_CHARACTER.search(expression) else found


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
    return f"{COMMENT} {harmless(text)}"


def harmless(text: str) -> str:
    """*text* on one line, without what a saved query takes for a parameter, or CloudFormation for a reference.

    (CloudWatch Logs API Reference, "PutQueryDefinition": `{{name}}`; CloudFormation User Guide, "Using dynamic references".)
    """
    return re.sub(r"([{$])(?=\{)", r"\1 ", prose.one_line(text))
