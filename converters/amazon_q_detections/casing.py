"""Letters without their case: one character for one, so that lengths and places stay.

Two characters are one when Unicode's simple mappings lead from one to the other (Unicode Standard, "Case Mappings"); whole
strings are never mapped, since `str.lower` looks at a letter's neighbours (Σ at the end of a word) and makes two of one (İ).
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

# No character with a case lies above (Unicode 16, Adlam and the letters before it).
_LAST_CASED = 0x1E943
_DOTLESS_I = "\u0131"  # its capital is I, but I is the capital of i


def fold(text: str) -> str:
    """*text* with every character as its folded form."""
    return text.lower() if text.isascii() else _fold_beyond_ascii(text)


@lru_cache(maxsize=64)  # many rules fold the same few texts of a record
def _fold_beyond_ascii(text: str) -> str:
    return "".join(map(_folded, text))


@cache
def _folded(char: str) -> str:
    return char if char == _DOTLESS_I else _one(_one(_one(char, str.lower), str.upper), str.lower)


def _one(char: str, mapping: Callable[[str], str]) -> str:
    mapped = mapping(char)
    return mapped if len(mapped) == 1 else char


def variants(char: str) -> str:
    """Every character with the same folded form, *char* included, in order."""
    return _variants().get(_folded(char), char)


@cache
def _variants() -> Mapping[str, str]:
    """The characters of each folded form that has several."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for char in map(chr, range(_LAST_CASED + 1)):
        if char.lower() != char or char.upper() != char:
            found[_folded(char)].append(char)
    return {folded: "".join(chars) for folded, chars in found.items() if len(chars) > 1}


def classes() -> Iterable[str]:
    """The characters of each folded form, where it has several."""
    return _variants().values()
