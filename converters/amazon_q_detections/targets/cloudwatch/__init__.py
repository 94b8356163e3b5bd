"""CloudWatch: Logs Insights queries, query definitions, and a CloudFormation template with an alarm a rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from amazon_q_detections import json_output, schedule
from amazon_q_detections.conversion import pipeline
from amazon_q_detections.errors import Refused
from amazon_q_detections.target import Query, Target
from amazon_q_detections.targets.cloudwatch import query_definition, readme, template
from sigma.backends.cloudwatch_logs_insights import CloudWatchLogsInsightsBackend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amazon_q_detections.rule import Rule
    from sigma.backends.cloudwatch_logs_insights.backend import Parts

# CloudWatch Logs API Reference, "PutQueryDefinition" and "StartQuery": queryString.
_LONGEST_QUERY = 10_000


@dataclass(frozen=True)
class InsightsQuery(Query):
    """A rule as a Logs Insights query, with what its alarm is made from."""

    parts: Parts

    @property
    def deciding(self) -> str:
        """The query up to where an alarm aggregates."""
        return self.parts.deciding

    @property
    def by(self) -> tuple[str, ...]:
        """The fields by which an alarm aggregates."""
        return self.parts.by


class CloudWatch(Target[InsightsQuery]):
    """CloudWatch Logs Insights on the log group of a trail."""

    name: ClassVar[str] = "cloudwatch"

    def compile(self, rule: Rule, schema: str) -> InsightsQuery:
        """See Target; a query longer than CloudWatch takes is refused."""
        backend = CloudWatchLogsInsightsBackend(pipeline(f"{self.name}_{schema}"))
        parts = backend.parts(*backend.meaning_of(rule.collection()))
        if len(parts.text) > _LONGEST_QUERY:
            raise Refused(
                f"a query of {len(parts.text)} characters",
                f"CloudWatch takes {_LONGEST_QUERY}.",
                stem=rule.stem,
                target=self.name,
            )
        no_alarm = template.no_alarm(rule, parts.by)
        text = parts.text
        return InsightsQuery(
            rule=rule,
            schema=schema,
            formats={
                "insights": lambda: text,
                "query_definition": lambda: json_output.indented(query_definition.of(rule, text)),
            },
            missing={template.ALARM: no_alarm} if no_alarm else {},
            promise=_promise(rule),
            assumptions=parts.assumptions,
            parts=parts,
        )

    def bundle(self, queries: Sequence[InsightsQuery], *, name: str, schema: str) -> dict[str, bytes]:  # noqa: ARG002
        """See Target: queries as text, all definitions for the CLI, templates and how to import them."""
        tree = {f"queries/{query.rule.stem}.cwli": f"{query.text('insights')}\n" for query in queries}
        definitions = [query_definition.of(query.rule, query.text("insights")) for query in queries]
        tree["query-definitions.json"] = json_output.indented(definitions) + "\n"
        tree.update(template.files(queries, name))
        tree["README.md"] = readme.text(name)
        return {path: text.encode() for path, text in sorted(tree.items())}


def _promise(rule: Rule) -> str:
    if not rule.is_correlation:
        return "each event once, by delivery time"
    return f"spans up to timespan - step, {schedule.written(max(0, rule.timespan - rule.schedule.step))}"
