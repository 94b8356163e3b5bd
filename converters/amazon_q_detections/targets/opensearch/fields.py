"""The fields of the index: what each is called for which test.

A leaf is a keyword in lower case; its subfields hold the text as it is (`cs`), an address (`ip`), a number (`n`). A long text
has subfields for patterns too, in lower case (`wc`) and as it is (`wc_cs`). Whether something that may be long, an object or an
array is there is a derived field.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amazon_q_detections.condition import Cidr, Compare, Condition, Exists, Leaf, Matches, Or, SameAs, Test, Text, leaves
from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.opensearch import java_text, regexp
from amazon_q_detections.targets.opensearch.regexp import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# A term takes 32,766 bytes; 10,922 characters of at most three bytes fit. Longer values stay in the record, unindexed.
IGNORE_ABOVE = 10_922

SUBFIELDS = ("cs", "ip", "n", "wc", "wc_cs")

SHORT_ENOUGH = f"values_up_to_{IGNORE_ABOVE}"
"""The assumption that no value of a tested field is longer than what is indexed (docs/semantics.md)."""

# A name that starts otherwise is one of OpenSearch's own, or an operator of Lucene text; so are these words.
_NAME = re.compile(r"[A-Za-z0-9@][A-Za-z0-9_@-]*(\.[A-Za-z0-9_@][A-Za-z0-9_@-]*)*")
_OPERATORS = ("AND", "OR", "NOT")
_PRESENCE = "exists_"
# Index setting `index.mapping.depth.limit`.
_DEEPEST = 20
_NUL = "a field of type wildcard has them for the ends of a text."
# No two names come out alike, and names of letters and dots stay readable.
_FLAT = str.maketrans({".": "_", "_": "-_", "-": "--"})


@dataclass(frozen=True)
class Schema:
    """What a pipeline says of an index: its field of time, the columns of a result, and what its fields hold."""

    time: str
    columns: tuple[str, ...]
    scalars: frozenset[str]
    short_texts: frozenset[str]
    long_texts: frozenset[str]
    containers: frozenset[str] = frozenset()

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Schema:
        """The schema of a pipeline's `set_state` item."""
        kinds = (frozenset(said.get(kind, ())) for kind in ("scalars", "short_texts", "long_texts", "containers"))
        return cls(said["time"], tuple(said["columns"]), *kinds)

    def checked(self, field: str) -> str:
        """A field name that OpenSearch takes as it is, in an index and in Lucene text; raises Refused for another."""
        if not _NAME.fullmatch(field):
            raise Refused(f"the field name {field!r}", "only letters, digits, _, -, @ and dots are indexed, - and _ not first.")
        if field in _OPERATORS or field.startswith(_PRESENCE):
            raise Refused(f"the field name {field!r}", "it means something else in a query for OpenSearch.")
        if field.count(".") >= _DEEPEST:
            raise Refused(f"the field name {field!r}", f"an index holds objects {_DEEPEST} deep.")
        if f"{field}.".startswith(f"{self.time}."):
            raise Refused(f"the field {field}", "the index holds it as a time, by which one searches and sorts.")
        return field

    def of_text(self, field: str, text: Text) -> str:
        """The field, or that subfield of it, on which *text* is tested; raises Refused for what no index finds."""
        if text.literal is not None and java_text.length(text.literal) > IGNORE_ABOVE:
            raise Refused(f"a value of more than {IGNORE_ABOVE} characters", "longer values are not indexed.")
        if self.in_wildcard_field(field, text):
            _refuse_unseen(field, "".join(part for part in text.parts if isinstance(part, str)))
        subfield = self._subfield(field, text)
        return f"{self.checked(field)}.{subfield}" if subfield else self.checked(field)

    def in_wildcard_field(self, field: str, text: Text | Pattern) -> bool:
        """Whether *text* is a pattern on a text that is too long for a keyword."""
        return text.literal is None and field in self.long_texts

    def _subfield(self, field: str, text: Text | Pattern) -> str:
        if self.in_wildcard_field(field, text):
            return "wc_cs" if text.cased else "wc"
        return "cs" if text.cased else ""

    def of_pattern(self, field: str, found: Pattern) -> str:
        """The field, or that subfield of it, for a regular expression; raises Refused for what it never finds."""
        if self.in_wildcard_field(field, found) and found.has_nul:
            raise Refused(f"a NUL in a pattern on {field}", _NUL)
        subfield = self._subfield(field, found)
        return f"{self.checked(field)}.{subfield}" if subfield else self.checked(field)

    def presence(self, field: str) -> str | None:
        """The derived field that says `y` where a value, an object or an array is there; None where `exists` says it."""
        return None if self.checked(field) in self.scalars else f"{_PRESENCE}{flat(field)}"

    def assumed(self, conditions: Iterable[Condition], others: Iterable[str] = ()) -> tuple[str, ...]:
        """SHORT_ENOUGH if a test of *conditions*, or the use of the fields *others*, rests on it.

        Equality does not: a value that is too long to be indexed is no value of a rule.
        """
        tested = set(others)
        for leaf in (leaf for one in conditions for leaf in leaves(one)):
            test = _said(leaf)
            if isinstance(test, Text | Pattern) and test.literal is None and not self.in_wildcard_field(leaf.field, test):
                tested.add(leaf.field)
            elif isinstance(leaf.test, SameAs):
                tested.update((leaf.field, leaf.test.field))
        return (SHORT_ENOUGH,) if tested - self.scalars - self.short_texts else ()

    def mapped(self, condition: Condition) -> dict[str, set[str]]:
        """The leaves that *condition* reads, with the subfields it needs of each; not those of which it asks presence only."""
        found: dict[str, set[str]] = {}
        for leaf in leaves(condition):
            if isinstance(leaf.test, Exists) and self.presence(leaf.field):
                continue
            needed = found.setdefault(self.checked(leaf.field), set())
            match _said(leaf):
                case Cidr():
                    needed.add("ip")
                case Compare():
                    needed.add("n")
                case SameAs(field=other):
                    found.setdefault(self.checked(other), set())
                case Text() | Pattern() as test if self.in_wildcard_field(leaf.field, test):
                    needed.add(self._subfield(leaf.field, test))
        return found

    def present(self, condition: Condition) -> dict[str, str]:
        """The fields of whose presence *condition* asks a derived field, by the name of that."""
        asked = (leaf.field for leaf in leaves(condition) if isinstance(leaf.test, Exists))
        return {name: field for field in asked if (name := self.presence(field))}

    def alternatives(self, condition: Or) -> tuple[dict[str, list[str]], list[Condition]]:
        """The plain values that *condition* allows each field, for one list a field, and its other alternatives."""
        values: dict[str, list[str]] = {}
        others: list[Condition] = []
        for arg in condition.args:
            if isinstance(arg, Leaf) and isinstance(arg.test, Text) and arg.test.literal is not None and not arg.test.cased:
                values.setdefault(self.of_text(arg.field, arg.test), []).append(arg.test.literal)
            else:
                others.append(arg)
        return values, others


def _said(leaf: Leaf) -> Test | Pattern:
    """The test, a regular expression as it is written for a node."""
    return regexp.pattern(leaf.test.regex) if isinstance(leaf.test, Matches) else leaf.test


def _refuse_unseen(field: str, pattern: str) -> None:
    if "\\" in pattern:
        raise Refused(f"a backslash in a pattern on {field}", "OpenSearch 2 finds none in a field of type wildcard.")
    if "\0" in pattern:
        raise Refused(f"a NUL in a pattern on {field}", _NUL)


def flat(field: str) -> str:
    """A name without dots, another for every field."""
    return field.translate(_FLAT)
