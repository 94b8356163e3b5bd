"""Regular expressions as Perl's engine tries them: fewer ways through a value, and whether they are too many.

limits.conf, [rex]: beyond match_limit, 100,000 steps from one place of a value, and depth_limit, 1,000 steps inside one
another, an expression fails to match in silence. Each repetition of a group is a step inside the one before, that of a
character is none (PCRE2, "pcre2api", pcre2_set_depth_limit).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, TypeGuard

from amazon_q_detections.regex_tree import Anchor, Char, Choice, Dot, Node, Repeat, Series, Set, nodes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST_STEPS, _MOST_REPEATED_GROUPS = 100_000, 100
# The characters of a long value, which a repeat without a bound may try.
_LONG = 10_000


@dataclass(frozen=True, slots=True)
class First:
    """Any run of characters up to the first place where *then* stands; later ones leave less room for what follows."""

    run: Repeat
    then: tuple[Node, ...]


def shortened(tree: Node) -> Node:
    """What is found in the same values: a repeat at an end stands there no more often than it has to."""
    return _shortened(_flat(tree))


def _shortened(node: Node) -> Node:
    match node:
        case Choice():
            return Choice(tuple(map(_shortened, node.options)))
        case Series() | Repeat():
            items = node.items if isinstance(node, Series) else (node,)
            return _series(_from_start(_from_start(items)[::-1])[::-1])
    return node


def _from_start(items: tuple[Node, ...]) -> tuple[Node, ...]:
    while items and isinstance(items[0], Repeat):
        node, least = items[0].node, items[0].least
        if least:
            return (node if least == 1 else Repeat(node, least, least), *items[1:])
        items = items[1:]
    return items


def _flat(node: Node) -> Node:
    """Without a series inside a series, and without repeats of what is only a place between characters."""
    match node:
        case Series():
            return _series(tuple(map(_flat, node.items)))
        case Choice():
            return Choice(tuple(map(_flat, node.options)))
        case Repeat() if not any(map(is_character, nodes(node.node))):
            return _flat(node.node) if node.least else Series(())
        case Repeat():
            return replace(node, node=_flat(node.node))
    return node


def _series(items: tuple[Node, ...]) -> Node:
    found: list[Node] = []
    for item in items:
        found.extend(item.items if isinstance(item, Series) else (item,))
    return found[0] if len(found) == 1 else Series(tuple(found))


def in_one_way(items: Sequence[Node]) -> Iterator[Node | First]:
    """The items of a series, with each run of any characters that the next such run makes up for as a First."""
    place = 0
    while place < len(items):
        end = place + 1
        run = items[place]
        if _any_characters(run):
            while end < len(items) and _has_one_length(items[end]):
                end += 1
            then = tuple(items[place + 1 : end])
            if then and end < len(items) and _makes_up(items[end], run, then):
                yield First(run, then)
                place = end
                continue
        yield run
        place += 1


def costly(node: Node, *, from_start: bool = False) -> bool:
    """Whether the limits may be too low; *from_start* where each place of a value is tried by the expression itself."""
    return any(map(_is_deep, nodes(node))) or _ways(node) * (_LONG if from_start else 1) > _MOST_STEPS


def is_character(node: Node) -> bool:
    """Whether it is one character, whose repeats need no group."""
    return isinstance(node, Char | Dot | Set)


def _any_characters(node: Node) -> TypeGuard[Repeat]:
    return isinstance(node, Repeat) and isinstance(node.node, Dot) and node.most is None


def _has_one_length(node: Node) -> bool:
    return is_character(node) or isinstance(node, Anchor) or (isinstance(node, Repeat) and _is_fixed(node))


def _is_fixed(node: Repeat) -> bool:
    return is_character(node.node) and node.least == node.most


def _makes_up(follower: Node, run: Repeat, then: Sequence[Node]) -> bool:
    """Whether *follower* reaches whatever a longer *run* would: it is as free, or nothing on the way ends a line."""
    if not _any_characters(follower):
        return False
    return follower.node == Dot(newline=True) or (run.node == follower.node and not any(map(_may_end_line, then)))


def _may_end_line(node: Node) -> bool:
    match node:
        case Char():
            return node.char == "\n"
        case Dot():
            return node.newline
        case Set():
            return any(low <= "\n" <= high for low, high in node.ranges) is not node.negated
        case Repeat():
            return _may_end_line(node.node)
    return False


def _is_deep(node: Node) -> bool:
    if not isinstance(node, Repeat) or is_character(node.node):
        return False
    return node.most is None or node.most > _MOST_REPEATED_GROUPS


def _ways(node: Node) -> int:
    """The ways in which an expression can be tried from one place, at the most, about."""
    match node:
        case Series():
            return prod(1 if isinstance(item, First) else _ways(item) for item in in_one_way(node.items))
        case Choice():
            return sum(map(_ways, node.options))
        case Repeat():
            most = _LONG if node.most is None else node.most
            return (most - node.least + 1) * (1 if is_character(node.node) else _ways(node.node) ** most)
    return 1
