r"""A rule's regular expression in Perl's dialect, written from its tree.

What Perl's engine reads in one way or another is spelled out: `\w`, `\d`, `\b` (Unicode or not), `\s` (with or without the
vertical tab), `^` and `$` at lines (PCRE2, "pcre2pattern"; Search Manual, "SPL and regular expressions").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_q_detections import casing
from amazon_q_detections.regex_tree import WORDS, Anchor, Char, Choice, Dot, Node, Repeat, Series, Set
from amazon_q_detections.targets.splunk import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amazon_q_detections.regex import Regex

_CONTROLS = {"\t": r"\t", "\n": r"\n", "\f": r"\f", "\r": r"\r"}


def expression(regex: Regex, *, but_null: bool = False) -> str:
    """The expression, to be found in a value; *but_null* leaves out the text that stands for a JSON null."""
    folding = all(char.fold for char in _letters(regex.tree)) and any(True for _ in _letters(regex.tree))
    written = _Writer(folding=folding).write(regex.tree)
    start = rf"\A(?!{pattern.NULL_TEXT}\z)(?s:.)*?" if but_null else ""
    if not start:
        return f"{'(?i)' if folding else ''}{written}"
    return f"{start}(?{'i' if folding else ''}:{written})"


def beyond_ascii(regex: Regex) -> bool:
    """Whether the expression counts characters, or names some beyond ASCII, so that bytes would not do."""
    return any(_counts_characters(node) for node in _nodes(regex.tree))


def nested(regex: Regex) -> bool:
    """Whether a repeat without a bound stands inside another, so that Perl's engine can try very many ways."""
    return any(
        _unbounded(node) and any(map(_unbounded, _nodes(node.node))) for node in _nodes(regex.tree) if isinstance(node, Repeat)
    )


def _unbounded(node: Node) -> bool:
    return isinstance(node, Repeat) and node.most is None


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    match node:
        case Series():
            for item in node.items:
                yield from _nodes(item)
        case Choice():
            for option in node.options:
                yield from _nodes(option)
        case Repeat():
            yield from _nodes(node.node)


def _letters(node: Node) -> Iterator[Char]:
    return (one for one in _nodes(node) if isinstance(one, Char) and len(casing.variants(one.char)) > 1)


def _counts_characters(node: Node) -> bool:
    match node:
        case Char():
            return not node.char.isascii()
        case Dot():
            return True
        case Set():
            return node.negated or not all(low.isascii() and high.isascii() for low, high in node.ranges)
    return False


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
                return r"(?s:.)" if node.newline else r"[^\n]"
            case Set():
                inside = "".join(_span(low, high) for low, high in node.ranges)
                written = f"[{'^' if node.negated else ''}{inside}]"
                return f"(?-i:{written})" if self._folding and any(map(_has_letters, node.ranges)) else written
            case Anchor():
                return _ANCHORS[node.kind]
            case Series():
                return "".join(self._grouped(item) if isinstance(item, Choice) else self.write(item) for item in node.items)
            case Choice():
                return "|".join(map(self.write, node.options))
            case Repeat():
                return f"{self._repeatable(node.node)}{_times(node)}"

    def _char(self, node: Char) -> str:
        variants = casing.variants(node.char)
        if self._folding or not node.fold or len(variants) == 1:
            return _CONTROLS.get(node.char) or pattern.escaped(node.char)
        return f"[{''.join(map(_in_class, variants))}]"

    def _grouped(self, node: Node) -> str:
        return f"(?:{self.write(node)})"

    def _repeatable(self, node: Node) -> str:
        return self.write(node) if isinstance(node, Char | Dot | Set) else self._grouped(node)


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


def _has_letters(span: tuple[str, str]) -> bool:
    low, high = map(ord, span)
    return high > 127 or any(chr(code).isalpha() for code in range(low, high + 1))


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


def _times(node: Repeat) -> str:
    match node.least, node.most:
        case 0, None:
            return "*"
        case 1, None:
            return "+"
        case 0, 1:
            return "?"
        case least, None:
            return f"{{{least},}}"
        case least, most if least == most:
            return f"{{{least}}}"
        case least, most:
            return f"{{{least},{most}}}"
