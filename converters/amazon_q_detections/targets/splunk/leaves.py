"""One test on one field: in plain `search` syntax where that is exact, else as an expression that is never null.

The forms are those that Splunk documents (Search Reference, "Multivalue eval functions", "JSON functions", "search"); what
they rest on beside is named in assumptions.py.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from amazon_q_detections import numeral
from amazon_q_detections.condition import Boolean, Cidr, Compare, Exists, Leaf, Matches, Number, SameAs, Test, Text, Wild
from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.splunk import literal, network, pattern, perl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amazon_q_detections.regex import Regex
    from amazon_q_detections.targets.splunk.fields import Fields
    from amazon_q_detections.targets.splunk.shapes import Kind

# In the JSON text of values: anything but null, brackets and commas is a value, and so is an array inside.
_SOME_VALUE = r"[^\s\[\],nul]"
_SOME_VALUE_OR_ARRAY = rf"{_SOME_VALUE}|[\[,]\s*\["
# Only at the start of an element does a quote follow a bracket or comma unescaped. No value is an object here. What does not
# start with a bracket is no array: CloudTrail may write a marker in its place.
_SOME_TEXT = r'\A[^\[]|[\[,]\s*("[^"]|[0-9tf-])'
_TEXT_NULL = rf'[\[,]\s*"{pattern.NULL_TEXT}"\s*[\],]'
_ONLY_TEXT_NULL = rf'\A"{pattern.NULL_TEXT}"\z'
# Patterns that all values fit, and all but an empty text: in the JSON text of a list, and in that of one value.
_OF_ALL_VALUES: dict[tuple[str | Wild, ...], tuple[str, str]] = {
    (Wild.ANY,): (_SOME_VALUE, r'\A["0-9tf-]'),
    (Wild.ONE, Wild.ANY): (_SOME_TEXT, r'\A("[^"]|[0-9tf-])'),
    (Wild.ANY, Wild.ONE): (_SOME_TEXT, r'\A("[^"]|[0-9tf-])'),
}
# What tonumber may read; without it `nan`, `inf` and `0x7` could be numbers.
_NUMERIC = r"\A[-+.0-9eE]+\z"
# eval takes numbers for doubles (Search Reference, "eval command usage"), to which larger whole numbers are their neighbours.
_MOST_NUMBER = 2**53


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
                return f"({own}=* NOT {self._stands_for_absence(leaf.field)})"
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
        return f"(NOT {literal.name(field)}=* OR {self._stands_for_absence(field)})"

    def note(self, terms: Sequence[str]) -> None:
        """Gather what search *terms* rest on."""
        if any(self._stands_for_absence(field) in term for term in terms for field in self._absent):
            self.assumptions.add("no_such_error")

    def _stands_for_absence(self, field: str) -> str:
        values = ", ".join(f'"{value}"' for value in self._absent[field])
        return f"{literal.name(field)} IN ({values})"

    def exact(self, leaf: Leaf, *, wanted: bool = True) -> str:
        """The leaf, or unless *wanted* its negation, as an expression for `where` and `eval`, never null."""
        field, test = leaf.field, leaf.test
        match test:
            case Exists():
                return self.exists(field, wanted=wanted)
            case Text() if self._fits_absent(leaf):
                self._note_text(test)
                return self._text_or_null(field, test, wanted=wanted)
            case Text():
                return self.any_of(field, [test], wanted=wanted)
            case Boolean():
                text = "true" if test.value else "false"
                return _found(field, pattern.quoted(rf"(?i)\A{text}\z"), wanted=wanted)
            case Number():
                self.assumptions.add("plain_numbers")
                return _found(field, pattern.quoted(rf"\A{numeral.spellings(test.value)}\z"), wanted=wanted)
            case Matches():
                return self._regex(field, test.regex, wanted=wanted)
            case Cidr(network=IPv4Network() as addresses):
                return _found(field, pattern.quoted(network.expression(addresses)), wanted=wanted)
        return self._by_function(field, test, wanted=wanted)

    def any_of(self, field: str, texts: Sequence[Text], *, wanted: bool = True) -> str:
        """That *field* fits one of *texts*, none of which the text of a null fits, and all of which are alike in case."""
        for text in texts:
            self._note_text(text)
        return _found(field, pattern.fitting(texts), wanted=wanted)

    def joins(self, leaf: Leaf) -> bool:
        """Whether the leaf can stand in one expression with others on its field."""
        return isinstance(leaf.test, Text) and not self._fits_absent(leaf)

    def exists(self, field: str, *, wanted: bool = True) -> str:
        """That the path reaches a value that is not null: read from the record, since fields have no `{}`, `[]` or null."""
        kind, last = self.kind(field), field.removesuffix("{}")
        if "{}" not in last:
            self.assumptions.add("json_extract_missing")
            if last == field and kind in (None, "object"):
                self.assumptions.add("json_extract_object")
            if last == field and kind in (None, "text"):
                self.assumptions.add("empty_text")
            return f"{_NULLITY[wanted]}({_from_record(field)})"
        if last != field or kind == "array":
            self.assumptions.add("json_extract_list")
            return _in_json(_from_record(field), _SOME_VALUE_OR_ARRAY, wanted=wanted)
        if kind == "object":  # which needs no second path: neither it nor a marker in its place is made of `null` alone
            return _in_json(_from_record(field), _SOME_VALUE, wanted=wanted)
        return _in_json(_list_from_record(field), _SOME_VALUE, wanted=wanted)

    def kind(self, field: str) -> Kind | None:
        """What stands at *field*, if that is known."""
        return self._fields.kind(field)

    def value(self, field: str) -> str:
        """The value of a field that goes through no array, as an expression: from the record where it is a text."""
        return _from_record(field) if self.kind(field) == "text" else literal.operand(field)

    def has_value(self, field: str, name: str) -> str:
        """That *name*, to which the value of *field* was assigned, has one; a JSON null shows as text in a field."""
        self.assumptions.update(("json_extract_missing", "empty_text"))
        present = f"isnotnull({name})"
        return present if self.kind(field) == "text" else f"{present} AND {self.exists(field)}"

    def _fits_absent(self, leaf: Leaf) -> bool:
        """Whether a text passes the test that the field also has on a JSON null, or where it is absent."""
        standing_in = (pattern.NULL_TEXT, *self._absent.get(leaf.field, ()))
        return isinstance(leaf.test, Text) and any(leaf.test.fits(text) for text in standing_in)

    def _note_text(self, test: Text) -> None:
        if test.fits(""):
            self.assumptions.add("empty_text")
        counts = Wild.ONE in test.parts and test.parts not in _OF_ALL_VALUES
        if counts or not all(part.isascii() for part in test.parts if isinstance(part, str)):
            self.assumptions.add("unicode")

    def _text_or_null(self, field: str, test: Text, *, wanted: bool) -> str:
        """A pattern that null would fit: another value fits it, or the text null is there, and not a JSON null."""
        if "{}" not in field:
            return _all_of(_found(field, pattern.fitting([test])), self.exists(field), wanted=wanted)
        if test.parts in _OF_ALL_VALUES and self.kind(field) not in ("object", "array"):
            return self._among_values(field, *_OF_ALL_VALUES[test.parts], wanted=wanted)
        return self._in_array(field, pattern.fitting_but_null(test), wanted=wanted)

    def _regex(self, field: str, regex: Regex, *, wanted: bool) -> str:
        """A regular expression; where the text of a null, or one that stands for absence, fits it, the record decides too."""
        if perl.beyond_ascii(regex):
            self.assumptions.add("unicode")
        if regex.search(""):
            self.assumptions.add("empty_text")
        fits_absent = any(map(regex.search, (pattern.NULL_TEXT, *self._absent.get(field, ()))))
        in_array = fits_absent and "{}" in field
        if perl.costly(regex, but_null=in_array):
            self.assumptions.add("match_limit")
        written = pattern.quoted(perl.expression(regex, but_null=in_array))
        if in_array:
            return self._in_array(field, written, wanted=wanted)
        if fits_absent:
            return _all_of(_found(field, written), self.exists(field), wanted=wanted)
        return _found(field, written, wanted=wanted)

    def _in_array(self, field: str, but_null: str, *, wanted: bool) -> str:
        """Any value of an array fits *but_null*, or is the text null, which fits too."""
        if self.kind(field) in ("object", "array"):  # where no text is, but a null may be
            return _found(field, but_null, wanted=wanted)
        parts = (_found(field, but_null), self._among_values(field, _TEXT_NULL, _ONLY_TEXT_NULL))
        return f"{'' if wanted else 'NOT '}({' OR '.join(parts)})"

    def _among_values(self, field: str, in_list: str, alone: str, *, wanted: bool = True) -> str:
        """One of the values of an array fits: as JSON text *in_list*, or *alone* where objects could be in the list."""
        if self.kind(field) is not None:
            return _in_json(_list_from_record(field), in_list, wanted=wanted)
        if field.count("{}") > 1 and field.endswith("{}"):
            raise Refused(f"a pattern that null fits, on the array {field}", "whether objects are in it is not known.")
        if not field.endswith("{}"):
            self.assumptions.add("json_extract_list")
        return _in_json(f"json_array_to_mv({_from_record(field)}, true())", alone, wanted=wanted)

    def _by_function(self, field: str, test: Test, *, wanted: bool) -> str:
        """Tests that SPL has no regular expression for."""
        own = literal.operand(field)
        match test:
            case Compare():
                bound = numeral.plain(test.value)
                if abs(test.value) >= _MOST_NUMBER:
                    raise Refused(f"a comparison with {bound}", f"SPL tells whole numbers apart up to {_MOST_NUMBER - 1}.")
                numeric = f"if(match({own}, {pattern.quoted(_NUMERIC)}), {own}, null())"
                relation = f"tonumber({numeric}){test.op}{bound}"
                return _of_any(field, relation, wanted=wanted)
            case Cidr():
                self.assumptions.add("cidr_v6")
                return _of_any(field, f'cidrmatch("{test.network}", {own})', wanted=wanted)
            case SameAs():
                _refuse_array(field, "a field reference")
                _refuse_array(test.field, "a field reference")
                self.assumptions.add("unicode")
                same = _true(f'lower("s".{own})=lower("s".{literal.operand(test.field)})')
                return _all_of(same, self.exists(field), self.exists(test.field), wanted=wanted)
        raise Refused(f"a test of type {type(test).__name__}", f"{field} cannot be tested so.")


_NULLITY = {True: "isnotnull", False: "isnull"}


def _found(field: str, expression: str, *, wanted: bool = True) -> str:
    """Any value of a field fits; mvappend makes a multivalue field of a single value, which mvfind asks for."""
    return f"{_NULLITY[wanted]}(mvfind(mvappend({literal.operand(field)}), {expression}))"


def _of_any(field: str, expression: str, *, wanted: bool) -> str:
    """*expression*, which is on one value of a field, holds on any of them."""
    return f"{_NULLITY[wanted]}(mvfilter({_true(expression)}))" if "{}" in field else _true(expression, wanted=wanted)


def _in_json(json: str, expression: str, *, wanted: bool = True) -> str:
    """*expression* is found in a JSON text."""
    return f"{_NULLITY[wanted]}(mvfind(mvappend({json}), {pattern.quoted(expression)}))"


def _from_record(field: str) -> str:
    """What is at a path; of `a{}` the array, as JSON text."""
    return f"json_extract(_raw, {literal.path(field.removesuffix('{}'))})"


def _list_from_record(field: str) -> str:
    """All values at a path through arrays, as JSON text.

    Of one path a single value may come without brackets and quotes; of two paths json_extract always makes an array.
    """
    path = literal.path(field.removesuffix("{}"))
    return f"json_extract(_raw, {path}, {path})" if "{}" in path else f"json_extract(_raw, {path})"


def _true(expression: str, *, wanted: bool = True) -> str:
    """`if` takes null for false, which `where` and NOT do not."""
    return f"if({expression}, 1, 0)={1 if wanted else 0}"


def _all_of(*parts: str, wanted: bool) -> str:
    return f"{'' if wanted else 'NOT '}({' AND '.join(parts)})"


def _refuse_array(field: str, what: str) -> None:
    if "{}" in field:
        raise Refused(f"{what} on the array {field}", "SPL has no documented form for any of its elements.")
