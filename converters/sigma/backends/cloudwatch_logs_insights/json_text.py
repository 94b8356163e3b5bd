"""Tests on the JSON text of an object or array, for what Logs Insights cannot reach as a field.

A key stands in the text as `"key":`. Inside a string its quotes would be escaped, so the pattern cannot be met there. That the
key is of one place only in this text, or in the array in it that stands before, is the schema's promise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from amazon_q_detections import numeral
from amazon_q_detections.condition import Boolean, Exists, Number, Text, Wild
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
# Characters that every JSON writer writes as they are; some write those of HTML and the equals sign as escapes.
_SAFE = re.compile(r"[A-Za-z0-9 ._:/$*+,;@!?()\[\]{}|^%~-]*")

# The start of any element in the text of a list of texts or numbers: elements before it are walked over, so that what stands
# inside one is not taken for one.
_ELEMENTS = rf'\[\s*(({_STRING}|[^",\[\]]+)\s*,\s*)*'
_ANY_ELEMENT = f"^{_ELEMENTS}"
_VALUES = {"one": "", "many": _ELEMENTS, "either": f"({_ELEMENTS})?"}
_FLAT_OBJECT = rf'[^\[\]{{}}"]|{_STRING}'


def in_list(own: str, test: Test) -> str:
    """A test on any element of the list of scalars whose text is *own*."""
    return _write(own, test, _ANY_ELEMENT)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value is in a JSON text: at *key*, of those in the arrays at *within*, or of the objects at *parent*, if given.

    *count* says whether the value stands there, an array of values, or now one and now the other.
    """

    key: str
    within: str = ""
    parent: str = ""
    count: Literal["one", "many", "either"] = "one"

    def start(self, test: Test) -> str:
        """The pattern up to a value of the test."""
        # What lies between the start of such an array and the key holds no bracket outside of strings, but for lists of texts.
        array = rf"{_at(self.within)}\[({_FLAT}|\[({_FLAT})*\])*" if self.within else ""
        # Nor does what lies between the start of such an object and the key hold another object.
        parent = rf"{_at(self.parent)}\{{({_FLAT_OBJECT}|\[({_FLAT_OBJECT})*\])*" if self.parent else ""
        values = "" if isinstance(test, Exists) else _VALUES[self.count]
        return f"{array}{parent}{_at(self.key)}{values}"


def _at(key: str) -> str:
    return rf'"{syntax.escaped(key, fold=False)}"\s*:\s*'


def at_key(own: str, test: Test, place: Place) -> str:
    """A test on the values at *place* in the text *own*.

    The key is folded with the value where case does not count; AWS spells each key in one way.
    """
    return _write(own, test, place.start(test))


def _write(own: str, test: Test, start: str) -> str:
    match test:
        case Exists():
            return f"{own} like /{start}[^n\\s]/"  # `null` is the only JSON value that starts with an n
        case Text():
            return f"{own} like {syntax.slashed(_text(test, start), fold=_folds(test))}"
        case Number():
            number = numeral.spellings(test.value)
            return f'{own} like /{start}("{number}"|{number}\\s*[,\\]}}])/'
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
    open_end = bool(text.parts) and text.parts[-1] is Wild.ANY
    written = "".join(_part(part) for part in (text.parts[:-1] if open_end else text.parts))
    if literal and _NUMBER_OR_WORD.fullmatch(literal):
        return f'{start}("{written}"|{written}\\s*[,\\]}}])'
    closing = "" if open_end else '"'
    return f'{start}"{written}{closing}'


def _part(part: str | Wild) -> str:
    if part is Wild.ONE:
        raise Refused("the wildcard ? on a JSON text", "JSON writes some characters as several.")
    if isinstance(part, Wild):
        return f"{_UNIT}*"
    if not _SAFE.fullmatch(part):
        raise Refused(f"the value {part!r} on a JSON text", "JSON may write it in more than one way.")
    return syntax.escaped(part, fold=False).replace(r"\/", r"\\?\/")
