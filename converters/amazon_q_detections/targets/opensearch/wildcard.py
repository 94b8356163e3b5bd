"""Wildcard patterns: what a node does before it searches for one, and which it gives up on.

Lucene makes an automaton of a pattern, in which each character is a state, and then one without choices, whose states are the
sets of places at which a text can be in the pattern. The sum of their sizes must stay below 100,000 (`Operations.determinize`
with the limit 10,000, of which each is ten); a search with a pattern beyond fails, and as Lucene text finds nothing in silence.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from amazon_q_detections import casing
from amazon_q_detections.condition import Text, Wild
from amazon_q_detections.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_EFFORT = 90_000
# Characters of several bytes lead OpenSearch 2 to a second automaton, over bytes, which was seen to fail from 9,100 on.
_MOST_EFFORT_BEYOND_ASCII = 5_000
# OpenSearch 2 follows an automaton by recursion, and fails at 1,000 characters.
_LONGEST = 990

_Places = frozenset[int]


@cache
def checked(text: Text) -> Text:
    """*text*, which a node can search for; raises Refused for a pattern that it gives up on."""
    pattern = [char for part in text.parts for char in _units(part, cased=text.cased)]
    if len(pattern) > _LONGEST:
        raise Refused(f"a pattern of more than {_LONGEST} characters", "OpenSearch cannot search for it.")
    ascii_only = all(isinstance(unit, Wild) or unit.isascii() for unit in pattern)
    most = _MOST_EFFORT if ascii_only else _MOST_EFFORT_BEYOND_ASCII
    # Of one run of characters the places are how far it has been met: no more sets than places, and no larger.
    one_run = Wild.ONE not in text.parts and sum(isinstance(part, str) for part in text.parts) == 1
    if not (one_run and (len(pattern) + 2) ** 2 <= most) and _effort(pattern, most) > most:
        raise Refused("a pattern of this kind", "OpenSearch gives up on it; write '*' instead of '?' behind the first '*'.")
    return text


def _units(part: str | Wild, *, cased: bool) -> Iterator[str | Wild]:
    yield from [part] if isinstance(part, Wild) else part if cased else casing.fold(part)


def _effort(pattern: list[str | Wild], most: int) -> int:
    """What the automaton without choices costs; more than *most* is not counted on.

    A place is the number of the unit that was met last, -1 before the first.
    """
    ahead = [_ahead(pattern, place) for place in range(len(pattern) + 1)]
    first = frozenset({-1})
    seen, waiting, effort = {first}, [first], 0
    while waiting and effort <= most:
        places = waiting.pop()
        effort += len(places)
        for found in _steps(pattern, ahead, places) - seen:
            seen.add(found)
            waiting.append(found)
    return effort


def _ahead(pattern: list[str | Wild], place: int) -> list[int]:
    """The units that can be met at *place*: the next one, and while that is a `*`, which may be empty, those after it."""
    found = []
    while place < len(pattern):
        found.append(place)
        if pattern[place] is not Wild.ANY:
            break
        place += 1
    return found


def _steps(pattern: list[str | Wild], ahead: list[list[int]], places: _Places) -> set[_Places]:
    """Where one more character can lead from *places*: one that no unit names, or one that some name."""
    met = {unit for place in places for unit in ahead[place + 1]}
    met.update(place for place in places if place >= 0 and pattern[place] is Wild.ANY)
    by_any = frozenset(unit for unit in met if isinstance(pattern[unit], Wild))
    named = {pattern[unit] for unit in met} - {Wild.ANY, Wild.ONE}
    found = {by_any | {unit for unit in met if pattern[unit] == char} for char in named}
    return {places for places in (by_any, *found) if places}
