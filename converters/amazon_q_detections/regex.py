"""Regular expressions: parsed once into a small closed tree, written in the dialect of each engine.

The language is the RE2 subset (RE2, "Syntax"), read as the contract reads it: `\\d \\w \\s` are ASCII, `$` is the
end of the text. What RE2 has not (look-around, back-references, possessive repeats, …) is refused by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from amazon_q_detections.errors import Refused

Flags = frozenset[str]
"""Some of `i` (ignore case), `m` (anchors at lines too), `s` (the dot matches a newline)."""

# RE2 refuses counts above this.
_MOST_REPEATS = 1000

DIGITS = (("0", "9"),)
WORDS = (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z"))
SPACES = (("\t", "\n"), ("\f", "\r"), (" ", " "))
_CLASSES = {"d": DIGITS, "w": WORDS, "s": SPACES}
_CONTROLS = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}
_LAST = chr(0x10FFFF)

Ranges = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Char:
    """One literal character, case folded if *fold*."""

    char: str
    fold: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    """The dot; it matches a newline if *newline*."""

    newline: bool


@dataclass(frozen=True, slots=True)
class Set:
    """One character of (or, if *negated*, outside) the ranges, sorted and apart; case folded if *fold*."""

    ranges: Ranges
    negated: bool = False
    fold: bool = False


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place between characters: start or end of the text or of a line, a word boundary or none (ASCII)."""

    kind: Literal["text-start", "text-end", "line-start", "line-end", "boundary", "no-boundary"]


@dataclass(frozen=True, slots=True)
class Series:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """From *least* to *most* times (None: no bound); *lazy* changes no verdict, only what a group captures."""

    node: Node
    least: int
    most: int | None
    lazy: bool = False


Node = Char | Dot | Set | Anchor | Series | Choice | Repeat


@dataclass(frozen=True)
class Regex:
    """A parsed expression; *pattern* is as the rule has it. Groups are only grouping here: no rule reads a capture."""

    pattern: str
    flags: Flags
    tree: Node

    @classmethod
    def parse(cls, pattern: str, flags: Flags = frozenset()) -> Regex:
        """Parse *pattern*; raises Refused for what RE2 does not know."""
        return cls(pattern, flags, _Parser(pattern, flags).parse())

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(_python(self.tree))

    def search(self, text: str) -> bool:
        """Whether the expression is found anywhere in *text*."""
        return self._compiled.search(text) is not None


