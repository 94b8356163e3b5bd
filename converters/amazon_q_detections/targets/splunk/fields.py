"""What is known of the fields of one rule: whether they go through arrays, and what stands there.

The schema says it of a record's own fields, and of those that our rules ask for; of others it is what is known of any record.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field as attribute
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sigma.rule import SigmaRule
from sigma.types import SigmaFieldReference

from amazon_q_detections import condition, detection_items
from amazon_q_detections.condition import Or
from amazon_q_detections.correlation import Correlation
from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.splunk import shapes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sigma.correlations import SigmaCorrelationRule

    from amazon_q_detections.condition import Condition
    from amazon_q_detections.targets.splunk.shapes import Kind

# What the query of a correlation calls its own values.
_OF_QUERY = re.compile(r"q_\w+")
_KINDS: dict[str, Kind] = {"texts": "text", "scalars": "scalar", "objects": "object"}


def refuse_marked(rule: SigmaRule | SigmaCorrelationRule) -> None:
    """Raises Refused for a field that *rule*, before any pipeline, writes as Splunk does: a record has no key with `{}`."""
    for field in _written(rule):
        if "{}" in field:
            plain = field.replace("{}", "")
            raise Refused(f"the field {field}", f"a rule goes through arrays without Splunk's mark; write {plain}.")


def _written(rule: SigmaRule | SigmaCorrelationRule) -> Iterator[str]:
    if isinstance(rule, SigmaRule):
        for item in detection_items.of(rule):
            yield item.field or ""
            yield from (value.field for value in item.value if isinstance(value, SigmaFieldReference))
        return
    yield from rule.group_by or ()
    yield from (field for alias in rule.aliases for field in alias.mapping.values())
    counted = getattr(rule.condition, "fieldref", None) or ()
    yield from [counted] if isinstance(counted, str) else counted


@dataclass(frozen=True)
class Fields:
    """The fields of a rule whose meaning is *meaning*, in the names that the schema gives them."""

    meaning: Condition | Correlation
    schema: dict[str, Any]
    kinds: Mapping[str, Kind | None] = attribute(default_factory=dict)

    @classmethod
    def spelled(cls, meaning: Condition | Correlation, schema: dict[str, Any]) -> Fields:
        """The fields of *meaning*, which has been through the schema's pipeline, in Splunk's spelling."""
        by_pipeline = cls(meaning, schema)
        spelled, kinds = shapes.spelled(meaning, by_pipeline.sure)
        return cls(spelled, schema, kinds)

    def check(self) -> None:
        """Raises Refused for a field that is none of a record."""
        reserved = self.schema.get("reserved", ())
        for field in sorted(self.names):
            if field.partition("::")[0] in reserved or (field.startswith("_") and "." not in field):
                raise Refused(f"the field {field}", "Splunk and its add-on have something else under this name.")
            if isinstance(self.meaning, Correlation) and _OF_QUERY.fullmatch(field):
                raise Refused(f"the field {field}", "the query has a value of its own under this name.")

    @cached_property
    def names(self) -> frozenset[str]:
        """Every field that the rule reads."""
        return self.meaning.fields if isinstance(self.meaning, Correlation) else frozenset(condition.fields(self.meaning))

    def kind(self, field: str) -> Kind | None:
        """What stands at *field*, if that is known."""
        return self._known(field)[1]

    def sure(self, field: str) -> bool:
        """Whether *field* is known to go through the arrays in its name and no others."""
        return self._known(field)[0]

    @cached_property
    def _tree(self) -> Condition:
        """What holds on the events that take part."""
        if isinstance(self.meaning, Correlation):
            return Or(tuple(member.condition for member in self.meaning.members))
        return self.meaning

    @cached_property
    def _sources(self) -> frozenset[str]:
        """The services that the rule asks for, if it asks for none but those of the schema."""
        pinned = condition.pinned(self._tree, "eventSource") or frozenset()
        return pinned if pinned <= set(self.schema.get("services", ())) else frozenset()

    def _known(self, field: str) -> tuple[bool, Kind | None]:
        for key, kind in _KINDS.items():
            if field in self.schema.get(key, ()) or (self._sources and field in self.schema.get(f"service_{key}", ())):
                return True, kind
        if field.startswith(tuple(self.schema.get("without_arrays", ()))):
            return True, None
        return field in self.kinds, self.kinds.get(field)
