"""Tests on the JSON text of an object or array, for what Logs Insights does not discover as a field.

A key stands in the text as `"key":`. Inside a string value its quotes would be escaped, so the pattern cannot be met there;
that the key is of one place only in this text is the schema's promise.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from amazon_q_detections.condition import Boolean, Exists, Leaf, Text, Wild
from amazon_q_detections.errors import Refused
from sigma.backends.cloudwatch_logs_insights import syntax

if TYPE_CHECKING:
    from amazon_q_detections.condition import Test

# One character of a JSON string. What JSON may write as an escape of six characters is refused where a count matters.
_CHARACTER = r'([^"\\]|\\.)'
_NUMBER_OR_WORD = re.compile(r"[-+.0-9eEtrufalsTRUFALS]*")


def write(own: str, leaf: Leaf, container: str) -> str:
    """The leaf as a test on the text called *own*; a list of strings is its own *container*.

    The key is folded with the value where case does not count; AWS spells each key in one way.
    """
    key = "" if leaf.field == container else leaf.field.rpartition(".")[2]
    start = rf'"{syntax.escaped(key, fold=False)}"\s*:\s*' if key else r"[\[,]\s*"
    match leaf.test:
        case Exists():
            # `null` is the only JSON value that starts with an n.
            return f"{own} like /{start}[^n\\s]/" if key else f"{own} like /^[^n]/"
        case Text():
            return f"{own} like {syntax.slashed(_text(leaf.test, start), fold=_folds(leaf.test))}"
        case Boolean():
            word = "true" if leaf.test.value else "false"
            return f'{own} like /(?i){start}({word}|"{word}")/'
    raise Refused(f"a {_called(leaf.test)} on {leaf.field}", "it cannot be decided on a JSON text.")


def _called(test: Test) -> str:
    return type(test).__name__.lower()


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
        return f'{start}("{written}"|{written}[^-+.0-9A-Za-z])'
    ending = "" if text.parts and text.parts[-1] is Wild.ANY else '"'
    return f'{start}"{written}{ending}'


def _part(part: str | Wild) -> str:
    if part is Wild.ONE:
        raise Refused("the wildcard ? on a JSON text", "JSON writes some characters as several.")
    if isinstance(part, Wild):
        return f"{_CHARACTER}*"
    if not part.isascii() or not part.isprintable() or '"' in part or "\\" in part:
        raise Refused(f"the value {part!r} on a JSON text", "JSON may write it in more than one way.")
    return syntax.escaped(part, fold=False).replace(r"\/", r"\\?\/")
