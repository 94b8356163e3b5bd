r"""Regular expressions: parsed once into a small closed tree, run by RE2, written in the dialect of each engine.

They mean what the contract says: `\d \w \s` are ASCII, `$` is the end of the text, a character's case is `casing`'s. RE2
walks a text once: what an attacker writes into a record cannot make a rule's pattern take longer (RE2, "Why RE2").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from amazon_q_detections import casing, regex_parser
from amazon_q_detections.errors import Refused
from amazon_q_detections.regex_parser import Flags
from amazon_q_detections.regex_tree import Anchor, Char, Choice, Dot, Node, Repeat, Series, Set

if TYPE_CHECKING:
    from collections.abc import Callable

# Bytes for one expression, its automata included: twice RE2's own bound, since a class for each folded letter takes more room.
_MOST_MEMORY = 16 << 20
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Regex:
    """A parsed expression; *pattern* is as the rule has it. Groups are only grouping here: no rule reads a capture."""

    pattern: str
    flags: Flags
    tree: Node
    _search: Callable[[bytes], object] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, pattern: str, flags: Flags = frozenset()) -> Regex:
        """Parse *pattern*; raises Refused for what is outside the RE2 subset that rules may use, or too large for RE2."""
        tree = regex_parser.parse(pattern, flags)
        if _matches_nothing(tree, inside=True) and not _matches_nothing(tree, inside=False):
            # RE2 looks at bytes, so it finds \B inside the code of one character, where a reader sees no place.
            raise Refused(f"the regular expression {pattern!r}", r"\B alone satisfies it.")
        return cls(pattern, flags, tree, _compiled(pattern, tree))

    def search(self, text: str) -> bool:
        """Whether the expression is found anywhere in *text*; half a surrogate pair there is one unknown character."""
        whole = text if text.isascii() else _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
        return self._search(whole.encode()) is not None


def _compiled(pattern: str, tree: Node) -> Callable[[bytes], object]:
    # Imported late: re2 takes 25 ms, and few rules have a regular expression.
    import re2

    options = re2.Options()
    options.max_mem, options.log_errors, options.never_capture = _MOST_MEMORY, False, True
    try:
        found: Callable[[bytes], object] = re2.compile(_written(tree), options).search
    except re2.error as error:
        raise Refused(f"the regular expression {pattern!r}", "it is too large for RE2.") from error
    return found


def _matches_nothing(node: Node, *, inside: bool) -> bool:
    r"""Whether *node* matches the empty text somewhere in the middle, where of the anchors only `\B` holds, if *inside*."""
    match node:
        case Anchor():
            return inside and node.kind == "no-boundary"
        case Series():
            return all(_matches_nothing(item, inside=inside) for item in node.items)
        case Choice():
            return any(_matches_nothing(option, inside=inside) for option in node.options)
        case Repeat():
            return node.least == 0 or _matches_nothing(node.node, inside=inside)
    return False


_ANCHORS = {
    "text-start": r"\A",
    "text-end": r"\z",
    "line-start": "(?m:^)",
    "line-end": "(?m:$)",
    "boundary": r"\b",
    "no-boundary": r"\B",
}


def _written(node: Node) -> str:
    """The expression for RE2, in ASCII."""
    match node:
        case Char():
            variants = casing.variants(node.char) if node.fold else node.char
            return _code(node.char) if len(variants) == 1 else f"[{''.join(map(_code, variants))}]"
        case Dot():
            return "(?s:.)" if node.newline else "(?-s:.)"
        case Set():
            spans = "".join(_code(low) if low == high else f"{_code(low)}-{_code(high)}" for low, high in node.ranges)
            return f"[{'^' if node.negated else ''}{spans}]"
        case Anchor():
            return _ANCHORS[node.kind]
        case Series():
            return f"(?:{''.join(map(_written, node.items))})"
        case Choice():
            return f"(?:{'|'.join(map(_written, node.options))})"
        case Repeat():
            most = "" if node.most is None else node.most
            return f"(?:{_written(node.node)}){{{node.least},{most}}}{'?' if node.lazy else ''}"


def _code(char: str) -> str:
    return char if char.isascii() and char.isalnum() else f"\\x{{{ord(char):x}}}"
