"""One test on one field, in the form that is true on exactly the records on which the contract says so."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from amazon_q_detections.condition import (
    Boolean,
    Cidr,
    Compare,
    Exists,
    Leaf,
    Matches,
    Number,
    SameAs,
    Text,
    Wild,
)
from amazon_q_detections.errors import Refused
from sigma.backends.cloudwatch_logs_insights import json_text, syntax

if TYPE_CHECKING:
    from amazon_q_detections.condition import Test


_NUMBERED = re.compile(r"\.[0-9]+\.")


@dataclass
class Needs:
    """What the leaves of one query need beside themselves: JSON texts, by the path they are the text of, and assumptions."""

    texts: dict[str, str] = field(default_factory=dict)
    assumptions: set[str] = field(default_factory=set)

    def text_of(self, path: str) -> str:
        """The name under which the query has the JSON text at *path*; own names start with `q_`."""
        self.assumptions.add("json_text")
        return self.texts.setdefault(path, f"q_{len(self.texts) + 1}")

    def prelude(self) -> list[str]:
        """The commands that make the texts; a dot into a parsed value needs a later command than its jsonParse."""
        if not self.texts:
            return []
        made = [f"coalesce(jsonStringify(q_j.{syntax.name(path)}), '') as {own}" for path, own in self.texts.items()]
        return ["fields jsonParse(@message) as q_j", f"fields {', '.join(made)}"]


@dataclass(frozen=True)
class Written:
    """A leaf as text; *total* when it is false, not unknown, on a record without the field."""

    text: str
    total: bool


class Leaves:
    """Writes leaves for one log schema."""

    def __init__(self, schema: dict[str, Any], needs: Needs) -> None:
        self._schema = schema
        self._needs = needs

    def is_array(self, path: str) -> bool:
        """Whether *path* goes through, or is, an array of the schema."""
        return any(path == array or path.startswith(f"{array}.") for array in self._schema.get("arrays", ()))

    def needs_text(self, path: str) -> bool:
        """Whether *path* is decided on a JSON text."""
        return path in self._schema.get("json_text", {})

    def reads_text(self, leaf: Leaf) -> bool:
        """Whether the leaf reads a JSON text at all, so that it comes after the commands that make it."""
        return self.needs_text(leaf.field) or (isinstance(leaf.test, Exists) and self._may_be_container(leaf.field))

    def _may_be_container(self, path: str) -> bool:
        return path not in self._schema.get("scalars", ()) and path not in self._schema.get("numbered", {})

    def write(self, leaf: Leaf) -> Written:
        """The leaf in its exact form; raises Refused for what Logs Insights cannot say of this field."""
        if self.needs_text(leaf.field):
            container = self._schema["json_text"][leaf.field]
            return Written(json_text.write(self._needs.text_of(container), leaf, container), total=True)
        if leaf.field in self._schema.get("numbered", {}):
            return self._numbered(leaf)
        if self.is_array(leaf.field):
            raise Refused(f"{leaf.field}, which goes through an array", "the schema does not say how to reach its elements.")
        return self._discovered(leaf.field, leaf.test)

    def any_of(self, path: str, values: list[Text]) -> Written | None:
        """A list of plain values as one `in`, or of others as one regular expression; None where neither can say it."""
        if self.needs_text(path) or path in self._schema.get("numbered", {}) or self.is_array(path):
            return None
        literals = [text.literal for text in values]
        plain = [literal for literal in literals if literal is not None and syntax.is_plain(literal)]
        if path in self._schema.get("aws_spelled", ()) and len(plain) == len(values):
            self._needs.assumptions.add("aws_casing")
            return Written(f"{syntax.name(path)} in [{', '.join(map(syntax.quoted, plain))}]", total=False)
        if all(literals):
            alternatives = "|".join(syntax.escaped(str(literal), fold=True) for literal in literals)
            return Written(f"{syntax.name(path)} like {syntax.slashed(f'^({alternatives})$', fold=True)}", total=False)
        return None

    def _numbered(self, leaf: Leaf) -> Written:
        array, most = self._schema["numbered"][leaf.field]
        rest = leaf.field.removeprefix(f"{array}.")
        each = [self._discovered(f"{array}.{number}.{rest}", leaf.test) for number in range(most)]
        return Written(f"({' or '.join(one.text for one in each)})", total=all(one.total for one in each))

    def _discovered(self, path: str, test: Test) -> Written:
        own = syntax.name(path)
        match test:
            case Exists():
                return Written(self._exists(path, own), total=True)
            case Text():
                return Written(self._text(path, own, test), total=False)
            case Boolean():
                return Written(self._boolean(path, own, test.value), total=False)
            case Number():
                return Written(f"(isNumeric({own}) and {own} = {_number(test.value)})", total=True)
            case Compare():
                return Written(f"(isNumeric({own}) and {own} {test.op} {_number(test.value)})", total=True)
            case Cidr():
                return Written(f"isIpInSubnet({own}, '{test.network}')", total=False)
            case SameAs():
                return Written(self._same(own, test.field), total=True)
            case Matches():
                raise Refused("a regular expression", "this release does not write them for Logs Insights.")
        raise Refused(f"a test of type {type(test).__name__}", f"{path} cannot be tested so.")

    def _exists(self, path: str, own: str) -> str:
        """A discovered field, or, since objects and empty arrays are none, a JSON text that starts as one."""
        if path != "errorCode":  # which is absent, never null
            self._needs.assumptions.add("null_absent")
        if _NUMBERED.search(path) or not self._may_be_container(path):
            return f"ispresent({own})"
        return f"(ispresent({own}) or {self._needs.text_of(path)} like /^[{{\\[]/)"

    def _text(self, path: str, own: str, text: Text) -> str:
        literal = text.literal
        if literal == "":
            self._needs.assumptions.add("empty_kept")
            return f"{own} like /^$/"
        if path in self._schema.get("booleans", ()):
            raise Refused(f"a pattern on {path}", "Logs Insights discovers JSON booleans as 1 and 0.")
        if literal is not None and syntax.is_plain(literal) and (text.cased or path in self._schema.get("aws_spelled", ())):
            if not text.cased:
                self._needs.assumptions.add("aws_casing")
            return f"{own} = {syntax.quoted(literal)}"
        return f"{own} like {syntax.whole(text)}" if text.parts != (Wild.ANY,) else f"ispresent({own})"

    def _boolean(self, path: str, own: str, value: bool) -> str:
        as_number = f"{own} = {int(value)}"
        as_text = f"{own} like /(?i)^{'true' if value else 'false'}$/"
        if path in self._schema.get("text_booleans", ()):
            return as_text
        self._needs.assumptions.add("bool_1_0")
        return as_number if path in self._schema.get("booleans", ()) else f"({as_number} or {as_text})"

    def _same(self, own: str, other: str) -> str:
        if self.is_array(other) or self.needs_text(other):
            raise Refused(f"a field reference to {other}", "Logs Insights compares discovered fields only.")
        self._needs.assumptions.add("null_absent")
        far = syntax.name(other)
        return f"(ispresent({own}) and ispresent({far}) and tolower({own}) = tolower({far}))"


def _number(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        raise Refused(f"the number {value}", "it is none.")
    return repr(int(value)) if value == int(value) else repr(value)
