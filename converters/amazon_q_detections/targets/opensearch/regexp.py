r"""Regular expressions in Lucene's dialect, in which one matches a whole value and knows no anchors (Lucene, "RegExp").

It has no `\n` or `\t`, its dot matches a newline, and `"#@&<>~` are operators in Lucene text, where flags cannot be set.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from amazon_q_detections import casing, regex_whole
from amazon_q_detections.errors import Refused
from amazon_q_detections.regex_algebra import atoms, characters
from amazon_q_detections.regex_tree import (
    DIGITS,
    WORDS,
    Anchor,
    Char,
    Choice,
    Dot,
    Node,
    Ranges,
    Repeat,
    Series,
    Set,
    merged,
    outside,
)
from amazon_q_detections.targets.opensearch import java_text
from amazon_q_detections.targets.opensearch.automaton import TooManyPlacesError, effort, grows

if TYPE_CHECKING:
    from amazon_q_detections.regex import Regex

_OPERATORS = frozenset('.?+*|{}[]()"\\#@&<>~^$')
_IN_CLASSES = frozenset("\\[]^-")
_NUL: Ranges = (("\0", "\0"),)
_CAPITALS: Ranges = (("A", "Z"),)
_NAMES: dict[Ranges, str] = {WORDS: r"\w", DIGITS: r"\d", (("\t", "\n"), ("\r", "\r"), (" ", " ")): r"\s"}
_SIGNS = {(0, None): "*", (1, None): "+", (0, 1): "?"}


_NAME = "a regular expression of this kind"
# Index setting `index.max_regex_length`, in Java's characters.
_LONGEST = 1000
# OpenSearch 2 follows an automaton by recursion, and fails at 1,000 characters.
_MOST_PLACES = 990
_MOST_EFFORT = 80_000
# Of an expression of which OpenSearch 2 makes more than is counted here.
_MOST_EFFORT_GROWN = 20_000
# Characters of several bytes lead OpenSearch 2 to a second automaton, over bytes.
_MOST_EFFORT_BEYOND_ASCII = 4_000


@dataclass(frozen=True, slots=True)
class Pattern:
    """The *tree* of the whole values that match: of those in lower case unless *cased*; *text* is for flags NONE or any."""

    tree: Node
    cased: bool
    text: str

    @property
    def literal(self) -> str | None:
        """The only value that matches, if there is only one."""
        return only(self.tree)

    @property
    def has_nul(self) -> bool:
        """Whether a NUL is one of its characters, alone and not in a class."""
        return any(characters(atom) == _NUL for atom in atoms(self.tree) if not isinstance(atom, Anchor))


@cache
def pattern(regex: Regex) -> Pattern:
    """What matches the values in which *regex* is found, in lower case if it can be.

    Raises Refused for what a node does not take or gives up on.
    """
    try:
        tree = regex_whole.whole(regex.tree)
        lower = in_lower_case(tree)
        # The normalizer of a field in lower case makes the patterns lower case too, `[A-z]` as well.
        cased = lower is None or written(lower) != written(lower).lower()
        found = tree if lower is None or cased else lower
        return Pattern(found, cased, checked(found))
    except Refused as refused:
        raise Refused(f"the regular expression {regex.pattern!r}", refused.reason) from None


def checked(tree: Node) -> str:
    """The pattern for a tree without anchors; raises Refused for one that a node does not take or gives up on."""
    text = written(tree)
    length = java_text.length(text)
    if length > _LONGEST:
        raise Refused(_NAME, f"OpenSearch takes {_LONGEST} characters, and it has {length}.")
    try:
        if effort(tree, _MOST_EFFORT, _MOST_PLACES) <= _most_effort(tree, text):
            return text
    except TooManyPlacesError:
        pass
    raise Refused(_NAME, "OpenSearch gives up on it; counts such as {0,50} make it hard.")


def _most_effort(tree: Node, text: str) -> int:
    if not text.isascii():
        return _MOST_EFFORT_BEYOND_ASCII
    return _MOST_EFFORT_GROWN if grows(tree, _MOST_PLACES) else _MOST_EFFORT


def only(node: Node) -> str | None:
    """The only text that matches, if there is only one."""
    match node:
        case Char() | Dot() | Set():
            ranges = characters(node)
            return ranges[0][0] if len(ranges) == 1 and ranges[0][0] == ranges[0][1] else None
        case Series():
            texts = [only(item) for item in node.items]
            return None if None in texts else "".join(text for text in texts if text is not None)
        case Choice():
            options = {only(option) for option in node.options}
            return options.pop() if len(options) == 1 else None
        case Repeat():
            inner = only(node.node)
            if inner == "" or node.most == 0:
                return ""
            return None if inner is None or node.least != node.most else inner * node.least
    return None


def in_lower_case(node: Node) -> Node | None:
    """The same for values in lower case; None where case counts."""
    match node:
        case Char():
            return Char(node.char.lower()) if node.fold or len(casing.variants(node.char)) == 1 else None
        case Dot():
            return node
        case Set():
            ranges = _in_lower_case(node.ranges)
            return None if ranges is None else Set(ranges, node.negated)
        case Series():
            items = tuple(map(in_lower_case, node.items))
            return None if None in items else Series(tuple(item for item in items if item is not None))
        case Choice():
            options = tuple(map(in_lower_case, node.options))
            return None if None in options else Choice(tuple(option for option in options if option is not None))
        case Repeat():
            inner = in_lower_case(node.node)
            return None if inner is None else Repeat(inner, node.least, node.most)
    return None


def _in_lower_case(ranges: Ranges) -> Ranges | None:
    """Those of the characters that a text in lower case can have; None where not both cases of each are among them."""
    for chars in casing.classes():
        lower = casing.fold(chars[0])
        if len({_holds(ranges, char) for char in (lower, lower.upper()) if len(char) == 1}) > 1:
            return None
    found = tuple((low, high) for low, high in ranges if low != high or casing.fold(low) == low)
    if merged([*found, *WORDS]) != found:  # what has all of them is written with a name, in which case does not count
        found = outside(merged([*outside(found), *_CAPITALS]))
    return found


def _holds(ranges: Ranges, char: str) -> bool:
    return any(low <= char <= high for low, high in ranges)


def written(node: Node) -> str:
    """The pattern for a tree without anchors."""
    match node:
        case Char() | Set() | Dot():
            return _one(node)
        case Series():
            return "".join(f"({written(item)})" if isinstance(item, Choice) else written(item) for item in node.items)
        case Choice():
            return "|".join(written(option) or "()" for option in node.options)
        case Repeat():
            if node.most == 0 or not (inner := written(node.node)):
                return ""
            grouped = inner if isinstance(node.node, Char | Set | Dot) else f"({inner})"
            return grouped + _counts(node.least, node.most)
    raise AssertionError(node)


def _counts(least: int, most: int | None) -> str:
    if (least, most) in _SIGNS:
        return _SIGNS[least, most]
    return f"{{{least}}}" if least == most else f"{{{least},{'' if most is None else most}}}"


def _one(node: Char | Dot | Set) -> str:
    ranges = characters(node)
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        char = ranges[0][0]
        return f"\\{char}" if char in _OPERATORS else char
    others = outside(ranges)
    if not others:
        return "."
    if not ranges:
        raise Refused(_NAME, "no character is in one of its classes.")
    if len(others) < len(ranges) or (isinstance(node, Set) and node.negated):
        return f"[^{_spans(others)}]"
    found = _spans(ranges)
    return found if found in _NAMES.values() else f"[{found}]"


def _spans(ranges: Ranges) -> str:
    spans = []
    for named, name in _NAMES.items():
        rest = outside(merged([*outside(ranges), *named]))
        if merged([*ranges, *named]) == ranges and len(rest) < len(ranges):
            spans.append(name)
            ranges = rest
    for low, high in ranges:
        few = range(ord(low), ord(high) + 1) if ord(high) - ord(low) < 3 else None
        spans.append("".join(_in_class(chr(code)) for code in few) if few else f"{_in_class(low)}-{_in_class(high)}")
    return "".join(spans)


def _in_class(char: str) -> str:
    return f"\\{char}" if char in _IN_CLASSES else char
