"""What it costs a node to make an automaton of a pattern (Lucene, "Operations.determinize").

Lucene makes an automaton without choices, whose states are the sets of places at which a text can be in the pattern. The sum
of their sizes must stay below 100,000 (the limit 10,000, of which each is ten); a search with a pattern beyond fails, and as
Lucene text finds nothing in silence.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from amazon_q_detections.regex_algebra import characters, matches_empty
from amazon_q_detections.regex_tree import Char, Choice, Dot, Node, Ranges, Repeat, Series, Set

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST_AT_ONCE = 4


class TooManyPlacesError(Exception):
    """A pattern has more places than are counted."""


def effort(node: Node, most: int, places: int) -> int:
    """The sum of the sizes of the states; more than *most* is not counted on.

    Raises TooManyPlacesError for a pattern with more places than that.
    """
    return sum(state.bit_count() for state in _Automaton(node, places).states(most))


def grows(node: Node, places: int) -> bool:
    """Whether the automaton without choices of some part can be larger, or longer, than the part is itself.

    OpenSearch 2 makes one of each part, and puts the whole together from these.
    """
    match node:
        case Series():
            return any(grows(item, places) for item in node.items)
        case Choice():
            return _is_ambiguous(node, places) or any(grows(option, places) for option in node.options)
        case Repeat():
            return _is_ambiguous(node, places) or grows(node.node, places)
    return False


def _is_ambiguous(node: Node, places: int) -> bool:
    """Whether a text can be at many places of *node*, or these make many sets."""
    made = _Automaton(node, places)
    states = list(made.states(places**2))
    return len(states) > made.places or any(state.bit_count() > _MOST_AT_ONCE for state in states)


class _Automaton:
    """The places of a pattern, each with the characters that lead there and the places that can come next (Glushkov).

    Sets of places are numbers, each place a bit.
    """

    def __init__(self, node: Node, most: int) -> None:
        self._most = most
        self._characters: list[Ranges] = []
        self._next: list[int] = []
        self._first, _ = self._added(node)

    @property
    def places(self) -> int:
        """How many there are."""
        return len(self._next)

    def states(self, most: int) -> Iterator[int]:
        """The sets of places at which a text can be, but for the start, until the sum of their sizes exceeds *most*."""
        classes = self._classes()
        waiting = list({wanted & self._first for wanted in classes} - {0})
        seen = set(waiting)
        effort = 0
        while waiting and effort <= most:
            places = waiting.pop()
            effort += places.bit_count()
            yield places
            ahead = self._ahead(places)
            for state in {ahead & wanted for wanted in classes} - seen - {0}:
                seen.add(state)
                waiting.append(state)

    def _ahead(self, places: int) -> int:
        found = 0
        while places:
            lowest = places & -places
            found |= self._next[lowest.bit_length() - 1]
            places ^= lowest
        return found

    def _classes(self) -> set[int]:
        """For characters that no place tells apart, the places that they lead to."""
        edges = {edge for ranges in set(self._characters) for low, high in ranges for edge in (ord(low), ord(high) + 1)}
        number = {edge: at for at, edge in enumerate(sorted(edges))}
        found = [0] * len(number)
        for place, ranges in enumerate(self._characters):
            for low, high in ranges:
                for at in range(number[ord(low)], number[ord(high) + 1]):
                    found[at] |= 1 << place
        return set(found)

    def _added(self, node: Node) -> tuple[int, int]:
        """The places at which a text of *node* can begin and end."""
        match node:
            case Char() | Dot() | Set():
                return self._place(characters(node))
            case Series():
                return self._in_turn(node.items)
            case Choice():
                ends = [self._added(option) for option in node.options]
                return reduce(or_, (first for first, _ in ends)), reduce(or_, (last for _, last in ends))
            case Repeat(most=1):
                return self._added(node.node)
            case Repeat():
                return self._repeated(node)
        raise AssertionError(node)

    def _place(self, found: Ranges) -> tuple[int, int]:
        if len(self._characters) >= self._most:
            raise TooManyPlacesError
        self._characters.append(found)
        self._next.append(0)
        place = 1 << len(self._next) - 1
        return place, place

    def _in_turn(self, nodes: Iterable[Node]) -> tuple[int, int]:
        first = last = 0
        started = False
        for node in nodes:
            begin, end = self._added(node)
            self._link(last, begin)
            first |= 0 if started else begin
            last = end | last if matches_empty(node) else end
            started = started or not matches_empty(node)
        return first, last

    def _repeated(self, node: Repeat) -> tuple[int, int]:
        """As many copies as there can be, and of an open repeat one more, which leads back to itself."""
        copies = node.least + 1 if node.most is None else node.most
        first = last = begin = end = 0
        for number in range(1, copies + 1):
            previous = end
            begin, end = self._added(node.node)
            self._link(previous, begin)
            first = first or begin
            last |= end if number >= node.least or matches_empty(node.node) else 0
        if node.most is None:
            self._link(end, begin)
        return first, last

    def _link(self, last: int, first: int) -> None:
        """Places of *first* can follow those of *last*."""
        while last:
            lowest = last & -last
            self._next[lowest.bit_length() - 1] |= first
            last ^= lowest
