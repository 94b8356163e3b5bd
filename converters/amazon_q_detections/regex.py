r"""Regular expressions: parsed once into a small closed tree, run here, written in the dialect of each engine.

They mean what the contract says: `\d \w \s` are ASCII, `$` is the end of the text, a character's case is `casing`'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from amazon_q_detections import casing, regex_parser
from amazon_q_detections.regex_parser import Flags
from amazon_q_detections.regex_tree import LAST, Anchor, Char, Choice, Dot, Node, Repeat, Series, Set, trimmed


@dataclass(frozen=True)
class Regex:
    """A parsed expression; *pattern* is as the rule has it. Groups are only grouping here: no rule reads a capture."""

    pattern: str
    flags: Flags
    tree: Node

    @classmethod
    def parse(cls, pattern: str, flags: Flags = frozenset()) -> Regex:
        """Parse *pattern*; raises Refused for what is outside the RE2 subset that rules may use."""
        return cls(pattern, flags, regex_parser.parse(pattern, flags))

    @cached_property
    def _search(self) -> re.Pattern[str]:
        return re.compile(_written(trimmed(self.tree)))

    def search(self, text: str) -> bool:
        """Whether the expression is found anywhere in *text*."""
        return self._search.search(text) is not None

    @property
    def python(self) -> str:
        """The expression for Python's `re`, to be compiled without flags."""
        return _written(self.tree)


_ANCHORS = {
    "text-start": r"\A",
    "text-end": r"\Z",
    "line-start": r"(?:\A|(?<=\n))",
    "line-end": r"(?=\n|\Z)",
    "boundary": r"(?a:\b)",
    "no-boundary": r"(?!(?a:\b))",  # Python's own \B is false on the empty text before 3.14
}


def _written(node: Node) -> str:
    match node:
        case Char():
            variants = casing.variants(node.char) if node.fold else node.char
            return re.escape(node.char) if len(variants) == 1 else f"[{re.escape(variants)}]"
        case Dot():
            return r"(?s:.)" if node.newline else r"[^\n]"
        case Set():
            return _set(node)
        case Anchor():
            return _ANCHORS[node.kind]
        case Series():
            return "".join(map(_written, node.items))
        case Choice():
            return f"(?:{'|'.join(map(_written, node.options))})"
        case Repeat():
            most = "" if node.most is None else node.most
            return f"(?:{_written(node.node)}){{{node.least},{most}}}{'?' if node.lazy else ''}"


def _set(node: Set) -> str:
    if node.ranges == (("\0", LAST),):
        return r"(?!)" if node.negated else r"(?s:.)"
    spans = "".join(re.escape(low) if low == high else f"{re.escape(low)}-{re.escape(high)}" for low, high in node.ranges)
    return f"[{'^' if node.negated else ''}{spans}]"
