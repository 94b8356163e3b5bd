"""The common way from a pySigma collection to a query: apply the schema's pipeline, read the meaning, write it.

A backend of ours is a pySigma backend that mixes this in and says how a meaning is written. pySigma's own conversion of
single values is never reached, since it guesses where the contract refuses (docs/semantics.md).
"""

from __future__ import annotations

from abc import abstractmethod
from functools import cache
from typing import TYPE_CHECKING, Any

from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError, SigmaFeatureNotSupportedByBackendError
from sigma.processing.pipeline import ProcessingPipeline
from sigma.processing.transformations import SetStateTransformation

from amazon_q_detections import content, correlation, sigma_condition
from amazon_q_detections.errors import ContentError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sigma.collection import SigmaCollection
    from sigma.rule import SigmaRule

    from amazon_q_detections.condition import Condition
    from amazon_q_detections.correlation import Correlation

_SCHEMA = "schema"


@cache
def pipeline(stem: str) -> ProcessingPipeline:
    """The pipeline of `pipelines/<stem>.yml`, read once a process."""
    return read(content.folder("pipelines") / f"{stem}.yml")


def read(path: Path) -> ProcessingPipeline:
    """The pipeline of a file; raises ContentError for one that pySigma cannot use."""
    try:
        (document,) = content.read_yaml(path)
        return ProcessingPipeline.from_dict(document)
    except (SigmaError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise ContentError(path, f"pySigma refuses the pipeline: {error}.") from error


def schema_of(stem: str) -> dict[str, Any]:
    """What the pipeline of that stem says of its log schema."""
    return schema_in(pipeline(stem))


def schema_in(given: ProcessingPipeline) -> dict[str, Any]:
    """What a pipeline says of its log schema, in its `set_state` item `schema`; nothing, if it has none."""
    return next(_schemas(given), {})


def has_schema(given: ProcessingPipeline) -> bool:
    """Whether a pipeline says anything of a log schema; one that a user makes need not."""
    return any(True for _ in _schemas(given))


def _schemas(given: ProcessingPipeline) -> Iterator[dict[str, Any]]:
    for item in given.items:
        if isinstance(item.transformation, SetStateTransformation) and item.transformation.key == _SCHEMA:
            yield item.transformation.val


class Conversion:
    """Mixed into a pySigma backend, before it; the backend says how to write a meaning."""

    processing_pipeline: ProcessingPipeline | None
    last_processing_pipeline: ProcessingPipeline
    collect_errors: bool
    errors: list[Any]

    @abstractmethod
    def write(self, rule: SigmaRule | SigmaCorrelationRule, meaning: Condition | Correlation) -> str:
        """The query; raises Refused for what the target cannot say."""

    @property
    def schema(self) -> dict[str, Any]:
        """What the pipeline says of the log schema, in its `set_state` item `schema`."""
        found: dict[str, Any] = self.last_processing_pipeline.state.get(_SCHEMA, {})
        return found

    def meaning_of(self, collection: SigmaCollection) -> tuple[SigmaRule | SigmaCorrelationRule, Condition | Correlation]:
        """The last rule of a fresh collection and its meaning, in the field names of the schema."""
        self.init_processing_pipeline()  # type: ignore[attr-defined]  # pySigma's backend has it
        for rule in collection.rules:
            self.last_processing_pipeline.apply(rule)
        main = collection.rules[-1]
        return main, _meaning(main)

    def convert_rule(
        self, rule: SigmaRule, output_format: str | None = None, callback: Callable[..., Any] | None = None
    ) -> list[Any]:
        """See pySigma's Backend; a refusal is a SigmaFeatureNotSupportedByBackendError."""
        self.last_processing_pipeline.apply(rule)
        return self._written(rule, output_format, callback) if rule._output else []

    def convert_correlation_rule(
        self,
        rule: SigmaCorrelationRule,
        output_format: str | None = None,
        method: str | None = None,  # noqa: ARG002  # pySigma's signature
        callback: Callable[..., Any] | None = None,
    ) -> list[Any]:
        """See pySigma's Backend; its base rules have been converted, and so renamed, before."""
        self.last_processing_pipeline.apply(rule)
        return self._written(rule, output_format, callback)

    def _written(
        self,
        rule: SigmaRule | SigmaCorrelationRule,
        output_format: str | None,
        callback: Callable[..., Any] | None,
    ) -> list[Any]:
        try:
            result: Any = self.write(rule, _meaning(rule))
        except Refused as refused:
            error = SigmaFeatureNotSupportedByBackendError(str(refused), source=rule.source)
            if not self.collect_errors:
                raise error from refused
            self.errors.append((rule, error))
            return []
        if callback is not None:
            result = callback(rule, output_format, 0, None, result)
        results = [] if result is None else [result]
        rule.set_conversion_result(results)
        return results


def _meaning(rule: SigmaRule | SigmaCorrelationRule) -> Condition | Correlation:
    return correlation.of_rule(rule) if isinstance(rule, SigmaCorrelationRule) else sigma_condition.of_rule(rule)
