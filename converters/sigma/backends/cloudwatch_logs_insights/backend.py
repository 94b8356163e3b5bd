"""The pySigma backend: Sigma rules as CloudWatch Logs Insights queries on CloudTrail records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from sigma.conversion.base import TextQueryBackend
from sigma.correlations import SigmaCorrelationRule
from sigma.processing.pipeline import ProcessingPipeline

from amazon_q_detections import schedule
from amazon_q_detections.conversion import Conversion, pipeline
from amazon_q_detections.correlation import Correlation
from amazon_q_detections.form import BLOCK
from sigma.backends.cloudwatch_logs_insights import correlations, syntax
from sigma.backends.cloudwatch_logs_insights.query import LIMIT, Filters

if TYPE_CHECKING:
    from sigma.rule import SigmaRule

    from amazon_q_detections.condition import Condition
    from amazon_q_detections.schedule import Schedule

DEFAULT_PIPELINE = "cloudwatch_cloudtrail"
_EVENT_ID, _EVENT_TIME = "eventID", "eventTime"


@dataclass(frozen=True)
class Parts:
    """A query: comment lines, the commands that decide, those that only show, and what tells its hits apart (*by*)."""

    heading: tuple[str, ...]
    commands: tuple[str, ...]
    tail: tuple[str, ...]
    by: tuple[str, ...]
    assumptions: tuple[str, ...]

    @property
    def text(self) -> str:
        """The whole query, a command a line."""
        return self._joined((*self.commands, *self.tail))

    @property
    def deciding(self) -> str:
        """The query without the commands that only show; an alarm's aggregation takes their place."""
        return self._joined(self.commands)

    def _joined(self, commands: tuple[str, ...]) -> str:
        return "\n".join([*self.heading, "\n| ".join(commands)])


class CloudWatchLogsInsightsBackend(Conversion, TextQueryBackend):
    """CloudWatch Logs Insights QL for CloudTrail.

    Without a pipeline it applies ours for CloudTrail, so that `sigma convert -t cloudwatch_logs_insights` needs none.
    """

    name: ClassVar[str] = "CloudWatch Logs Insights QL"
    identifier: ClassVar[str] = "cloudwatch_logs_insights"
    formats: ClassVar[dict[str, str]] = {"default": "CloudWatch Logs Insights queries"}
    requires_pipeline: ClassVar[bool] = False
    correlation_methods: ClassVar[dict[str, str] | None] = {
        "window": "stats over the events of one window, as long as the timespan",
    }
    default_correlation_method: ClassVar[str] = "window"

    def __init__(
        self, processing_pipeline: ProcessingPipeline | None = None, collect_errors: bool = False, **options: Any
    ) -> None:
        given = processing_pipeline or ProcessingPipeline()
        super().__init__(given if given.items else pipeline(DEFAULT_PIPELINE), collect_errors, **options)

    def write(self, rule: SigmaRule | SigmaCorrelationRule, meaning: Condition | Correlation) -> str:
        """The query as text."""
        return self.parts(rule, meaning).text

    def parts(self, rule: SigmaRule | SigmaCorrelationRule, meaning: Condition | Correlation) -> Parts:
        """The query in parts; raises Refused for what Logs Insights cannot say."""
        filters = Filters(self.schema)
        if isinstance(meaning, Correlation):
            commands = correlations.lines(meaning, filters, _schedule(rule, meaning))
            by = tuple(f"q_g{number}" for number in range(1, len(meaning.group_by) + 1))
            tail = ["sort q_last_time desc", f"limit {LIMIT}"]
        else:
            commands, by = filters.lines(meaning), (_EVENT_ID,)
            columns = ", ".join(syntax.name(column) for column in self.schema["columns"])
            tail = [f"display {columns}", f"sort {_EVENT_TIME} desc", f"limit {LIMIT}"]
        return Parts(tuple(_heading(rule)), tuple(commands), tuple(tail), by, tuple(sorted(filters.needs.assumptions)))


def _schedule(rule: SigmaRule | SigmaCorrelationRule, meaning: Correlation) -> Schedule:
    return schedule.of(_block(rule).get("schedule") or {}, meaning.timespan)


def _heading(rule: SigmaRule | SigmaCorrelationRule) -> list[str]:
    version = _block(rule).get("version", 1)
    return [syntax.comment(str(rule.title)), syntax.comment(f"Sigma rule {rule.id}, version {version}")]


def _block(rule: SigmaRule | SigmaCorrelationRule) -> dict[str, Any]:
    block = (rule.custom_attributes or {}).get(BLOCK)
    return block if isinstance(block, dict) else {}
