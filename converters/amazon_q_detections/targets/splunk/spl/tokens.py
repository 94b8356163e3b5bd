"""What all texts of a search are cut into: commands at pipes, lists at commas, expressions into tokens."""

from __future__ import annotations

import re
from typing import NamedTuple

from amazon_q_detections.targets.splunk.spl.value import SplError

_COMMAND = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|\[(?:"(?:[^"\\]|\\.)*"|[^"\]])*\]|[^|"'\[])+""", re.DOTALL)
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<field>'[^']*')|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"""
    r"""|(?P<sign><=|>=|!=|==|[()=<>,.+*/%-]))""",
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """A piece of an expression: *kind* is text, field, number, name or sign; *text* is as it is written."""

    kind: str
    text: str


def commands(query: str) -> list[str]:
    """The commands of a search, cut at pipes outside quotes and brackets; raises SplError where that leaves something over."""
    found = [part.strip() for part in _COMMAND.findall(query)]
    if re.sub(r"\s", "", "|".join(found)) != re.sub(r"\s", "", query.strip().removeprefix("|")) or not all(found):
        raise SplError(f"the search has an empty command, or a quote that is not closed: {query!r}.")
    return found


def expression(text: str) -> list[Token]:
    """The tokens of an expression; raises SplError for what is none."""
    found: list[Token] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        one = _TOKEN.match(text, place)
        if one is None or one.lastgroup is None:
            raise SplError(f"{text[place : place + 40]!r} is nothing that an expression may have.")
        found.append(Token(one.lastgroup, one[one.lastgroup]))
        place = one.end()
    return found


def unquoted(text: str) -> str:
    r"""A text without its quotes; `\\`, `\"` and `\|` are characters, other sequences stay (Search Reference, "search")."""
    return re.sub(r'\\([\\"|])', r"\1", text[1:-1])


def split(text: str, at: str = ",") -> list[str]:
    """Parts of *text* between signs *at* that stand outside quotes and parentheses."""
    parts, depth, start, quote, place = [], 0, 0, "", 0
    while place < len(text):
        char = text[place]
        if quote:
            place += char == "\\" and quote == '"'
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        else:
            depth += (char == "(") - (char == ")")
            if char == at and not depth:
                parts.append(text[start:place])
                start = place + 1
        place += 1
    return [part.strip() for part in (*parts, text[start:])]
