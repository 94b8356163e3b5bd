"""One test on one field, in the form that is true on exactly the records on which the contract says so.

Logs Insights discovers 200 fields of a record, the first ones (CloudWatch Logs User Guide, "Supported logs and discovered
fields"). What stands before the parameters of a call is always among them; all else is read from the record parsed, so that a
call with many parameters hides nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import chain, count
from typing import TYPE_CHECKING, Any

from amazon_q_detections import numeral
from amazon_q_detections.condition import Boolean, Cidr, Compare, Exists, Leaf, Matches, Number, SameAs, Text, Wild
from amazon_q_detections.errors import Refused
from sigma.backends.cloudwatch_logs_insights import expressions, json_text, syntax

if TYPE_CHECKING:
    from collections.abc import Callable

    from amazon_q_detections.condition import Test
    from amazon_q_detections.regex import Regex

_WORDS = {"true": 1, "false": 0}
_NUMBER = re.compile(r"-?[0-9][-+.0-9e]*")
_NEXT_LINE = "\n    or "


@dataclass
class Needs:
    """What the leaves of one query need beside themselves: the record parsed, JSON texts by their path, and assumptions."""

    record: bool = False
    texts: dict[str, str] = field(default_factory=dict)
    assumptions: set[str] = field(default_factory=set)

    def value_of(self, path: str) -> str:
        """The value at *path* of the record parsed."""
        self.record = True
        return syntax.below(syntax.RECORD, path)

    def text_of(self, path: str) -> str:
        """The name under which the query has the JSON text of the object or array at *path*."""
        self.assumptions.add("json_text")
        self.record = True
        if path not in self.texts:
            whole = syntax.own_name(path)
            names = chain([syntax.own_name(path.rpartition(".")[2]), whole], (f"{whole}_{number}" for number in count(2)))
            self.texts[path] = next(own for name in names if (own := f"{name}{syntax.TEXT}") not in self.texts.values())
        return self.texts[path]

    def prelude(self) -> list[str]:
        """The commands that make all this; a dot into a parsed value needs a later command than its jsonParse."""
        texts = ((own, syntax.below(syntax.RECORD, path)) for path, own in self.texts.items())
        parsing = [f"fields jsonParse(@message) as {syntax.RECORD}"] if self.record else []
        return [*parsing, *(f"fields coalesce(jsonStringify({place}), '') as {own}" for own, place in texts)]


@dataclass(frozen=True)
class Written:
    """A leaf as text; *total* when it is false, not unknown, on a record without the field."""

    text: str
    total: bool


class Leaves:
    """Writes leaves for one log schema; *sources* are the event sources that the rule is about, None if it may be any."""

    def __init__(self, schema: dict[str, Any], needs: Needs, sources: frozenset[str] | None) -> None:
        self._schema = schema
        self._needs = needs
        self._arrays = frozenset(schema.get("arrays", ()))
        self._below_arrays = tuple(f"{array}." for array in self._arrays)
        modelled = schema.get("modelled_sources", ())
        self._modelled = sources is not None and sources <= set(modelled)

    def needs_record(self, path: str) -> bool:
        """Whether *path* is read from the record parsed."""
        return path.partition(".")[0] not in self._schema.get("discovered", ())

    def reads_record(self, leaf: Leaf) -> bool:
        """Whether a test needs the record parsed, so that it comes after the command that parses it."""
        container = isinstance(leaf.test, Exists) and leaf.field not in self._schema.get("scalars", ())
        far = isinstance(leaf.test, SameAs) and self.needs_record(leaf.test.field)
        return self.needs_record(leaf.field) or container or far

    def own(self, path: str) -> str:
        """A field that is no array as it stands in a query."""
        if path in self._reached() or self._through_array(path):
            raise Refused(f"{path}, which goes through an array", "the schema does not say how to reach its elements.")
        if not self._is_known(path):
            self._needs.assumptions.add("no_array")
        return self._place(path)

    def present(self, path: str) -> str:
        """A test that a scalar is at *path*, no object, which `stats` does not support; for what is grouped by or counted."""
        self._needs.assumptions.update(() if path in self._schema.get("never_null", ()) else ("null_absent", "empty_kept"))
        self._needs.assumptions.add("by_case")
        own = self.own(path)
        return " and ".join([f"ispresent({own})", *self._guards(path, own)])

    def may_be_object(self, path: str) -> bool:
        """Whether an object may stand at *path*, which `stats` does not support, nor do functions."""
        return self.needs_record(path) and path not in self._schema.get("scalars", ())

    def refuse_array(self, path: str, what: str) -> None:
        """Raises Refused for a field that goes through an array, of which *what* would be made."""
        if path in self._reached() or self._through_array(path):
            raise Refused(f"{what} over the array {path}", "Logs Insights cannot count or group by the elements of an array.")

    def _place(self, path: str) -> str:
        return self._needs.value_of(path) if self.needs_record(path) else syntax.name(path)

    def _reached(self) -> dict[str, Any]:
        """The fields below arrays that the schema says how to reach."""
        found: dict[str, Any] = self._schema.get("reached", {})
        return found

    def _through_array(self, path: str) -> bool:
        return path in self._arrays or path.startswith(self._below_arrays)

    def _is_known(self, path: str) -> bool:
        """Whether the schema knows the field's shape: it is one of CloudTrail's own, or of a service whose arrays it lists."""
        head = path.partition(".")[0]
        own = not self.needs_record(path) or path in self._schema.get("scalars", ()) or path in self._schema.get("known", ())
        return own or (self._modelled and head in ("requestParameters", "responseElements"))

    def write(self, leaf: Leaf) -> Written:
        """The leaf in its exact form; raises Refused for what Logs Insights cannot say of this field."""
        if leaf.field in self._reached():
            return self._below_array(leaf, self._reached()[leaf.field])
        if isinstance(leaf.test, Exists) and leaf.field in self._arrays:
            return Written(self._exists(leaf.field, self._needs.value_of(leaf.field)), total=True)
        return self._on_one_value(leaf.field, self.own(leaf.field), leaf.test)

    def any_of(self, path: str, values: list[Text]) -> Written | None:
        """A list of plain values as one `in`, or of others as one regular expression; None where neither can say it."""
        if path in self._reached() or any(_tells_booleans(text.fits) for text in values):
            return None
        literals = [text.literal for text in values]
        if path in self._schema.get("aws_spelled", ()) and all(literal and syntax.is_plain(literal) for literal in literals):
            self._needs.assumptions.add("aws_casing")
            return Written(f"{self.own(path)} in [{', '.join(syntax.quoted(str(one)) for one in literals)}]", total=False)
        if all(literals):
            self._tell_numbers(path, *literals)
            alternatives = "|".join(syntax.escaped(str(literal), fold=True) for literal in literals)
            return Written(self._like(self.own(path), syntax.slashed(f"^({alternatives})$", fold=True)), total=False)
        return None

    def _below_array(self, leaf: Leaf, how: dict[str, Any]) -> Written:
        """A field of the elements of an array, in the way that the schema says."""
        array = how["array"]
        if not array.startswith("resources") and not self._modelled and leaf.field not in self._schema.get("known", ()):
            known = " or ".join(self._schema.get("modelled_sources", ()))
            raise Refused(f"{leaf.field}, which goes through an array", f"pin eventSource to {known}, whose records are known.")
        if "most" in how:
            places = [f"{self._place(array)}[{number}].{how['key']}" for number in range(how["most"])]
            each = [_total(place, self._on_one_value(leaf.field, place, leaf.test)) for place in places]
            return Written(f"({_NEXT_LINE.join(each)})", total=True)
        own = self._needs.text_of(array)
        if "key" in how:
            if not how.get("alone", True):
                self._needs.assumptions.add("one_place")
            if isinstance(leaf.test, Number):
                self._needs.assumptions.add("plain_numbers")
            place = json_text.Place(how["key"], how.get("within", ""), how.get("parent", ""), how.get("count", "one"))
            return Written(json_text.at_key(own, leaf.test, place), total=True)
        return self._list(leaf, own)

    def _list(self, leaf: Leaf, own: str) -> Written:
        """A list of scalars; what stands in its place as one value, such as a mark of redaction, is seen too."""
        place = self._place(leaf.field)
        if isinstance(leaf.test, Exists):
            return Written(self._exists(leaf.field, place), total=True)
        one = _total(place, self._on_one_value(leaf.field, place, leaf.test))
        return Written(f"({json_text.in_list(own, leaf.test)} or {one})", total=True)

    def _on_one_value(self, path: str, own: str, test: Test) -> Written:
        match test:
            case Exists():
                return Written(self._exists(path, own), total=True)
            case Text():
                return Written(self._text(path, own, test), total=False)
            case Boolean():
                return Written(self._boolean(path, own, test.value), total=False)
            case Number():
                if test.value in _WORDS.values():
                    self._tell_booleans(path)
                self._tell_numbers(path, str(test.value))
                return Written(self._like(own, f"/^{numeral.spellings(test.value)}$/"), total=False)
            case Compare():
                self._tell_booleans(path)
                return self._of_scalar(path, own, f"isNumeric({own})", f"{own} {test.op} {syntax.number(test.value)}")
            case Cidr():
                return self._of_scalar(path, own, f"isIpInSubnet({own}, '{test.network}')")
            case SameAs():
                return self._same(path, own, test.field)
            case Matches():
                return Written(self._regex(path, own, test.regex), total=False)
        raise Refused(f"a test of type {type(test).__name__}", f"{path} cannot be tested so.")

    def _exists(self, path: str, own: str) -> str:
        """A value, or, where the field may be an object or array, a JSON text that starts as one."""
        self._needs.assumptions.update(() if path in self._schema.get("never_null", ()) else ("null_absent", "empty_kept"))
        if path in self._schema.get("scalars", ()) or (path in self._reached() and path not in self._arrays):
            return f"ispresent({own})"
        return f"(ispresent({own}) or {self._needs.text_of(path)} like /^[{{\\[]/)"

    def _regex(self, path: str, own: str, regex: Regex) -> str:
        self._needs.assumptions.update(expressions.assumed(regex))
        if self.needs_record(path):
            self._needs.assumptions.add("plain_numbers")
        if regex.search(""):
            self._needs.assumptions.add("empty_kept")
        return self._with_booleans(path, own, regex.search, f"{own} like {expressions.written(regex)}")

    def _text(self, path: str, own: str, text: Text) -> str:
        literal = text.literal
        if literal == "":
            self._needs.assumptions.add("empty_kept")
            return self._like(own, "/^$/")
        if text.parts == (Wild.ANY,):
            self._needs.assumptions.add("empty_kept")
            return f"{own} like /^/"  # not ispresent, which an object might pass
        if literal is not None and syntax.is_plain(literal) and (text.cased or path in self._schema.get("aws_spelled", ())):
            if not text.cased:
                self._needs.assumptions.add("aws_casing")
            written = f"{own} = {syntax.quoted(literal)}"
        else:
            written = self._like(own, syntax.whole(text))
        self._tell_numbers(path, literal)
        return self._with_booleans(path, own, text.fits, written)

    def _with_booleans(self, path: str, own: str, fits: Callable[[str], bool], written: str) -> str:
        """A JSON boolean is found as 1 or 0, or as its word; the test on its text form must hold either way."""
        if not self._may_be_boolean(path) or not _tells_booleans(fits):
            return written
        self._needs.assumptions.add("bool_1_0")
        more = [f"{own} = {number}" for word, number in _WORDS.items() if fits(word) and not fits(str(number))]
        return f"({' or '.join([written, *more])})" if more else written

    def _may_be_boolean(self, path: str) -> bool:
        """What stands before the parameters of a call is text."""
        return self.needs_record(path)

    def _like(self, own: str, expression: str) -> str:
        """A match of an expression between slashes; gathers what it rests on."""
        self._needs.assumptions.update(syntax.assumed(expression))
        return f"{own} like {expression}"

    def _tell_numbers(self, path: str, *values: str | None) -> None:
        if self.needs_record(path) and any(value is not None and _NUMBER.fullmatch(value) for value in values):
            self._needs.assumptions.add("plain_numbers")

    def _tell_booleans(self, path: str) -> None:
        if self._may_be_boolean(path):
            self._needs.assumptions.add("bool_1_0")

    def _boolean(self, path: str, own: str, value: bool) -> str:
        as_text = self._like(own, f"/(?i)^{'true' if value else 'false'}$/")
        if not self._may_be_boolean(path):
            return as_text
        self._needs.assumptions.add("bool_1_0")
        return f"({own} = {int(value)} or {as_text})"

    def _same(self, path: str, own: str, other: str) -> Written:
        """Two values as texts, since two that look like numbers would be compared as such."""
        far = self.own(other)
        self._needs.assumptions.add("null_absent")
        self._tell_booleans(path)
        self._tell_booleans(other)
        guards = [f"ispresent({far})", *self._guards(other, far), *self._guards(path, own)]
        same = f"concat('=', tolower({own})) = concat('=', tolower({far}))"
        return Written(f"({' and '.join([*guards, same])})", total=False)

    def _of_scalar(self, path: str, own: str, *parts: str) -> Written:
        """What functions make of an object is not documented, so that it is none is asked first."""
        found = [*self._guards(path, own), *parts]
        return Written(found[0] if len(found) == 1 else f"({' and '.join(found)})", total=False)

    def _guards(self, path: str, own: str) -> list[str]:
        """A test that objects fail, where the field may be one: comparing them with anything is false."""
        return [f"{own} like /^/"] if self.may_be_object(path) else []


def _tells_booleans(fits: Callable[[str], bool]) -> bool:
    """Whether a test says something else of a boolean's word than of its number."""
    return any(fits(word) is not fits(str(number)) for word, number in _WORDS.items())


def _total(place: str, written: Written) -> str:
    return written.text if written.total else f"(ispresent({place}) and {written.text})"
