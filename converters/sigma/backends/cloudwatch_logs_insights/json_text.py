"""Tests on the JSON text of an object or array, for what Logs Insights cannot reach as a field.

A key stands in the text as `"key":`. Inside a string its quotes would be escaped, so the pattern cannot be met there. That the
key is of one place only in this text, or in the array in it that stands before, is the schema's promise.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from amazon_q_detections.condition import Boolean, Exists, Text, Wild
from amazon_q_detections.errors import Refused
from sigma.backends.cloudwatch_logs_insights import syntax

if TYPE_CHECKING:
    from amazon_q_detections.condition import Test

# One character of a JSON string, a whole string, and what holds no bracket outside of strings. What JSON may write as an escape
# of six characters is refused where a count matters.
_CHARACTER = r'([^"\\]|\\.)'
_STRING = rf'"{_CHARACTER}*"'
# One unit of a JSON string: a character, or an escape as a whole, so that a value cannot be met inside of one.
_HEX = "[0-9A-Fa-f]"
_UNIT = rf'([^"\\]|\\u{_HEX}{_HEX}{_HEX}{_HEX}|\\[^u])'
_FLAT = rf'[^\[\]"]|{_STRING}'
_NUMBER_OR_WORD = re.compile(r"[-+.0-9eEtrufalsTRUFALS]*")
# Characters that every JSON writer writes as they are.
_SAFE = re.compile(r"[A-Za-z0-9 ._:/-]*")

# The start of any element in the text of a list of texts or numbers: elements before it are walked over, so that what stands
# inside one is not taken for one.
_ANY_ELEMENT = rf'^\[\s*(({_STRING}|[^",\[\]]+)\s*,\s*)*'


def in_list(own: str, test: Test) -> str:
    """A test on any element of the list of scalars whose text is *own*."""
    return _write(own, test, _ANY_ELEMENT)


def at_key(own: str, test: Test, key: str, within: str = "") -> str:
    """A test on the values at *key* in the text *own*, of those in the arrays at the key *within*, if that is given.

    The key is folded with the value where case does not count; AWS spells each key in one way.
    """
    # What lies between the start of such an array and the key holds no bracket outside of strings, but for lists of texts.
    array = rf'"{syntax.escaped(within, fold=False)}"\s*:\s*\[({_FLAT}|\[({_FLAT})*\])*' if within else ""
    return _write(own, test, rf'{array}"{syntax.escaped(key, fold=False)}"\s*:\s*')


def _write(own: str, test: Test, start: str) -> str:
    match test:
        case Exists():
            return f"{own} like /{start}[^n\\s]/"  # `null` is the only JSON value that starts with an n
        case Text():
            return f"{own} like {syntax.slashed(_text(test, start), fold=_folds(test))}"
        case Boolean():
            word = "true" if test.value else "false"
            return f'{own} like /(?i){start}({word}|"{word}")/'
    raise Refused(f"a {type(test).__name__.lower()} on a JSON text", "it cannot be decided there.")


def _folds(text: Text) -> bool:
    return not text.cased and any(char.isalpha() for part in text.parts if isinstance(part, str) for char in part)


def _text(text: Text, start: str) -> str:
    """A string value, and where they can fit too the unquoted numbers and words."""
    if text.parts in ((Wild.ONE, Wild.ANY), (Wild.ANY, Wild.ONE)):
        return f'{start}("{_CHARACTER}|[-0-9tf])'
    if text.parts == (Wild.ANY,):
        return f'{start}["0-9tf-]'
    literal = text.literal
    if literal is None and all(_NUMBER_OR_WORD.fullmatch(part) for part in text.parts if isinstance(part, str)):
        raise Refused("this pattern on a JSON text", "it fits numbers, which JSON writes without quotes.")
    written = "".join(_part(part) for part in text.parts)
    if literal and _NUMBER_OR_WORD.fullmatch(literal):
        return f'{start}("{written}"|{written}\\s*[,\\]}}])'
    ending = "" if text.parts and text.parts[-1] is Wild.ANY else '"'
    return f'{start}"{written}{ending}'


def _part(part: str | Wild) -> str:
    if part is Wild.ONE:
        raise Refused("the wildcard ? on a JSON text", "JSON writes some characters as several.")
    if isinstance(part, Wild):
        return f"{_UNIT}*"
    if not _SAFE.fullmatch(part):
        raise Refused(f"the value {part!r} on a JSON text", "JSON may write it in more than one way.")
    return syntax.escaped(part, fold=False).replace(r"\/", r"\\?\/")
