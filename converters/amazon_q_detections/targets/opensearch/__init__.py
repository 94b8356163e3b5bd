"""OpenSearch: query DSL, Lucene text, monitors, and the index templates they need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from amazon_q_detections import json_text
from amazon_q_detections.conversion import pipeline, schema_of
from amazon_q_detections.correlation import Correlation
from amazon_q_detections.errors import Refused
from amazon_q_detections.target import Query, Target
from amazon_q_detections.targets.opensearch import correlations, dsl, fields, mapping, monitor, readme
from amazon_q_detections.targets.opensearch.backend import FaithfulOpenSearchBackend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amazon_q_detections.condition import Condition
    from amazon_q_detections.rule import Rule


@dataclass(frozen=True)
class OpenSearchQuery(Query):
    """A rule as a search, with the fields that the index template must have for it."""

    leaves: dict[str, set[str]]
    containers: set[str]


class OpenSearch(Target[OpenSearchQuery]):
    """OpenSearch with an index made from our template."""

    name: ClassVar[str] = "opensearch"

    @cached_property
    def _backends(self) -> dict[str, FaithfulOpenSearchBackend]:
        return {}

    def compile(self, rule: Rule, schema: str) -> OpenSearchQuery:
        """See Target."""
        backend = self._backends.setdefault(schema, FaithfulOpenSearchBackend(pipeline(f"{self.name}_{schema}")))
        sigma_rule, meaning = backend.meaning_of(rule.collection())
        time, columns = backend.schema["time"], backend.schema["columns"]
        writer = dsl.Writer(backend.scalars)
        if isinstance(meaning, Correlation):
            body = correlations.body(meaning, writer, time)
        else:
            body = {"query": writer.clause(meaning), "_source": columns, "sort": [{time: "desc"}]}
        texts = {"dsl": json_text.indented(body), "monitor": json_text.indented(monitor.of(rule, body, time, columns))}
        missing: dict[str, str] = {}
        try:
            texts["lucene"] = backend.write(sigma_rule, meaning)
        except Refused as refused:
            missing["lucene"] = f"{refused.construct}: {refused.reason}"
        leaves, containers = _needed(meaning, backend.scalars)
        return OpenSearchQuery(
            rule=rule,
            schema=schema,
            texts=texts,
            missing=missing,
            promise="complete" if rule.is_correlation else "each event that arrives within the delay once",
            assumptions=(),
            leaves=leaves,
            containers=containers,
        )

    def bundle(self, queries: Sequence[OpenSearchQuery], *, name: str, schema: str) -> dict[str, bytes]:
        """See Target: templates, monitors and queries."""
        tree = {"README.md": readme.text(name)}
        for query in queries:
            stem = query.rule.stem
            tree[f"monitors/{stem}.json"] = query.texts["monitor"] + "\n"
            tree[f"queries/{stem}.dsl.json"] = query.texts["dsl"] + "\n"
            if "lucene" in query.texts:
                tree[f"queries/{stem}.lucene"] = query.texts["lucene"] + "\n"
        schema_facts = schema_of(f"{self.name}_{schema}")
        tree["index-template.json"] = json_text.indented(template(queries, schema_facts, "nested")) + "\n"
        tree["index-template-flat.json"] = json_text.indented(template(queries, schema_facts, "flat")) + "\n"
        return {path: text.encode() for path, text in sorted(tree.items())}


def template(queries: Sequence[OpenSearchQuery], schema: dict[str, Any], shape: mapping.Shape) -> dict[str, Any]:
    """The index template for these queries: the fields they read, and the columns of results.

    Raises Refused with the stem of a rule that reads as a value what another reads as an object, or the other way.
    """
    leaves: dict[str, set[str]] = {column: set() for column in schema["columns"] if column != schema["time"]}
    containers: set[str] = set()
    objects = {parent for leaf in leaves for parent in mapping.above(leaf)}
    for query in queries:
        for field, needed in query.leaves.items():
            other = mapping.clash(field, leaves, objects)
            if other:
                message = f"{other} is read too, and an index has either a value or an object there."
                raise Refused(f"the field {field}", message, stem=query.rule.stem)
            objects.update(mapping.above(field))
            leaves.setdefault(field, set()).update(needed)
        containers |= query.containers
    return mapping.template(leaves, containers, time=schema["time"], shape=shape)


def _needed(meaning: Condition | Correlation, scalars: frozenset[str]) -> tuple[dict[str, set[str]], set[str]]:
    conditions = [member.condition for member in meaning.members] if isinstance(meaning, Correlation) else [meaning]
    leaves: dict[str, set[str]] = {}
    asked: set[str] = set()
    for one in conditions:
        for field, needed in fields.mapped(one, scalars).items():
            leaves.setdefault(field, set()).update(needed)
        asked |= fields.present(one, scalars)
    if isinstance(meaning, Correlation):
        for field in (*correlations.keys(meaning), *([meaning.field] if meaning.field else [])):
            leaves.setdefault(fields.checked(field), set())
    return leaves, asked
