"""OpenSearch: query DSL, Lucene text, monitors, and the index templates they need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from amazon_q_detections import json_output
from amazon_q_detections.conversion import pipeline, schema_of
from amazon_q_detections.correlation import Correlation
from amazon_q_detections.errors import Refused
from amazon_q_detections.target import Query, Target
from amazon_q_detections.targets.opensearch import correlations, dsl, keywords, mapping, monitor, readme
from amazon_q_detections.targets.opensearch.backend import FaithfulOpenSearchBackend
from amazon_q_detections.targets.opensearch.fields import Schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from amazon_q_detections.condition import Condition, Text
    from amazon_q_detections.rule import Rule


@dataclass(frozen=True)
class OpenSearchQuery(Query):
    """A rule as a search, with the fields that the index template must have for it."""

    leaves: dict[str, set[str]]
    presence: dict[str, str]
    keywords: frozenset[Text]


_PATHS = {"dsl": "queries/{stem}.dsl.json", "lucene": "queries/{stem}.lucene", "monitor": "monitors/{stem}.json"}
_PROMISES = {
    False: "each event that arrives within the delay once, while the monitor runs",
    True: "complete, while the monitor runs",
}


class OpenSearch(Target[OpenSearchQuery]):
    """OpenSearch with an index made from our template."""

    name: ClassVar[str] = "opensearch"

    def compile(self, rule: Rule, schema: str) -> OpenSearchQuery:
        """See Target."""
        backend = FaithfulOpenSearchBackend(pipeline(f"{self.name}_{schema}"))
        sigma_rule, meaning = backend.meaning_of(rule.collection())
        fields = backend.fields
        body = _body(meaning, fields)
        texts = {"dsl": json_output.indented(body)}
        missing: dict[str, str] = {}
        others: dict[str, Callable[[], str]] = {
            "lucene": lambda: backend.write(sigma_rule, meaning),
            "monitor": lambda: json_output.indented(monitor.of(rule, body, fields)),
        }
        for name, write in others.items():
            try:
                texts[name] = write()
            except Refused as refused:
                missing[name] = f"{refused.construct}: {refused.reason}"
        leaves, presence, assumptions = _needed(meaning, fields)
        return OpenSearchQuery(
            rule=rule,
            schema=schema,
            formats={form: partial(texts.__getitem__, form) for form in texts},
            missing=missing,
            promise=_PROMISES[rule.is_correlation],
            assumptions=assumptions,
            leaves=leaves,
            presence=presence,
            keywords=frozenset(text for one in _conditions(meaning) for text in keywords.texts(one)),
        )

    def bundle(self, queries: Sequence[OpenSearchQuery], *, name: str, schema: str) -> dict[str, bytes]:
        """See Target: templates, monitors and queries."""
        tree = {"README.md": readme.text(name)}
        for query in queries:
            stem = query.rule.stem
            for text, path in _PATHS.items():
                if text in query.formats:
                    tree[path.format(stem=stem)] = query.text(text) + "\n"
        fields = Schema.of(schema_of(f"{self.name}_{schema}"))
        tree["index-template.json"] = json_output.indented(template(queries, fields, "nested")) + "\n"
        tree["index-template-flat.json"] = json_output.indented(template(queries, fields, "flat")) + "\n"
        return {path: text.encode() for path, text in sorted(tree.items())}


def template(queries: Sequence[OpenSearchQuery], schema: Schema, shape: mapping.Shape) -> dict[str, Any]:
    """The index template for these queries: the fields they read, and the columns of results.

    Raises Refused with the stem of a rule that reads a field which has the name of another's subfield.
    """
    leaves: dict[str, set[str]] = {column: set() for column in schema.columns if column != schema.time}
    presence: dict[str, str] = {}
    for query in queries:
        for field, needed in query.leaves.items():
            leaves.setdefault(field, set()).update(needed)
        presence |= query.presence
    for query in queries:
        mapping.refuse_subfields(query.leaves, leaves, query.rule.stem)
    texts = {text for query in queries for text in query.keywords}
    return mapping.template(leaves, presence, texts, schema.containers, time=schema.time, shape=shape)


def apart(queries: Iterable[OpenSearchQuery], schema: Schema) -> list[list[OpenSearchQuery]]:
    """*queries* in sets, in none of which one reads a value where another reads an object.

    One index of the nested template for all of them would reject the records that have a value there.
    """
    found: list[tuple[list[OpenSearchQuery], set[str], set[str]]] = []
    for query in queries:
        values = set(query.leaves) - schema.containers
        objects = {parent for field in query.leaves for parent in mapping.above(field)}
        fitting = next((one for one in found if not (values & one[2] or objects & one[1])), None)
        if fitting is None:
            fitting = ([], set(), set())
            found.append(fitting)
        members, others, parents = fitting
        members.append(query)
        others |= values
        parents |= objects
    return [members for members, _, _ in found]


def _body(meaning: Condition | Correlation, schema: Schema) -> dict[str, Any]:
    """The search that finds all that the rule means in an index."""
    writer = dsl.Writer(schema)
    if isinstance(meaning, Correlation):
        return correlations.body(meaning, writer, schema)
    query = dsl.refuse_too_many(writer.clause(meaning))
    return {"query": query, "_source": list(schema.columns), "sort": [{schema.time: "desc"}]}


def _conditions(meaning: Condition | Correlation) -> list[Condition]:
    return [member.condition for member in meaning.members] if isinstance(meaning, Correlation) else [meaning]


def _needed(meaning: Condition | Correlation, schema: Schema) -> tuple[dict[str, set[str]], dict[str, str], tuple[str, ...]]:
    """The leaves that an index must have, the fields that say what is there, and what is assumed of both."""
    conditions = _conditions(meaning)
    others = correlations.read(meaning, schema) if isinstance(meaning, Correlation) else []
    leaves: dict[str, set[str]] = {field: set() for field in others}
    presence: dict[str, str] = {}
    for one in conditions:
        for field, needed in schema.mapped(one).items():
            leaves.setdefault(field, set()).update(needed)
        presence |= schema.present(one)
    return leaves, presence, schema.assumed(conditions, others)
