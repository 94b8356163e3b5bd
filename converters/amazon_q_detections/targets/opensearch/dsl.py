"""Conditions as query DSL, for monitors and tools (OpenSearch documentation, "Query DSL")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amazon_q_detections import numeral
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
from amazon_q_detections.targets.opensearch import keywords, network, regexp, wildcard

if TYPE_CHECKING:
    from amazon_q_detections.targets.opensearch.fields import Schema
    from amazon_q_detections.targets.opensearch.regexp import Pattern

Clause = dict[str, Any]

MOST_CLAUSES = 1000
"""Of the 1,024 that a search may have (node setting `indices.query.bool.max_clause_count`); a monitor adds some."""

# From here on not every whole number is a double, which is how an index holds numbers.
_MOST_NUMBER = 2**53
# Index setting `index.max_terms_count`.
_MOST_TERMS = 65_536

_RANGES = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}

# Any value of one field equals any of the other; a field that no record of the index has is in no doc.
_SAME = (
    "if (!doc.containsKey(params.a) || !doc.containsKey(params.b)) return false; "
    "for (def x : doc[params.a]) { for (def y : doc[params.b]) { if (x.equals(y)) return true; } } return false;"
)


class Writer:
    """Writes conditions for an index made from our template."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

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
                return {"term": {keywords.name(condition.text): "y"}}

    def _options(self, condition: Or) -> list[Clause]:
        """The alternatives, plain values of one field as one `terms`."""
        values, others = self._schema.alternatives(condition)
        options = [self.clause(other) for other in others]
        for field, texts in values.items():
            if len(texts) > _MOST_TERMS:
                raise Refused(f"{len(texts)} values of {field}", f"OpenSearch takes {_MOST_TERMS} at once.")
            options.append({"terms": {field: texts}} if len(texts) > 1 else {"term": {field: texts[0]}})
        return options

    def _leaf(self, leaf: Leaf) -> Clause:
        field = self._schema.checked(leaf.field)
        match leaf.test:
            case Exists():
                presence = self._schema.presence(field)
                return {"term": {presence: "y"}} if presence else {"exists": {"field": field}}
            case Text():
                return self._text(field, leaf.test)
            case Boolean():
                return {"term": {field: "true" if leaf.test.value else "false"}}
            case Number():
                return {"regexp": {field: {"value": number_pattern(leaf.test.value), "flags": "NONE"}}}
            case Compare():
                return {"range": {f"{field}.n": {_RANGES[leaf.test.op]: bound(leaf.test)}}}
            case Cidr():
                return _inside(f"{field}.ip", leaf.test)
            case SameAs():
                params = {"a": field, "b": self._schema.checked(leaf.test.field)}
                return {"script": {"script": {"source": _SAME, "lang": "painless", "params": params}}}
            case Matches():
                return self._regex(field, regexp.pattern(leaf.test.regex))
        raise Refused(f"a test of type {type(leaf.test).__name__}", f"{field} cannot be tested so.")

    def _text(self, field: str, text: Text) -> Clause:
        own = self._schema.of_text(field, text)
        if text.literal is not None:
            return {"term": {own: text.literal}}
        wildcard.checked(text)
        if text.prefix is not None and not self._schema.in_wildcard_field(field, text):
            return {"prefix": {own: text.prefix}}
        pattern = "".join(part.value if isinstance(part, Wild) else _escaped(part) for part in text.parts)
        return {"wildcard": {own: {"value": pattern}}}

    def _regex(self, field: str, found: Pattern) -> Clause:
        own = self._schema.of_pattern(field, found)
        if found.literal is not None:
            return {"term": {own: found.literal}}
        return {"regexp": {own: {"value": found.text, "flags": "NONE"}}}


def refuse_too_many(clause: Clause) -> Clause:
    """*clause*, which a node takes; raises Refused for one with too many parts."""
    found = _count(clause)
    if found > MOST_CLAUSES:
        raise Refused(f"a query of {found} clauses", f"OpenSearch takes some more than {MOST_CLAUSES}.")
    return clause


def _count(clause: Clause) -> int:
    """The clauses that a node counts: two for a range or an address, one for each character of a pattern on a long text."""
    ((kind, body),) = clause.items()
    match kind:
        case "bool":
            return sum(_count(part) for key, parts in body.items() if isinstance(parts, list) for part in parts)
        case "constant_score":
            return _count(body["filter"])
        case "range":
            return 2
        case "term" if any(field.endswith(".ip") for field in body):
            return 2
        case "wildcard" | "regexp" if any(field.endswith((".wc", ".wc_cs")) for field in body):
            return sum(len(pattern["value"]) for pattern in body.values())
    return 1


def bound(test: Compare) -> float:
    """The value to compare with, exactly as a double; raises Refused where doubles are not exact.

    Lucene orders -0.0 before 0.0, so where zero itself is the edge it is written as -0.0.
    """
    _refuse_inexact(test.value)
    return -0.0 if test.value == 0 and test.op in ("<", ">=") else test.value


def number_pattern(value: float) -> str:
    """The spellings of a number that the contract knows, as a Lucene expression, which matches whole values.

    Raises Refused where a number has others too, since it is taken for the double next to it.
    """
    _refuse_inexact(value)
    return numeral.spellings(value)


def _refuse_inexact(value: float) -> None:
    if not abs(value) < _MOST_NUMBER:
        raise Refused(f"the number {value}", f"OpenSearch holds numbers exactly up to {_MOST_NUMBER - 1}.")


def _inside(field: str, test: Cidr) -> Clause:
    parts: list[Clause] = [{"range": {field: {"gte": first, "lte": last}}} for first, last in network.ranges(test.network)]
    if not parts:
        return {"term": {field: str(test.network)}}
    return parts[0] if len(parts) == 1 else {"bool": {"should": parts, "minimum_should_match": 1}}


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in "*?\\" else char for char in text)
