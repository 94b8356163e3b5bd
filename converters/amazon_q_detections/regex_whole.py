r"""The whole texts in which an expression is found, as an expression without anchors.

For dialects that match whole values and know no anchors. An anchor is a condition on what stands before and after a place.
So a part of an expression is taken apart into pieces, each of which says what may stand beside it. Where two pieces meet, the
conditions `^`, `$`, `\b` and their kind leave those texts of the one that end, and of the other that begin, as they ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import takewhile
from typing import TYPE_CHECKING, Literal

from amazon_q_detections.errors import Refused
from amazon_q_detections.regex_algebra import (
    ANY,
    NOTHING,
    anchored,
    backwards,
    choice,
    ending,
    many,
    matches_empty,
    optional,
    series,
    size,
    starting,
)
from amazon_q_detections.regex_tree import WORDS, Anchor, Choice, Node, Ranges, Repeat, Series, Set, merged, outside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# What may stand beside a place: the edge of the text, or a character of one of three kinds.
_EDGE, _NEWLINE, _WORD, _OTHER = "edge", "newline", "word", "other"
_KINDS: dict[str, Ranges] = {_NEWLINE: (("\n", "\n"),), _WORD: WORDS, _OTHER: outside(merged([("\n", "\n"), *WORDS]))}
_Beside = frozenset[str]
_ALL = frozenset({_EDGE, *_KINDS})
_IN_WORD, _IN_NONE = frozenset({_WORD}), _ALL - {_WORD}
_AT_EDGE, _AT_LINE = frozenset({_EDGE}), frozenset({_EDGE, _NEWLINE})

# What stands before and after a place where the anchor holds.
_PLACES: dict[str, list[tuple[_Beside, _Beside]]] = {
    "text-start": [(_AT_EDGE, _ALL)],
    "text-end": [(_ALL, _AT_EDGE)],
    "line-start": [(_AT_LINE, _ALL)],
    "line-end": [(_ALL, _AT_LINE)],
    "boundary": [(_IN_NONE, _IN_WORD), (_IN_WORD, _IN_NONE)],
    "no-boundary": [(_IN_WORD, _IN_WORD), (_IN_NONE, _IN_NONE)],
}

# Anchors inside repeats can multiply an expression; beyond this it is of no use to anybody.
_MOST_NODES = 4000


@dataclass(frozen=True, slots=True)
class _Piece:
    """Texts of *node* with one of *before* in front of them, and one of *after* behind."""

    before: _Beside
    node: Node
    after: _Beside


_EMPTY = _Piece(_ALL, NOTHING, _ALL)


def whole(tree: Node) -> Node:
    """The texts in which *tree* is found.

    Raises Refused for an expression that no text matches, or that becomes too large.
    """
    pieces = _pieces(tree)
    if not pieces:
        raise Refused("a regular expression of this kind", "no text matches it.")
    options = [_trimmed([*_ahead(piece.before), *_items(piece.node), *_behind(piece.after)]) for piece in pieces]
    if (ANY,) in options:
        return ANY
    return _required(choice(series(*option) for option in _gathered(_gathered(options, by=1), by=-1)))


def _ahead(beside: _Beside) -> list[Node]:
    """What the text has in front of a piece."""
    kinds = beside - {_EDGE}
    if beside == _ALL:
        return [ANY]
    if not kinds:
        return []
    found: list[Node] = [ANY, Set(_ranges(kinds))]
    return [optional(series(*found))] if _EDGE in beside else found


def _behind(beside: _Beside) -> list[Node]:
    return [backwards(node) for node in reversed(_ahead(beside))]


def _ranges(kinds: _Beside) -> Ranges:
    return merged([span for kind in sorted(kinds) for span in _KINDS[kind]])


def _items(node: Node) -> tuple[Node, ...]:
    return node.items if isinstance(node, Series) else (node,)


def _trimmed(items: list[Node]) -> tuple[Node, ...]:
    """Without what `.*` at an end takes in: parts that may be empty, and repeats beyond the least."""
    for by in (1, -1):
        items = items[::by]
        while len(items) > 1 and items[0] == ANY:
            second = items[1]
            if matches_empty(second):
                del items[1]
            elif isinstance(second, Repeat) and second.most != second.least:
                least = second.node if second.least == 1 else Repeat(second.node, second.least, second.least)
                items[1:2] = _items(least)[::by]
            else:
                break
        items = items[::by]
    return tuple(items)


def _gathered(options: Iterable[tuple[Node, ...]], *, by: Literal[1, -1]) -> list[tuple[Node, ...]]:
    """Those that start alike (*by* 1) or end alike (-1) as one, each once."""
    alike: dict[Node | None, dict[tuple[Node, ...], None]] = {}
    for option in (option[::by] for option in options):
        alike.setdefault(option[0] if option else None, {})[option] = None
    found = []
    for group in map(tuple, alike.values()):
        shared = [nodes[0] for nodes in takewhile(lambda nodes: len(set(nodes)) == 1, zip(*group, strict=False))]
        rest = _required(choice(series(*option[len(shared) :][::by]) for option in group))
        found.append((*shared, *_items(rest)[::by])[::by])
    return found


def _required(node: Node | None) -> Node:
    assert node is not None
    return node


def _pieces(node: Node) -> list[_Piece]:
    if not anchored(node):
        return [_Piece(_ALL, node, _ALL)]
    match node:
        case Anchor():
            return [_Piece(before, NOTHING, after) for before, after in _PLACES[node.kind]]
        case Series():
            return reduce(_joined, map(_pieces, node.items), [_EMPTY])
        case Choice():
            return _one_each(piece for option in node.options for piece in _pieces(option))
        case Repeat():
            return _repeated(_pieces(node.node), node.least, node.most)
    raise AssertionError(node)


def _one_each(pieces: Iterable[_Piece]) -> list[_Piece]:
    """One piece for each that may stand at the same places; raises Refused when they are too large."""
    found: dict[tuple[_Beside, _Beside], list[Node]] = {}
    for piece in pieces:
        if piece.before and piece.after:
            found.setdefault((piece.before, piece.after), []).append(piece.node)
    merged = [_Piece(before, _required(choice(nodes)), after) for (before, after), nodes in found.items()]
    if sum(size(piece.node) for piece in merged) > _MOST_NODES:
        raise Refused("a regular expression of this kind", "its anchors are too many, or are repeated too often.")
    return merged


def _joined(firsts: Sequence[_Piece], seconds: Sequence[_Piece]) -> list[_Piece]:
    return _one_each(piece for first in firsts for second in seconds for piece in _joint(first, second))


def _joint(first: _Piece, second: _Piece) -> Iterator[_Piece]:
    """Two pieces as one: both with text where they meet, or one of them empty, or both."""
    if first.after == _ALL == second.before:
        yield _Piece(first.before, _required(series(first.node, second.node)), second.after)
        return
    ahead, behind = _ended(first.node, second.before), _begun(second.node, first.after)
    if ahead is not None and behind is not None:
        yield _Piece(first.before, _required(series(ahead, behind)), second.after)
    if ahead is not None and matches_empty(second.node):
        yield _Piece(first.before, ahead, first.after & second.after)
    if matches_empty(first.node) and behind is not None:
        yield _Piece(first.before & second.before, behind, second.after)
    if matches_empty(first.node) and matches_empty(second.node):
        yield _Piece(first.before & second.before, NOTHING, first.after & second.after)


def _begun(node: Node, beside: _Beside) -> Node | None:
    """The texts of *node* that are not empty and begin with one of *beside*."""
    return starting(node, _ranges(beside - {_EDGE}))


def _ended(node: Node, beside: _Beside) -> Node | None:
    return ending(node, _ranges(beside - {_EDGE}))


def _repeated(pieces: list[_Piece], least: int, most: int | None) -> list[_Piece]:
    found = [_EMPTY]
    for _ in range(least):
        found = _joined(found, pieces)
    if most is None:
        return _joined(found, _closure(pieces))
    rest = [_EMPTY]
    for _ in range(most - least):
        rest = _one_each([_EMPTY, *_joined(pieces, rest)])
    return _joined(found, rest)


def _closure(pieces: list[_Piece]) -> list[_Piece]:
    """*pieces* any number of times: a way through places, each of which is the end of a piece (Kleene's construction).

    A piece leads from a place to another if each of the two may stand beside the other. Empty pieces only add conditions.
    """
    kinds = _told_apart(pieces)
    parts = [
        (first, _Piece(piece.before, node, piece.after), last)
        for piece in pieces
        for first in kinds
        if (begun := _begun(piece.node, first)) is not None
        for last in kinds
        if (node := _ended(begun, last)) is not None
    ]
    places = list(dict.fromkeys((last, part.after) for _, part, last in parts))
    ways: dict[tuple[int, int], Node | None] = {
        (source, goal): choice(
            part.node
            for first, part, last in parts
            if (last, part.after) == places[goal] and places[source][0] <= part.before and first <= places[source][1]
        )
        for source in range(len(places))
        for goal in range(len(places))
    }
    for middle in range(len(places)):
        ways = {step: _bounded(_through(ways, *step, middle)) for step in ways}
    ends = [(part.before, places.index((last, part.after)), part.node) for _, part, last in parts]
    return _one_each(
        [
            _EMPTY,
            *(
                _Piece(before, _required(series(node, optional(way) if source == goal else way)), places[goal][1])
                for before, source, node in ends
                for goal in range(len(places))
                if (way := ways[source, goal]) is not None or source == goal
            ),
        ]
    )


def _through(ways: Mapping[tuple[int, int], Node | None], source: int, goal: int, middle: int) -> Node | None:
    """The ways from *source* to *goal* that may go through *middle*, any number of times."""
    again = many(ways[middle, middle])
    if middle == source:
        return series(again, ways[middle, goal])
    if middle == goal:
        return series(ways[source, middle], again)
    return choice([ways[source, goal], series(ways[source, middle], again, ways[middle, goal])])


def _told_apart(pieces: list[_Piece]) -> list[_Beside]:
    """The kinds of characters, those together that no piece tells apart."""
    found: dict[tuple[bool, ...], set[str]] = {}
    for kind in _KINDS:
        told = tuple(kind in beside for piece in pieces for beside in (piece.before, piece.after))
        found.setdefault(told, set()).add(kind)
    return [frozenset(kinds) for kinds in found.values()]


def _bounded(node: Node | None) -> Node | None:
    if node is not None and size(node) > _MOST_NODES:
        raise Refused("a regular expression of this kind", "its anchors are repeated too often.")
    return node
