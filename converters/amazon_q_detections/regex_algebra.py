"""What can be asked of regular expressions without anchors, and made of them; None is the expression that no text matches."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from amazon_q_detections import casing
from amazon_q_detections.regex_tree import Anchor, Char, Choice, Dot, Node, Ranges, Repeat, Series, Set, merged, outside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NOTHING = Series(())
"""The empty text."""

ANY = Repeat(Dot(newline=True), 0, None)
"""Any text."""

_NEWLINE: Ranges = (("\n", "\n"),)


def series(*nodes: Node | None) -> Node | None:
    """One after the other, without series inside the series."""
    items: list[Node] = []
    for node in nodes:
        if node is None:
            return None
        items.extend(node.items if isinstance(node, Series) else (node,))
    return items[0] if len(items) == 1 else Series(tuple(items))


def choice(nodes: Iterable[Node | None]) -> Node | None:
    """One of them, each once; the empty text makes the others optional."""
    options: dict[Node, None] = {}
    for node in nodes:
        options |= dict.fromkeys(node.options if isinstance(node, Choice) else () if node is None else (node,))
    if NOTHING in options and len(options) > 1:
        del options[NOTHING]
        return optional(choice(options))
    found = tuple(options)
    return found[0] if len(found) == 1 else Choice(found) if found else None


def optional(node: Node | None) -> Node:
    """*node* or the empty text."""
    if node is None:
        return NOTHING
    return node if matches_empty(node) else Repeat(node, 0, 1)


def many(node: Node | None) -> Node:
    """*node* any number of times."""
    return NOTHING if node in (None, NOTHING) else Repeat(node, 0, None)


@cache
def matches_empty(node: Node) -> bool:
    """Whether the empty text matches."""
    match node:
        case Series():
            return all(map(matches_empty, node.items))
        case Choice():
            return any(map(matches_empty, node.options))
        case Repeat():
            return node.least == 0 or matches_empty(node.node)
    return False


@cache
def characters(node: Char | Dot | Set) -> Ranges:
    """The characters that match."""
    match node:
        case Char():
            return merged([(char, char) for char in (casing.variants(node.char) if node.fold else node.char)])
        case Dot():
            return outside(() if node.newline else _NEWLINE)
        case Set():
            return outside(node.ranges) if node.negated else node.ranges


@cache
def starting(node: Node, ranges: Ranges) -> Node | None:
    """Those of the texts that start with a character in *ranges*."""
    match node:
        case Char() | Dot() | Set():
            own = characters(node)
            shared = outside(merged([*outside(own), *outside(ranges)]))
            return node if shared == own else Set(shared) if shared else None
        case Series():
            skipped = next((at for at, item in enumerate(node.items) if not matches_empty(item)), len(node.items) - 1)
            return choice(series(starting(node.items[at], ranges), *node.items[at + 1 :]) for at in range(skipped + 1))
        case Choice():
            return choice(starting(option, ranges) for option in node.options)
        case Repeat():
            least = 0 if matches_empty(node.node) else max(node.least - 1, 0)
            most = None if node.most is None else node.most - 1
            rest = NOTHING if most == 0 else Repeat(node.node, least, most)
            return None if node.most == 0 else series(starting(node.node, ranges), rest)
    raise AssertionError(node)


def ending(node: Node, ranges: Ranges) -> Node | None:
    """Those of the texts that end with a character in *ranges*."""
    found = starting(backwards(node), ranges)
    return None if found is None else backwards(found)


def backwards(node: Node) -> Node:
    """The texts from their ends to their starts."""
    match node:
        case Series():
            return Series(tuple(map(backwards, reversed(node.items))))
        case Choice():
            return Choice(tuple(map(backwards, node.options)))
        case Repeat():
            return Repeat(backwards(node.node), node.least, node.most)
    return node


@cache
def size(node: Node) -> int:
    """How many nodes there are."""
    match node:
        case Series():
            return 1 + sum(map(size, node.items))
        case Choice():
            return 1 + sum(map(size, node.options))
        case Repeat():
            return 1 + size(node.node)
    return 1


def atoms(node: Node) -> Iterator[Char | Dot | Set | Anchor]:
    """What it is made of, left to right."""
    match node:
        case Series():
            for item in node.items:
                yield from atoms(item)
        case Choice():
            for option in node.options:
                yield from atoms(option)
        case Repeat():
            yield from atoms(node.node)
        case _:
            yield node


def anchored(node: Node) -> bool:
    """Whether there are anchors in it."""
    return any(isinstance(atom, Anchor) for atom in atoms(node))
