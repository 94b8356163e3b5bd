"""One test on one field: in plain `search` syntax where that is exact, else as an expression that is never null.

The forms are those that Splunk documents (Search Reference, "Multivalue eval functions", "JSON functions", "search"); what
they rest on beside is named in assumptions.py.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from amazon_q_detections.condition import Boolean, Cidr, Compare, Exists, Leaf, Matches, Number, SameAs, Test, Text, Wild
from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.splunk import literal, network, pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amazon_q_detections.targets.splunk.fields import Fields

# In the JSON text of an array: anything but null, brackets and commas is a value, and so is an array inside.
_SOME_VALUE = r"[^\s\[\],nul]|[\[,]\s*\["
# Only at the start of an element does a quote follow a bracket or comma unescaped.
_TEXT_NULL = rf'[\[,]\s*"{pattern.NULL_TEXT}"\s*[\],]'
_SOME_TEXT: dict[tuple[str | Wild, ...], str] = {
    (Wild.ANY,): r'[\[,]\s*["0-9tf-]',
    (Wild.ONE, Wild.ANY): r'[\[,]\s*("[^"]|[0-9tf-])',
    (Wild.ANY, Wild.ONE): r'[\[,]\s*("[^"]|[0-9tf-])',
}


class Leaves:
    """Writes the leaves of one rule; *assumptions* gathers what they rest on."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._absent: dict[str, list[str]] = fields.schema.get("absent_values", {})
        self.assumptions: set[str] = set()

    def plain(self, leaf: Leaf) -> str | None:
        """The leaf in `search` syntax, or None where that is not exact."""
        own = literal.name(leaf.field)
        match leaf.test:
            case Exists() if leaf.field in self._absent:
                return f"({own}=* NOT {own} IN ({self._absent_list(leaf.field)}))"
            case Boolean():
                return f'{own}="{"true" if leaf.test.value else "false"}"'
            case Text(cased=False) if not self._fits_absent(leaf):
                value, prefix = leaf.test.literal, leaf.test.prefix
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
        return f"(NOT {own}=* OR {own} IN ({self._absent_list(field)}))"

    def _absent_list(self, field: str) -> str:
        return ", ".join(f'"{value}"' for value in self._absent[field])

    def exact(self, leaf: Leaf, *, wanted: bool = True) -> str:
        """The leaf, or unless *wanted* its negation, as an expression for `where` and `eval`, never null."""
        field, test = leaf.field, leaf.test
        match test:
            case Exists():
                return self.exists(field, wanted=wanted)
            case Text() if self._fits_absent(leaf) and "{}" in field:
                return self._array_text(field, test, wanted=wanted)
            case Text() if self._fits_absent(leaf):
                return _all_of(_found(field, pattern.fitting([test])), self.exists(field), wanted=wanted)
            case Text():
                return _found(field, pattern.fitting([test]), wanted=wanted)
            case Boolean():
                text = "true" if test.value else "false"
                return _found(field, pattern.quoted(rf"(?i)\A{text}\z"), wanted=wanted)
            case Number():
                return _found(field, pattern.quoted(rf"\A{pattern.number(test.value)}\z"), wanted=wanted)
            case Cidr(network=IPv4Network() as addresses):
                return _found(field, pattern.quoted(network.expression(addresses)), wanted=wanted)
        return self._on_one_value(field, test, wanted=wanted)

    def any_of(self, field: str, texts: Sequence[Text], *, wanted: bool = True) -> str:
        """That *field* fits one of *texts*, none of which the text of a null fits, and all of which are alike in case."""
        return _found(field, pattern.fitting(texts), wanted=wanted)

    def joins(self, leaf: Leaf) -> bool:
        """Whether the leaf can stand in one expression with others on its field."""
        return isinstance(leaf.test, Text) and not self._fits_absent(leaf)

    def exists(self, field: str, *, wanted: bool = True) -> str:
        """That the path reaches a value that is not null: read from the record, since fields have no `{}`, `[]` or null."""
        if "{}" in field.removesuffix("{}"):
            return _any_in(field, _SOME_VALUE, wanted=wanted)
        self.assumptions.add("json_extract_missing")
        self.assumptions.add("json_extract_object")
        return f"{_NULLITY[wanted]}({_from_record(field)})"

    def _fits_absent(self, leaf: Leaf) -> bool:
        """Whether a text passes the test that the field also has on a JSON null, or where it is absent."""
        standing_in = (pattern.NULL_TEXT, *self._absent.get(leaf.field, ()))
        return isinstance(leaf.test, Text) and any(pattern.fits(leaf.test, text) for text in standing_in)

    def _array_text(self, field: str, test: Text, *, wanted: bool) -> str:
        """A pattern that null would fit, on an array: another value fits it, or the text null is there, in quotes."""
        if field.endswith("{}") and test.parts in _SOME_TEXT:
            return _any_in(field, _SOME_TEXT[test.parts], wanted=wanted)
        parts = (_found(field, pattern.fitting_but_null(test)), _any_in(field, _TEXT_NULL))
        return f"{'' if wanted else 'NOT '}({' OR '.join(parts)})"

    def _on_one_value(self, field: str, test: Test, *, wanted: bool) -> str:
        """Tests that SPL has on a single value only."""
        own = literal.operand(field)
        match test:
            case Matches():
                raise Refused("a regular expression", "this release does not write them for Splunk.")
            case Compare():
                relation = f"tonumber({own}){test.op}{pattern.decimal(test.value)}"
                if "{}" in field:
                    return f"{_NULLITY[wanted]}(mvfilter({_true(relation)}))"
                return _true(relation, wanted=wanted)
            case Cidr():
                _refuse_array(field, "an IPv6 network")
                return _true(f'cidrmatch("{test.network}", {own})', wanted=wanted)
            case SameAs():
                _refuse_array(field, "a field reference")
                _refuse_array(test.field, "a field reference")
                same = _true(f'lower("s".{own})=lower("s".{literal.operand(test.field)})')
                return _all_of(same, self.exists(field), self.exists(test.field), wanted=wanted)
        raise Refused(f"a test of type {type(test).__name__}", f"{field} cannot be tested so.")


_NULLITY = {True: "isnotnull", False: "isnull"}


def _found(field: str, expression: str, *, wanted: bool = True) -> str:
    """Any value of a field fits; mvappend makes a multivalue field of a single value, which mvfind asks for."""
    return f"{_NULLITY[wanted]}(mvfind(mvappend({literal.operand(field)}), {expression}))"


def _any_in(field: str, expression: str, *, wanted: bool = True) -> str:
    """*expression* is found in the JSON text of all values at a path through arrays."""
    return f"{_NULLITY[wanted]}(mvfind(mvappend({_from_record(field)}), {pattern.quoted(expression)}))"


def _from_record(field: str) -> str:
    return f"json_extract(_raw, {literal.path(field.removesuffix('{}'))})"


def _true(expression: str, *, wanted: bool = True) -> str:
    """`if` takes null for false, which `where` and NOT do not."""
    return f"if({expression}, 1, 0)={1 if wanted else 0}"


def _all_of(*parts: str, wanted: bool) -> str:
    return f"{'' if wanted else 'NOT '}({' AND '.join(parts)})"


def _refuse_array(field: str, what: str) -> None:
    if "{}" in field:
        raise Refused(f"{what} on the array {field}", "SPL has no documented form for any of its elements.")
