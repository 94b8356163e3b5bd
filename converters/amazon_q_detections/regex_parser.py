r"""The language of regular expressions that rules may use: a subset of RE2's (RE2, "Syntax").

Refused though RE2 has them: octal escapes, `\C`, `\p{…}`, named classes as `[[:alpha:]]`, the flag U.
"""

from __future__ import annotations

import re

from amazon_q_detections.errors import Refused
from amazon_q_detections.regex_tree import (
    DIGITS,
    LAST,
    SPACES,
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
    outside,
)

Flags = frozenset[str]
"""Some of `i` (ignore case), `m` (anchors at lines too), `s` (the dot matches a newline)."""

# RE2 refuses counts above this, those of nested repeats multiplied.
_MOST_REPEATS = 1000
# RE2 allows 1000 groups inside each other; what parses, writes and runs the tree is recursive, and nobody reads such rules.
_DEEPEST = 100

_CLASSES = {"d": DIGITS, "w": WORDS, "s": SPACES}
_CONTROLS = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}
_ANCHORS = {"A": Anchor("text-start"), "z": Anchor("text-end"), "b": Anchor("boundary"), "B": Anchor("no-boundary")}

_COUNTS = re.compile(r"\{([0-9]+)(,([0-9]*))?\}")
_NAME = re.compile(r"P?<[A-Za-z_][A-Za-z0-9_]*>")
_FLAGS = re.compile(r"([ims]*)(?:-([ims]+))?([:)])")
_CODE = re.compile(r"\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2})")


def parse(pattern: str, flags: Flags) -> Node:
    """The tree of *pattern*; raises Refused, naming the construct and its place, for what is outside the language."""
    return _Parser(pattern, flags).parse()


