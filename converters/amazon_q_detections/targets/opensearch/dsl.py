"""Conditions as query DSL, for monitors and tools (OpenSearch documentation, "Query DSL")."""

from __future__ import annotations

from typing import Any

from amazon_q_detections.condition import (
    And,
    Boolean,
    Cidr,
    Compare,
    Condition,
    Exists,
    Keyword,
    Leaf,
    Matches,
    Not,
    Number,
    Or,
    SameAs,
    Text,
    Wild,
)
from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.opensearch import fields

Clause = dict[str, Any]

_RANGES = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}

# Any value of one field equals any of the other; a field that no record of the index has is in no doc.
_SAME = (
    "if (!doc.containsKey(params.a) || !doc.containsKey(params.b)) return false; "
    "for (def x : doc[params.a]) { for (def y : doc[params.b]) { if (x.equals(y)) return true; } } return false;"
)


class Writer:
    """Writes conditions for one index template; of all but *scalars* the presence is a derived field."""

    def __init__(self, scalars: frozenset[str]) -> None:
        self._scalars = scalars

    def clause(self, condition: Condition) -> Clause:
        """The condition as one clause that scores nothing; raises Refused for what the DSL cannot say."""
        match condition:
            case Leaf():
                return self._leaf(condition)
            case Not():
                return {"bool": {"must_not": [self.clause(condition.arg)]}}
            case And():
                wanted = [self.clause(arg) for arg in condition.args if not isinstance(arg, Not)]
                unwanted = [self.clause(arg.arg) for arg in condition.args if isinstance(arg, Not)]
                return {"bool": {key: parts for key, parts in (("filter", wanted), ("must_not", unwanted)) if parts}}
            case Or():
                options = self._options(condition)
                return options[0] if len(options) == 1 else {"bool": {"should": options, "minimum_should_match": 1}}
            case Keyword():
                raise Refused("a keyword", "OpenSearch sees the indexed fields only, not every value of the record.")

    def _options(self, condition: Or) -> list[Clause]:
        """The alternatives, plain values of one field as one `terms`."""
        values, others = fields.alternatives(condition)
        options = [self.clause(other) for other in others]
        for field, texts in values.items():
            options.append({"terms": {field: texts}} if len(texts) > 1 else {"term": {field: texts[0]}})
        return options

    def _leaf(self, leaf: Leaf) -> Clause:
        field = fields.checked(leaf.field)
        match leaf.test:
            case Exists():
                return self._exists(field)
            case Text():
                return _text(field, leaf.test)
            case Boolean():
                return {"term": {field: "true" if leaf.test.value else "false"}}
            case Number():
                return {"regexp": {field: {"value": number_pattern(leaf.test.value), "flags": "NONE"}}}
            case Compare():
                return {"range": {f"{field}.n": {_RANGES[leaf.test.op]: bound(leaf.test)}}}
            case Cidr():
                return {"term": {f"{field}.ip": str(leaf.test.network)}}
            case SameAs():
                params = {"a": field, "b": fields.checked(leaf.test.field)}
                return {"script": {"script": {"source": _SAME, "lang": "painless", "params": params}}}
            case Matches():
                raise Refused("a regular expression", "this release does not write them for OpenSearch.")
        raise Refused(f"a test of type {type(leaf.test).__name__}", f"{field} cannot be tested so.")

    def _exists(self, field: str) -> Clause:
        return {"exists": {"field": field}} if field in self._scalars else {"term": {fields.presence(field): "y"}}


def bound(test: Compare) -> float:
    """The value to compare with; Lucene orders -0.0 before 0.0, so where zero itself is the edge it is written as -0.0."""
    return -0.0 if test.value == 0 and test.op in ("<", ">=") else test.value


def number_pattern(value: float) -> str:
    """The spellings of a number that the contract knows, as a Lucene expression, which matches whole values."""
    if value == int(value):
        return rf"{'-?' if value == 0 else ''}{int(value)}(\.0+)?"
    return f"{value!r}".replace(".", r"\.") + "0*"


def _text(field: str, text: Text) -> Clause:
    """On the lower-case keyword the pattern is in lower case too; a cased one goes to the text as it is."""
    own = f"{field}.cs" if text.cased else field
    if text.literal is not None:
        return {"term": {own: text.literal}}
    if text.prefix is not None:
        return {"prefix": {own: text.prefix if text.cased else text.prefix.lower()}}
    pattern = "".join(part.value if isinstance(part, Wild) else _escaped(part) for part in text.parts)
    return {"wildcard": {own: {"value": pattern if text.cased else pattern.lower()}}}


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in "*?\\" else char for char in text)
