"""One test on one field: in plain `search` syntax where that is exact, else as an expression that is never null.

The forms are those that Splunk documents (Search Reference, "Multivalue eval functions", "JSON functions", "search"); what
they rest on beside is named in ASSUMPTIONS.
"""

from __future__ import annotations

import re
from typing import Any

from amazon_q_detections.condition import Boolean, Cidr, Compare, Exists, Leaf, Matches, Number, SameAs, Test, Text, Wild
from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.splunk import literal

ASSUMPTIONS: dict[str, tuple[str, str]] = {
    "json_extract_missing": (
        "json_extract gives null for a key that the record does not have.",
        '| makeresults | eval q=json_extract("{}", "a.b") | where isnull(q)',
    ),
    "json_extract_object": (
        "json_extract gives the JSON text of an object, as it does for an array; that of `{}` is not null.",
        '| makeresults | eval q=json_extract("{\\"a\\":{\\"b\\":{}}}", "a.b") | where isnotnull(q)',
    ),
    "by_case": (
        "stats and streamstats keep groups apart that differ in case only.",
        '| makeresults count=2 | streamstats count as n | eval g=if(n=1,"a","A") | stats count by g',
    ),
}


class Leaves:
    """Writes leaves for one log schema; *assumptions* gathers what they rest on."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._json_text: list[str] = schema.get("json_text", [])
        self._absent: dict[str, list[str]] = schema.get("absent_values", {})
        self.assumptions: set[str] = set()

    def plain(self, leaf: Leaf) -> str | None:
        """The leaf in `search` syntax, or None where that is not exact."""
        own = literal.name(leaf.field)
        match leaf.test:
            case Exists() if leaf.field in self._absent:
                return f"NOT {self.absent(leaf.field)}"
            case Boolean():
                return f'{own}="{"true" if leaf.test.value else "false"}"'
            case Text(cased=False):
                value, prefix = leaf.test.literal, leaf.test.prefix
                if self._fits_absent(leaf):
                    return None
                if value is not None and literal.is_plain(value):
                    return f'{own}="{value}"'
                if prefix is not None and literal.is_plain_prefix(prefix):
                    return f'{own}="{prefix}*"'
        return None

    def absent(self, field: str) -> str | None:
        """That *field* is absent or null in `search` syntax, where the schema has values that stand for that."""
        if field not in self._absent:
            return None
        own = literal.name(field)
        values = ", ".join(f'"{value}"' for value in self._absent[field])
        return f"(NOT {own}=* OR {own} IN ({values}))"

    def exact(self, leaf: Leaf) -> str:
        """The leaf as an expression for `where` and `eval`, true or false and never null."""
        if isinstance(leaf.test, Exists):
            return self._exists(leaf.field)
        text = self._expression(leaf.field, leaf.test)
        if not self._fits_absent(leaf):
            return text
        if "{}" in leaf.field:
            return self._array_text(leaf.field, leaf.test)
        return f"({text} AND {self._exists(leaf.field)})"

    def _fits_absent(self, leaf: Leaf) -> bool:
        """Whether a text passes the test that the field also has on a JSON null, or where it is absent."""
        if not isinstance(leaf.test, Text):
            return False
        wild = {Wild.ANY: ".*", Wild.ONE: "."}
        pattern = "".join(wild[part] if isinstance(part, Wild) else re.escape(part) for part in leaf.test.parts)
        flags = 0 if leaf.test.cased else re.IGNORECASE
        standing_in = (literal.NULL_TEXT, *self._absent.get(leaf.field, ()))
        return any(re.fullmatch(pattern, text, flags) for text in standing_in)

    def _exists(self, field: str) -> str:
        array, _, rest = field.partition("{}")
        if rest and field not in self._json_text:
            return _found(literal.operand(field), literal.quoted(rf"(?is)\A(?!{literal.NULL_TEXT}\z)"))
        self.assumptions.add("json_extract_missing")
        if not rest:
            self.assumptions.add("json_extract_object")
            return f"isnotnull(json_extract(_raw, {literal.path(array)}))"
        key = rest.rpartition(".")[2]
        # `null` is the only JSON value that starts with an n. In a JSON string the quotes of such a text would be escaped.
        pattern = literal.quoted(f'"{literal.escaped(key)}"\\s*:\\s*[^n\\s]')
        return f"isnotnull(mvfind(mvappend(json_extract(_raw, {literal.path(array)})), {pattern}))"

    def _array_text(self, field: str, test: Test) -> str:
        """A pattern that null would fit, on an array of strings or one key of its objects: decided on the JSON text."""
        if not isinstance(test, Text) or test.parts not in ((Wild.ONE, Wild.ANY), (Wild.ANY, Wild.ONE)):
            raise Refused(f"this pattern on the array {field}", "Splunk shows a JSON null as the text null, which it fits.")
        self.assumptions.add("json_extract_missing")
        array, _, rest = field.partition("{}")
        start = f'"{literal.escaped(rest.rpartition(".")[2])}"\\s*:\\s*' if rest else r"[\[,]\s*"
        pattern = literal.quoted(start + '("([^"\\\\]|\\\\.)|[-0-9tf])')
        return f"isnotnull(mvfind(mvappend(json_extract(_raw, {literal.path(array)})), {pattern}))"

    def _expression(self, field: str, test: Test) -> str:
        own = literal.operand(field)
        match test:
            case Text():
                return _found(own, literal.whole(test))
            case Boolean():
                return _found(own, literal.quoted(rf"(?i)\A{'true' if test.value else 'false'}\z"))
            case Number():
                return _found(own, literal.quoted(rf"\A{_number(test.value)}\z"))
            case Compare():
                number = f"tonumber({own})"
                return f"isnotnull(mvfilter(if({number}{test.op}{test.value!r}, 1, 0)=1))"
            case Cidr():
                self._refuse_array(field, "a network")
                return f'if(cidrmatch("{test.network}", {own}), 1, 0)=1'
            case SameAs():
                return self._same(field, own, test.field)
            case Matches():
                raise Refused("a regular expression", "this release does not write them for Splunk.")
        raise Refused(f"a test of type {type(test).__name__}", f"{field} cannot be tested so.")

    def _same(self, field: str, own: str, other: str) -> str:
        self._refuse_array(field, "a field reference")
        self._refuse_array(other, "a field reference")
        same = f'if(lower("s".{own})=lower("s".{literal.operand(other)}), 1, 0)=1'
        return f"({same} AND {self._exists(field)} AND {self._exists(other)})"

    def _refuse_array(self, field: str, what: str) -> None:
        if "{}" in field:
            raise Refused(f"{what} on the array {field}", "SPL has no exact form for any of its elements.")


def _found(own: str, pattern: str) -> str:
    """Any value of a field fits; mvappend makes a multivalue field of a single value, which mvfind asks for."""
    return f"isnotnull(mvfind(mvappend({own}), {pattern}))"


def _number(value: float) -> str:
    """The spellings of a number that the contract knows, as a regular expression."""
    if value == int(value):
        sign = "-?" if value == 0 else ""
        return rf"{sign}{int(value)}(\.0+)?"
    return f"{value!r}".replace(".", r"\.") + "0*"
