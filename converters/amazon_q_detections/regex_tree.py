"""The tree of a regular expression: closed, free of flags, the same for every dialect it is written in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from amazon_q_detections import casing

if TYPE_CHECKING:
    from collections.abc import Iterator

Ranges = tuple[tuple[str, str], ...]
"""Characters as ranges from first to last, sorted, neither overlapping nor touching."""

DIGITS: Ranges = (("0", "9"),)
WORDS: Ranges = (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z"))
SPACES: Ranges = (("\t", "\n"), ("\f", "\r"), (" ", " "))

LAST = chr(0x10FFFF)


@dataclass(frozen=True, slots=True)
class Char:
    """One literal character, case folded if *fold*."""

    char: str
    fold: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    """The dot; it matches a newline if *newline*."""

    newline: bool


@dataclass(frozen=True, slots=True)
class Set:
    r"""One character of (or, if *negated*, outside) the ranges.

    Ignoring case is already in the ranges. A dialect's own flag must not be set on it: that would fold `[\W]` too, which
    holds the long s and the Kelvin sign, and so make it match s and k.
    """

    ranges: Ranges
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place between characters: start or end of the text or of a line, a word boundary or none (ASCII)."""

    kind: Literal["text-start", "text-end", "line-start", "line-end", "boundary", "no-boundary"]


@dataclass(frozen=True, slots=True)
class Series:
    """The items one after the other; without items, the empty text."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the options."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """From *least* to *most* times (None: no bound); *lazy* changes no verdict, only what a group captures."""

    node: Node
    least: int
    most: int | None
    lazy: bool = False


Node = Char | Dot | Set | Anchor | Series | Choice | Repeat


def merged(ranges: list[tuple[str, str]]) -> Ranges:
    """The same characters as sorted ranges that neither overlap nor touch."""
    found: list[tuple[str, str]] = []
    for low, high in sorted(ranges):
        if found and ord(low) <= ord(found[-1][1]) + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return tuple(found)


def outside(ranges: Ranges) -> Ranges:
    """The characters that are in none of the *ranges*."""
    found, start = [], 0
    for low, high in ranges:
        if ord(low) > start:
            found.append((chr(start), chr(ord(low) - 1)))
        start = ord(high) + 1
    if start <= ord(LAST):
        found.append((chr(start), LAST))
    return tuple(found)


def ignoring_case(low: str, high: str) -> list[tuple[str, str]]:
    """The range and every variant in case of a character in it."""
    if low == high:
        return [(char, char) for char in casing.variants(low)]
    found = [(low, high)]
    for chars in casing.classes():
        if any(low <= char <= high for char in chars):
            found.extend((char, char) for char in chars)
    return found


def nodes(node: Node) -> Iterator[Node]:
    """A node and all that are inside it."""
    yield node
    match node:
        case Series():
            for item in node.items:
                yield from nodes(item)
        case Choice():
            for option in node.options:
                yield from nodes(option)
        case Repeat():
            yield from nodes(node.node)


def times(node: Repeat) -> str:
    """How often, as all dialects write it; laziness changes no verdict and is left out."""
    match node.least, node.most:
        case 0, None:
            return "*"
        case 1, None:
            return "+"
        case 0, 1:
            return "?"
        case least, None:
            return f"{{{least},}}"
        case least, most if least == most:
            return f"{{{least}}}"
        case least, most:
            return f"{{{least},{most}}}"