class _Parser:
    """A recursive descent over the pattern; *at* is the place of the next character."""

    def __init__(self, pattern: str, flags: Flags) -> None:
        self.pattern = pattern
        self.at = 0
        self.flags = flags

    def parse(self) -> Node:
        node = self._choice()
        if self.at < len(self.pattern):
            raise self._refused("an unmatched )")
        return node

    def _refused(self, construct: str) -> Refused:
        return Refused(f"the regular expression {self.pattern!r}", f"{construct} at character {self.at + 1} is outside RE2.")

    def _peek(self, text: str) -> bool:
        return self.pattern.startswith(text, self.at)

    def _take(self, text: str) -> bool:
        if self._peek(text):
            self.at += len(text)
            return True
        return False

    def _next(self, construct: str) -> str:
        if self.at >= len(self.pattern):
            raise self._refused(construct)
        self.at += 1
        return self.pattern[self.at - 1]

    def _choice(self) -> Node:
        options = [self._sequence()]
        while self._take("|"):
            options.append(self._sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> Node:
        items: list[Node] = []
        while self.at < len(self.pattern) and not self._peek("|") and not self._peek(")"):
            items.extend(self._item())
        return items[0] if len(items) == 1 else Series(tuple(items))

    def _item(self) -> list[Node]:
        if self._take("\\Q"):
            end = self.pattern.find("\\E", self.at)
            quoted = self.pattern[self.at : end if end >= 0 else None]
            self.at = len(self.pattern) if end < 0 else end + 2
            chars: list[Node] = [Char(char, "i" in self.flags) for char in quoted]
            return [*chars[:-1], self._repeated(chars[-1])] if chars else []
        atom = self._atom()
        return [] if atom is None else [self._repeated(atom)]

    def _atom(self) -> Node | None:
        char = self._next("an end")
        match char:
            case "(":
                return self._group()
            case "[":
                return self._set()
            case ".":
                return Dot("s" in self.flags)
            case "^":
                return Anchor("line-start" if "m" in self.flags else "text-start")
            case "$":
                return Anchor("line-end" if "m" in self.flags else "text-end")
            case "\\":
                return self._escape()
            case "*" | "+" | "?":
                self.at -= 1
                raise self._refused("a repeat of nothing")
        return Char(char, "i" in self.flags)

    def _repeated(self, node: Node) -> Node:
        bounds = self._bounds()
        if bounds is None:
            return node
        lazy = self._take("?")
        if self._peek("+"):
            raise self._refused("a possessive repeat")
        if any(self._peek(sign) for sign in "*?") or (self._peek("{") and self._counts() is not None):
            raise self._refused("a repeat of a repeat")
        return Repeat(node, *bounds, lazy)

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(sign):
                return bounds
        found = self._counts()
        if found is None:
            return None
        least, most = int(found[1]), int(found[1]) if found[2] is None else int(found[3]) if found[3] else None
        if max(least, most or 0) > _MOST_REPEATS or (most is not None and most < least):
            raise self._refused(f"the count {found[0]}")
        self.at = found.end()
        return least, most

    def _counts(self) -> re.Match[str] | None:
        """`{n}`, `{n,}` or `{n,m}` here; any other brace is a literal."""
        return re.compile(r"\{([0-9]+)(,([0-9]*))?\}").match(self.pattern, self.at)

    def _group(self) -> Node | None:
        outer = self.flags
        if self._take("?"):
            if self._peek("=") or self._peek("!") or self._peek("<=") or self._peek("<!"):
                raise self._refused("a look-around")
            named = re.compile(r"P?<[A-Za-z_][A-Za-z0-9_]*>").match(self.pattern, self.at)
            if named:
                self.at = named.end()
            elif self._set_flags():
                return None
        node = self._choice()
        if not self._take(")"):
            raise self._refused("a missing )")
        self.flags = outer
        return node if isinstance(node, (Choice, Series)) else Series((node,))

    def _set_flags(self) -> bool:
        """Read `i`, `im-s:` … after `(?`; true when they hold for the rest of the enclosing group, as in `(?i)`."""
        found = re.compile(r"([ims]*)(?:-([ims]+))?([:)])").match(self.pattern, self.at)
        if found is None or (found[3] == ")" and not found[1] and not found[2]):
            raise self._refused("a group of this kind")
        self.at = found.end()
        self.flags = (self.flags | set(found[1])) - set(found[2] or "")
        return found[3] == ")"

    def _escape(self) -> Node:
        char = self._next("a trailing backslash")
        if char.lower() in _CLASSES:
            return Set(_CLASSES[char.lower()], negated=char.isupper())
        match char:
            case "A":
                return Anchor("text-start")
            case "z":
                return Anchor("text-end")
            case "b":
                return Anchor("boundary")
            case "B":
                return Anchor("no-boundary")
        return Char(self._escaped_char(char), "i" in self.flags)

    def _escaped_char(self, char: str) -> str:
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char == "x":
            found = re.compile(r"\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2})").match(self.pattern, self.at)
            if found is None or int(found[1] or found[2], 16) > ord(_LAST):
                raise self._refused("a character code")
            self.at = found.end()
            return chr(int(found[1] or found[2], 16))
        if char.isalnum() or char == "_" or not char.isascii():
            raise self._refused(f"the escape \\{char}")
        return char

    def _set(self) -> Node:
        negated = self._take("^")
        ranges: list[tuple[str, str]] = []
        first = True
        while first or not self._take("]"):
            first = False
            if self._peek("[:"):
                raise self._refused("a named class")
            ranges.extend(self._range())
        return Set(merged(ranges), negated, "i" in self.flags)

    def _range(self) -> Ranges:
        low = self._set_item()
        if not isinstance(low, str):
            return low
        if self._peek("-") and not self.pattern.startswith("-]", self.at):
            self.at += 1
            high = self._set_item()
            if not isinstance(high, str) or high < low:
                raise self._refused("a range")
            return ((low, high),)
        return ((low, low),)

    def _set_item(self) -> str | Ranges:
        char = self._next("a missing ]")
        if char != "\\":
            return char
        char = self._next("a trailing backslash")
        if char.lower() in _CLASSES:
            found = _CLASSES[char.lower()]
            return found if char.islower() else outside(found)
        return self._escaped_char(char)


def merged(ranges: list[tuple[str, str]]) -> Ranges:
    """The same characters as sorted ranges that neither overlap nor touch."""
    found: list[tuple[str, str]] = []
    for low, high in sorted(ranges):
        if found and ord(low) <= ord(found[-1][1]) + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return tuple(found)


def outside(ranges: Ranges) -> Ranges:
    """The characters that are in none of the sorted *ranges*."""
    found, start = [], 0
    for low, high in ranges:
        if ord(low) > start:
            found.append((chr(start), chr(ord(low) - 1)))
        start = ord(high) + 1
    if start <= ord(_LAST):
        found.append((chr(start), _LAST))
    return tuple(found)


_PYTHON_ANCHORS = {
    "text-start": r"\A",
    "text-end": r"\Z",
    "line-start": r"(?:\A|(?<=\n))",
    "line-end": r"(?=\n|\Z)",
    "boundary": r"(?a:\b)",
    "no-boundary": r"(?!(?a:\b))",  # Python's own \B is false on the empty text before 3.14
}


def _python(node: Node) -> str:
    """The tree in the syntax of Python's `re`, without flags of its own but where a node folds case."""
    match node:
        case Char():
            return _folded(re.escape(node.char), node.fold)
        case Dot():
            return r"(?s:.)" if node.newline else r"[^\n]"
        case Set():
            return _folded(_python_set(node), node.fold)
        case Anchor():
            return _PYTHON_ANCHORS[node.kind]
        case Series():
            return "".join(_python(item) for item in node.items)
        case Choice():
            return f"(?:{'|'.join(_python(option) for option in node.options)})"
        case Repeat():
            most = "" if node.most is None else node.most
            return f"(?:{_python(node.node)}){{{node.least},{most}}}{'?' if node.lazy else ''}"


def _folded(written: str, fold: bool) -> str:
    return f"(?i:{written})" if fold else written


def _python_set(node: Set) -> str:
    if not node.ranges:
        return r"(?s:.)" if node.negated else r"(?!)"
    spans = "".join(re.escape(low) if low == high else f"{re.escape(low)}-{re.escape(high)}" for low, high in node.ranges)
    return f"[{'^' if node.negated else ''}{spans}]"