class _Parser:
    """A recursive descent over the pattern; *at* is the place of the next character, *start* that of the present item."""

    def __init__(self, pattern: str, flags: Flags) -> None:
        self.pattern = pattern
        self.at = self.start = self.depth = 0
        self.flags = flags

    def parse(self) -> Node:
        node = self._choice()
        if self.at < len(self.pattern):
            self.start = self.at
            raise self._refused("an unmatched )")
        if _repeats(node) > _MOST_REPEATS:
            self.start = 0
            raise self._refused(f"more than {_MOST_REPEATS} repeats inside each other")
        return node

    def _refused(self, construct: str) -> Refused:
        where = f"{construct} at character {self.start + 1}"
        return Refused(f"the regular expression {self.pattern!r}", f"{where} is outside the RE2 subset that rules may use.")

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
        self.start = self.at
        if self._take("\\Q"):
            end = self.pattern.find("\\E", self.at)
            quoted = self.pattern[self.at : end if end >= 0 else None]
            self.at = len(self.pattern) if end < 0 else end + 2
            chars: list[Node] = [Char(char, "i" in self.flags) for char in quoted]
            return [*chars[:-1], self._repeated(chars[-1])] if chars else []
        atom = self._atom()
        return [] if atom is None else [self._repeated(atom)]

    def _atom(self) -> Node | None:
        if any(self._peek(sign) for sign in "*+?") or self._counts():
            raise self._refused("a repeat of nothing")
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
        return Char(char, "i" in self.flags)

    def _repeated(self, node: Node) -> Node:
        self.start = self.at
        bounds = self._bounds()
        if bounds is None:
            return node
        lazy = self._take("?")
        if self._peek("+"):
            raise self._refused("a possessive repeat")
        if any(self._peek(sign) for sign in "*?") or self._counts():
            raise self._refused("a repeat of a repeat")
        return Repeat(node, *bounds, lazy)

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(sign):
                return bounds
        found = self._counts()
        if found is None:
            return None
        least = _count(found[1])
        most = least if found[2] is None else _count(found[3]) if found[3] else None
        if max(least, most or 0) > _MOST_REPEATS or (most is not None and most < least):
            raise self._refused(f"the count {found[0]}")
        self.at = found.end()
        return least, most

    def _counts(self) -> re.Match[str] | None:
        """`{n}`, `{n,}` or `{n,m}` here; any other brace is a literal."""
        return _COUNTS.match(self.pattern, self.at)

    def _group(self) -> Node | None:
        outer, opened = self.flags, self.start
        if self._take("?"):
            if any(self._peek(sign) for sign in ("=", "!", "<=", "<!")):
                raise self._refused("a look-around")
            named = _NAME.match(self.pattern, self.at)
            if named:
                self.at = named.end()
            elif self._set_flags():
                return None
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._refused(f"a group inside {_DEEPEST} others")
        node = self._choice()
        if not self._take(")"):
            self.start = opened
            raise self._refused("a missing )")
        self.depth -= 1
        self.flags = outer
        return node if isinstance(node, (Choice, Series)) else Series((node,))

    def _set_flags(self) -> bool:
        """Read `i`, `im-s:` … after `(?`; true when they hold for the rest of the enclosing group, as in `(?i)`."""
        found = _FLAGS.match(self.pattern, self.at)
        if found is None or (found[3] == ")" and not found[1] and not found[2]):
            raise self._refused("a group of this kind")
        self.at = found.end()
        self.flags = (self.flags | set(found[1])) - set(found[2] or "")
        return found[3] == ")"

    def _escape(self) -> Node:
        char = self._next("a trailing backslash")
        if char.lower() in _CLASSES:
            return Set(_CLASSES[char.lower()], negated=char.isupper())
        return _ANCHORS.get(char) or Char(self._escaped_char(char), "i" in self.flags)

    def _escaped_char(self, char: str) -> str:
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char == "x":
            found = _CODE.match(self.pattern, self.at)
            if found is None or int(found[1] or found[2], 16) > ord(LAST):
                raise self._refused("a character code")
            self.at = found.end()
            return chr(int(found[1] or found[2], 16))
        if char.isalnum() or char == "_" or not char.isascii():
            raise self._refused(f"the escape \\{char}")
        return char

    def _set(self) -> Node:
        opened = self.start
        negated = self._take("^")
        ranges: list[tuple[str, str]] = []
        first = True
        while first or not self._take("]"):
            first = False
            if self.at >= len(self.pattern):
                self.start = opened
            elif self._peek("[:"):
                self.start = self.at
                raise self._refused("a named class")
            ranges.extend(self._range())
        return Set(merged(ranges), negated)

    def _range(self) -> Ranges | list[tuple[str, str]]:
        low = self._set_item()
        if not isinstance(low, str):
            return low
        high = self._range_end(low) if self._peek("-") and not self._peek("-]") else low
        return ignoring_case(low, high) if "i" in self.flags else ((low, high),)

    def _range_end(self, low: str) -> str:
        self.at += 1
        high = self._set_item()
        if not isinstance(high, str) or high < low:
            raise self._refused("a range")
        return high

    def _set_item(self) -> str | Ranges:
        char = self._next("a missing ]")
        if char != "\\":
            return char
        self.start = self.at - 1
        char = self._next("a trailing backslash")
        if char.lower() in _CLASSES:
            found = _CLASSES[char.lower()]
            return found if char.islower() else outside(found)
        return self._escaped_char(char)


def _count(digits: str) -> int:
    """The number, or one that is too large: Python refuses to read thousands of digits."""
    return int(digits[:5]) if len(digits.lstrip("0")) <= 4 else _MOST_REPEATS + 1


def _repeats(node: Node) -> int:
    """The largest product of counts on a way down the tree, an open count taken as its least (RE2, "RepetitionWalker")."""
    match node:
        case Repeat():
            count = node.least if node.most is None else node.most
            return max(count, 1) * _repeats(node.node)
        case Series():
            return max(map(_repeats, node.items), default=1)
        case Choice():
            return max(map(_repeats, node.options))
    return 1
