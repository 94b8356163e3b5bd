r"""A rule's regular expression in Perl's dialect, written from its tree.

What Perl's engine reads in one way or another is spelled out: `\w`, `\d`, `\b` (Unicode or not), `\s` (with or without the
vertical tab), `^` and `$` at lines (PCRE2, "pcre2pattern"; Search Manual, "SPL and regular expressions").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_q_detections import casing
from amazon_q_detections.regex_algebra import characters
from amazon_q_detections.regex_tree import (
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
    ignoring_case,
    merged,
    nodes,
    outside,
    times,
)
from amazon_q_detections.targets.splunk import backtracking, pattern
from amazon_q_detections.targets.splunk.backtracking import First

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amazon_q_detections.regex import Regex

_CONTROLS = {"\t": r"\t", "\n": r"\n", "\f": r"\f", "\r": r"\r"}


def expression(regex: Regex, *, but_null: bool = False) -> str:
    """The expression, to be found in a value; *but_null* leaves out the text that stands for a JSON null."""
    tree = backtracking.shortened(regex.tree)
    letters = list(_letters(tree))
    folding = bool(letters) and all(char.fold for char in letters) and all(map(_bears_flag, nodes(tree)))
    written = _Writer(folding=folding).write(tree) or r"\A"
    dots = but_null or any(node == Dot(newline=True) for node in nodes(tree))
    flags = f"{'i' if folding else ''}{'s' if dots else ''}"
    if but_null:
        null = f"(?-i:{pattern.NULL_TEXT})" if folding else pattern.NULL_TEXT
        written = rf"\A(?!{null}\z).*?{f'(?:{written})' if isinstance(tree, Choice) else written}"
    return f"(?{flags}){written}" if flags else written


def beyond_ascii(regex: Regex) -> bool:
    """Whether the expression counts characters, or names some beyond ASCII, so that bytes would not do."""
    return any(map(_counts_characters, nodes(backtracking.shortened(regex.tree))))


def costly(regex: Regex, *, but_null: bool = False) -> bool:
    """Whether Perl's engine may give up on the expression in a long value."""
    return backtracking.costly(backtracking.shortened(regex.tree), from_start=but_null)


def _letters(node: Node) -> Iterator[Char]:
    return (one for one in nodes(node) if isinstance(one, Char) and len(casing.variants(one.char)) > 1)


def _counts_characters(node: Node) -> bool:
    match node:
        case Char():
            return not node.char.isascii()
        case Dot():
            return True
        case Set():
            return node.negated or _beyond_ascii(node.ranges)
    return False


class _Writer:
    """Writes nodes, the dot for any character; *folding* is whether the flag for case stands before them all."""

    def __init__(self, *, folding: bool) -> None:
        self._folding = folding

    def write(self, node: Node) -> str:
        """A node as text."""
        match node:
            case Char():
                return self._char(node)
            case Dot():
                return "." if node.newline else r"[^\n]"
            case Set():
                return self._unfolded(node, _set(node))
            case Anchor():
                return _ANCHORS[node.kind]
            case Series():
                return self._series(node.items)
            case Choice():
                return "|".join(map(self.write, node.options))
            case Repeat(node=Set() as inner):  # a repeated group would be a step deeper each time
                return self._unfolded(inner, f"{_set(inner)}{times(node)}")
            case Repeat():
                one = self.write(node.node) if backtracking.is_character(node.node) else self._grouped(node.node)
                return f"{one}{times(node)}"

    def _series(self, items: Sequence[Node]) -> str:
        texts = map(self._item, (None, *items), items, (*items[1:], None))
        written = []
        for item in backtracking.in_one_way(items):
            match item:
                case First():
                    written.append(f"(?>{next(texts)}?{''.join(next(texts) for _ in item.then)})")
                case _:
                    written.append(next(texts))
        return "".join(written)

    def _item(self, before: Node | None, item: Node, after: Node | None) -> str:
        match item:
            case Choice():
                return self._grouped(item)
            case Anchor(kind="boundary" | "no-boundary"):
                return _boundary(before, after, wanted=item.kind == "boundary")
        return self.write(item)

    def _unfolded(self, node: Set, written: str) -> str:
        return f"(?-i:{written})" if self._folding and not _has_all_cases(node) else written

    def _char(self, node: Char) -> str:
        variants = casing.variants(node.char)
        if self._folding or not node.fold or len(variants) == 1:
            return _CONTROLS.get(node.char) or pattern.escaped(node.char)
        return f"[{''.join(map(_in_class, variants))}]"

    def _grouped(self, node: Node) -> str:
        return f"(?:{self.write(node)})"


