"""What a query is cut into: commands at pipes, lists at commas, expressions into tokens."""

from __future__ import annotations

import re
from typing import NamedTuple

from amazon_q_detections.targets.cloudwatch.insights.value import InsightsError

_STANDS_ALONE = re.compile(r"""'[^']*'|"[^"\\]*"|`[^`]*`|/(?:[^/\\\n]|\\.)*/(?=\s|\)|,|\]|$)""")
_TOKEN = re.compile(
    r"""\s*(?:(?P<regex>/(?:[^/\\]|\\.)*/)|(?P<text>'[^']*'|"[^"\\]*")|(?P<quoted>@?`[^`]*`)|(?P<number>\d+(?:\.\d+)?)"""
    r"""|(?P<name>[@A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+|\.`[^`]+`|\[\d+\])*)|(?P<sign><=|>=|!=|=~|[()\[\]=<>,+*-]))""",
    re.VERBOSE,
)


class Token(NamedTuple):
    """A piece of an expression: *kind* is regex, text, quoted, number, name or sign; *text* is as it is written."""

    kind: str
    text: str


def commands(query: str) -> list[str]:
    """The commands of a query without its comment lines; raises InsightsError for an empty one."""
    lines = [line for line in query.split("\n") if not line.lstrip().startswith("#")]
    found = split("\n".join(lines), "|")
    if not all(found):
        raise InsightsError("the query has an empty command.")
    return found


def split(source: str, at: str = ",") -> list[str]:
    """Parts between signs *at* that stand outside quotes, regular expressions, brackets and parentheses."""
    parts, depth, start, place = [], 0, 0, 0
    while place < len(source):
        whole = _STANDS_ALONE.match(source, place)
        if whole:
            place = whole.end()
            continue
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(source[place], 0)
        if source[place] == at and not depth:
            parts.append(source[start:place])
            start = place + 1
        place += 1
    return [part.strip() for part in (*parts, source[start:])]


def expression(source: str) -> list[Token]:
    """The tokens of an expression; raises InsightsError for what is none."""
    found: list[Token] = []
    place, end = 0, len(source.rstrip())
    while place < end:
        one = _TOKEN.match(source, place)
        if one is None or one.lastgroup is None:
            raise InsightsError(f"{source[place : place + 40]!r} is nothing that an expression may have.")
        found.append(Token(one.lastgroup, one[one.lastgroup]))
        place = one.end()
    return found
