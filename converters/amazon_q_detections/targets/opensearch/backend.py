"""The pySigma backend: stock OpenSearch's, with conversions that keep the meaning of a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sigma.backends.opensearch.opensearch import OpensearchLuceneBackend

from amazon_q_detections.conversion import Conversion
from amazon_q_detections.correlation import Correlation
from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.opensearch import lucene
from amazon_q_detections.targets.opensearch.fields import Schema

if TYPE_CHECKING:
    from sigma.correlations import SigmaCorrelationRule
    from sigma.rule import SigmaRule

    from amazon_q_detections.condition import Condition


class FaithfulOpenSearchBackend(Conversion, OpensearchLuceneBackend):
    """pysigma-backend-opensearch with our conversion into Lucene text for an index made from our template."""

    name: ClassVar[str] = "OpenSearch Lucene that keeps a rule's meaning"
    formats: ClassVar[dict[str, str]] = {"default": "Lucene queries"}
    correlation_methods: ClassVar[dict[str, str] | None] = {"none": "Lucene text has no correlations"}
    default_correlation_method: ClassVar[str] = "none"

    @property
    def fields(self) -> Schema:
        """What the pipeline says of the fields of the index."""
        return Schema.of(self.schema)

    def write(self, rule: SigmaRule | SigmaCorrelationRule, meaning: Condition | Correlation) -> str:  # noqa: ARG002
        """The query as Lucene text; raises Refused for correlations and field references."""
        if isinstance(meaning, Correlation):
            raise Refused("a correlation", "Lucene text cannot count; the monitor and the DSL can.")
        return lucene.Writer(self.fields).text(meaning)
