r"""A rule's regular expression as Logs Insights reads it, written from its tree.

Written are only the operators of CloudWatch Logs User Guide, "Supported regular expressions (regex) syntax", groups, and the
flag `(?i)`; what they cannot say is refused. A word boundary rests on an assumption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_q_detections import casing
from amazon_q_detections.errors import Refused
from amazon_q_detections.regex_tree import SPACES, Anchor, Char, Choice, Dot, Node, Repeat, Series, Set, nodes, times
from sigma.backends.cloudwatch_logs_insights import syntax

if TYPE_CHECKING:
    from amazon_q_detections.regex import Regex
    from amazon_q_detections.regex_tree import Ranges

_CLASSES = {"0-9": r"\d", "0-9A-Z_a-z": r"\w"}
_SIGNS_IN_CLASS = frozenset(r"\]^-[/")


def written(regex: Regex) -> str:
    """The expression between slashes; raises Refused for what has no documented spelling."""
    found = list(nodes(regex.tree))
    letters = [node for node in found if isinstance(node, Char) and len(casing.variants(node.char)) > 1]
    sets = [node for node in found if isinstance(node, Set)]
    ascii_only = all(node.char.isascii() for node in letters)
    folding = bool(letters) and ascii_only and all(node.fold for node in letters) and not any(map(_has_letters, sets))
    return syntax.slashed(_Writer(folding=folding).write(regex.tree), fold=folding)


def assumed(regex: Regex) -> set[str]:
    """The assumptions that the expression rests on."""
    found: set[str] = set()
    for node in nodes(regex.tree):
        match node:
            case Anchor(kind="text-end"):
                found.add("text_end")
            case Anchor(kind="boundary" | "no-boundary"):
                found.add("word_boundary")
            case Dot():
                found.add("characters")
            case Set() if node.negated or not all(high.isascii() for _, high in node.ranges):
                found.add("characters")
            case Char() if not node.char.isascii():
                found.add("characters")
    return found


def _has_letters(node: Set) -> bool:
    """Whether the flag for case could change what the set matches."""
    return any(high > "@" and low < "{" for low, high in node.ranges) or any(ord(high) > 127 for _, high in node.ranges)


class _Writer:
    """Writes nodes; *folding* is whether the flag for case stands before them all."""

    def __init__(self, *, folding: bool) -> None:
        self._folding = folding

    def write(self, node: Node) -> str:
        """A node as text."""
        match node:
            case Char():
                return self._char(node)
            case Dot():
                return syntax.ANY_CHARACTER if node.newline else "."
            case Set():
                return _set(node)
            case Anchor():
                return _anchor(node)
            case Series():
                return "".join(self._grouped(item) if isinstance(item, Choice) else self.write(item) for item in node.items)
            case Choice():
                return "|".join(map(self.write, node.options))
            case Repeat():
                return f"{self._repeatable(node.node)}{times(node)}"

    def _char(self, node: Char) -> str:
        variants = casing.variants(node.char)
        if not node.fold or self._folding or len(variants) == 1:
            return syntax.escaped(node.char, fold=False)
        return f"[{''.join(map(_in_class, variants))}]"

    def _grouped(self, node: Node) -> str:
        return f"({self.write(node)})"

    def _repeatable(self, node: Node) -> str:
        return self.write(node) if isinstance(node, Char | Dot | Set) else self._grouped(node)


def _anchor(node: Anchor) -> str:
    match node.kind:
        case "text-start":
            return "^"
        case "text-end":
            return "$"
        case "boundary":
            return r"\b"
        case "no-boundary":
            return r"\B"
    raise Refused("an anchor at lines", "Logs Insights documents no flag that would let ^ and $ stand at them.")


def _set(node: Set) -> str:
    ranges, classes = _without_spaces(node.ranges)
    inside = "".join(_span(low, high) for low, high in ranges)
    if not node.negated and not classes and inside in _CLASSES:
        return _CLASSES[inside]
    if not node.negated and classes and not inside:
        return r"\s"
    return f"[{'^' if node.negated else ''}{classes}{inside}]"


def _without_spaces(ranges: Ranges) -> tuple[Ranges, str]:
    r"""The ranges without white space, and `\s` if all of that is in them; its control characters have no other spelling."""
    if not all(any(low <= first and last <= high for low, high in ranges) for first, last in SPACES):
        return ranges, ""
    rest: list[tuple[str, str]] = []
    for low, high in ranges:
        rest.extend(_cut(low, high))
    return tuple(rest), r"\s"


def _cut(low: str, high: str) -> list[tuple[str, str]]:
    found, start = [], ord(low)
    for first, last in SPACES:
        if start <= ord(first) <= ord(high):
            if ord(first) > start:
                found.append((chr(start), chr(ord(first) - 1)))
            start = ord(last) + 1
    if start <= ord(high):
        found.append((chr(start), high))
    return found


def _span(low: str, high: str) -> str:
    if low == high:
        return _in_class(low)
    return f"{_in_class(low)}{'-' if ord(high) > ord(low) + 1 else ''}{_in_class(high)}"


def _in_class(char: str) -> str:
    if char in _SIGNS_IN_CLASS:
        return f"\\{char}"
    return syntax.escaped(char, fold=False) if not char.isascii() or not char.isprintable() or char == "#" else char
