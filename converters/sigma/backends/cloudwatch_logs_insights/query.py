"""A condition as filters, one a line, and the parts that a query is put together from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from amazon_q_detections.condition import And, Condition, Keyword, Leaf, Not, Or, Text, conjuncts, leaves
from amazon_q_detections.errors import Refused
from sigma.backends.cloudwatch_logs_insights import syntax
from sigma.backends.cloudwatch_logs_insights.leaves import Leaves, Needs, Written

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

_LONG = 100
_CALL = re.compile(r"[A-Za-z]+\([^()]*\)")
_NEGATION = "not "

# StartQuery, "limit": the default and the most that an alarm's query may return.
LIMIT = 10000


def piped(commands: Iterable[str]) -> str:
    """Commands, and comment lines between them, as a query: each command on a line of its own."""
    lines: list[str] = []
    pipe = ""
    for command in commands:
        if command.startswith(syntax.COMMENT):
            lines.append(command)
        else:
            lines.append(f"{pipe}{command}")
            pipe = "| "
    return "\n".join(lines)


class Filters:
    """Writes conditions for one query; *needs* gathers what they need beside themselves."""

    def __init__(self, schema: dict[str, Any], sources: frozenset[str] | None = None) -> None:
        self.needs = Needs()
        self.leaves = Leaves(schema, self.needs, sources)

    def lines(self, condition: Condition, *, named: bool = True) -> list[str]:
        """The commands that let through the records on which *condition* holds, the cheap ones first.

        A record is parsed after the filters that can do without, so that few are. Where *condition* is of several selections,
        and they are to be *named*, a comment line names those of the filters that follow it.
        """
        plain: list[tuple[str, str]] = []
        parsing: list[tuple[str, str]] = []
        for part in conjuncts(condition):
            line = f"filter {self._expression(part, guarded=False, nested=False)}"
            own = ", ".join(dict.fromkeys(leaf.selection for leaf in leaves(part) if leaf.selection))
            (parsing if any(map(self.leaves.reads_record, leaves(part))) else plain).append((own, line))
        ordered = [*plain, *(("", line) for line in self.needs.prelude()), *parsing]
        if not named or len({leaf.selection for leaf in leaves(condition)}) == 1:
            return [line for _, line in ordered]
        lines: list[str] = []
        last = ""
        for own, line in ordered:
            if own and own != last:
                lines.append(syntax.comment(own))
                last = own
            lines.append(line)
        return lines

    def total(self, condition: Condition, present: Container[str] = ()) -> str:
        """*condition* as an expression that is true or false, never unknown; for `if()` and `not`.

        *present* are fields that every record has by then, so that nothing need ask for them.
        """
        return self._expression(condition, guarded=True, present=present)

    def _expression(self, condition: Condition, *, guarded: bool, present: Container[str] = (), nested: bool = True) -> str:
        match condition:
            case Leaf():
                return self._guarded(condition.field, self.leaves.write(condition), guarded=guarded, present=present)
            case Not():
                return self._not(condition.arg, present)
            case And():
                parts = [self._expression(arg, guarded=guarded, present=present) for arg in condition.args]
                return _joined(" and ", parts, nested=nested)
            case Or():
                return _joined(" or ", self._options(condition, guarded=guarded, present=present), nested=nested)
            case Keyword():
                raise Refused("a keyword", "Logs Insights sees only the raw text, where keys and escapes would match too.")

    def _guarded(self, field: str, written: Written, *, guarded: bool, present: Container[str]) -> str:
        if not guarded or written.total or field in present:
            return written.text
        return f"(ispresent({self.leaves.own(field)}) and {written.text})"

    def _not(self, arg: Condition, present: Container[str]) -> str:
        """The negation, every leaf guarded: observers differ on what `not` makes of an absent field."""
        if not isinstance(arg, Leaf) or not self.leaves.write(arg).total:
            self.needs.assumptions.add("not_total")
        inner = self._expression(arg, guarded=True, present=present)
        return f"{_NEGATION}{inner}" if inner.startswith("(") or _CALL.fullmatch(inner) else f"{_NEGATION}({inner})"

    def _options(self, condition: Or, *, guarded: bool, present: Container[str]) -> list[str]:
        """The alternatives, values of one field joined into one test where Logs Insights can say it."""
        lists: dict[str, list[Text]] = {}
        options: list[str] = []
        for arg in condition.args:
            if isinstance(arg, Leaf) and isinstance(arg.test, Text) and arg.test.literal and not arg.test.cased:
                lists.setdefault(arg.field, []).append(arg.test)
            else:
                options.append(self._expression(arg, guarded=guarded, present=present))
        for field, values in lists.items():
            joined = self.leaves.any_of(field, values) if len(values) > 1 else None
            tests = [joined] if joined else [self.leaves.write(Leaf(field, value)) for value in values]
            options.extend(self._guarded(field, test, guarded=guarded, present=present) for test in tests)
        return options


def _joined(token: str, parts: list[str], *, nested: bool) -> str:
    """The parts in parentheses, or, where they are the whole of a filter and long, one a line.

    A negation among them is in parentheses too: how tight `not` binds is not documented.
    """
    if len(parts) == 1:
        return parts[0]
    grouped = [f"({part})" if part.startswith(_NEGATION) else part for part in parts]
    text = token.join(grouped)
    if nested:
        return f"({text})"
    return f"\n   {token}".join(grouped) if len(text) > _LONG else text