def _boundary(before: Node | None, after: Node | None, *, wanted: bool) -> str:
    """A word boundary (or none, unless *wanted*) between two items: one look is enough where one of them is known."""
    if (kind := _is_word(after)) is not None:
        return f"(?<{'!' if kind is wanted else '='}[{_WORD}])"
    if (kind := _is_word(before)) is not None:
        return f"(?{'!' if kind is wanted else '='}[{_WORD}])"
    return _ANCHORS["boundary" if wanted else "no-boundary"]


def _is_word(node: Node | None) -> bool | None:
    """Whether an item is of word characters (ASCII), or of none; None where it may be either, or empty."""
    match node:
        case Char():  # whose other cases are words too, but for two that are outside the contract
            ranges: Ranges = ((node.char, node.char),)
        case Set() | Dot():
            ranges = characters(node)
        case Repeat() if node.least:
            return _is_word(node.node)
        case _:
            return None
    for kind, all_of_kind in ((True, WORDS), (False, outside(WORDS))):
        if merged([*ranges, *all_of_kind]) == all_of_kind:
            return kind
    return None


def _set(node: Set) -> str:
    return f"[{'^' if node.negated else ''}{''.join(_span(low, high) for low, high in node.ranges)}]"


_WORD = "0-9A-Z_a-z"
assert "".join(low if low == high else f"{low}-{high}" for low, high in WORDS) == _WORD
_BOUNDARY = f"(?<=[{_WORD}])(?![{_WORD}])|(?<![{_WORD}])(?=[{_WORD}])"
_NO_BOUNDARY = f"(?<=[{_WORD}])(?=[{_WORD}])|(?<![{_WORD}])(?![{_WORD}])"
_ANCHORS = {
    "text-start": r"\A",
    "text-end": r"\z",
    "line-start": r"(?:\A|(?<=\n))",
    "line-end": r"(?:\z|(?=\n))",
    "boundary": f"(?:{_BOUNDARY})",
    "no-boundary": f"(?:{_NO_BOUNDARY})",
}


def _bears_flag(node: Node) -> bool:
    """Whether the flag for case may stand before a node: one that it would change is at least easily kept from it."""
    return not isinstance(node, Set) or _has_all_cases(node) or not (node.negated or _beyond_ascii(node.ranges))


def _beyond_ascii(ranges: Ranges) -> bool:
    return not all(low.isascii() and high.isascii() for low, high in ranges)


def _has_all_cases(node: Set) -> bool:
    """Whether each letter is there in all its cases, so that the flag for case changes nothing."""
    return merged([one for low, high in node.ranges for one in ignoring_case(low, high)]) == node.ranges


def _span(low: str, high: str) -> str:
    if low == high:
        return _in_class(low)
    return f"{_in_class(low)}{'-' if ord(high) > ord(low) + 1 else ''}{_in_class(high)}"


def _in_class(char: str) -> str:
    if char.isalnum() and char.isascii():
        return char
    if char in _CONTROLS:
        return _CONTROLS[char]
    if char.isascii() and char.isprintable() and char not in "|$`\"'":
        return f"\\{char}" if char in r"\]^-[" else char
    return f"\\x{{{ord(char):02x}}}"
