"""The pySigma backend: Sigma rules as CloudWatch Logs Insights queries on CloudTrail records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from sigma.conversion.base import TextQueryBackend
from sigma.correlations import SigmaCorrelationRule
from sigma.processing.pipeline import ProcessingPipeline

from amazon_q_detections import condition, schedule
from amazon_q_detections.conversion import Conversion, has_schema, pipeline
from amazon_q_detections.correlation import Correlation
from amazon_q_detections.errors import Refused
from amazon_q_detections.form import BLOCK
from sigma.backends.cloudwatch_logs_insights import correlations, shapes, syntax
from sigma.backends.cloudwatch_logs_insights.query import LIMIT, Filters, piped

if TYPE_CHECKING:
    from sigma.rule import SigmaRule

    from amazon_q_detections.condition import Condition
    from amazon_q_detections.schedule import Schedule

DEFAULT_PIPELINE = "cloudwatch_cloudtrail"
_EVENT_TIME = "eventTime"
_EVENT = "q_event"


@dataclass(frozen=True)
class Parts:
    """A query: *heading* is comment lines, *commands* select the hits, *tail* shows them, *by* tells one from another.

    Comment lines may stand between the *commands* too. *naming* are the commands that give *by* its names, where only an alarm
    needs them. Of a correlation's commands those that are *counting* come last; *places* are where its keys are read before.
    """

    heading: tuple[str, ...]
    selecting: tuple[str, ...]
    counting: tuple[str, ...]
    tail: tuple[str, ...]
    naming: tuple[str, ...]
    by: tuple[str, ...]
    places: tuple[str, ...]
    assumptions: tuple[str, ...]

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands that select the hits."""
        return (*self.selecting, *self.counting)

    @property
    def text(self) -> str:
        """The whole query, each command on a line of its own."""
        return self._joined((*self.commands, *self.tail))

    @property
    def deciding(self) -> str:
        """The query without the commands that only show; an alarm's aggregation takes their place."""
        return self._joined((*self.commands, *self.naming))

    def _joined(self, commands: tuple[str, ...]) -> str:
        return piped((*self.heading, *commands))


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

    def __init__(self, processing_pipeline: ProcessingPipeline | None = None, collect_errors: bool = False) -> None:
        given = processing_pipeline or ProcessingPipeline()
        super().__init__(given if has_schema(given) else given + pipeline(DEFAULT_PIPELINE), collect_errors)

    def write(self, rule: SigmaRule | SigmaCorrelationRule, meaning: Condition | Correlation) -> str:
        """The query as text."""
        return self.parts(rule, meaning).text

    def parts(self, rule: SigmaRule | SigmaCorrelationRule, meaning: Condition | Correlation) -> Parts:
        """The query in parts; raises Refused for what Logs Insights cannot say."""
        sources = _sources(meaning)
        filters = Filters(shapes.extended(self.schema, meaning, sources), sources)
        if isinstance(meaning, Correlation):
            return self._correlation(rule, meaning, filters)
        commands = filters.lines(meaning)
        columns = ", ".join(self.schema["columns"])
        tail = (f"display {columns}", f"sort {_EVENT_TIME} desc", f"limit {LIMIT}")
        naming = () if filters.needs.record else (f"fields jsonParse(@message) as {syntax.RECORD}",)
        naming = (*naming, f"fields {syntax.below(syntax.RECORD, correlations.EVENT_ID)} as {_EVENT}")
        assumptions = tuple(sorted(filters.needs.assumptions))
        return Parts(_heading(rule), tuple(commands), (), tail, naming, (_EVENT,), (), assumptions)

    def _correlation(self, rule: SigmaRule | SigmaCorrelationRule, meaning: Correlation, filters: Filters) -> Parts:
        runs = _schedule(rule, meaning)
        written = correlations.write(meaning, filters, runs)
        span, delay = schedule.written(meaning.timespan), schedule.written(runs.delay)
        least = schedule.written(meaning.timespan + runs.delay)
        window = f"Judges the {span} of events up to {delay} before the end of the time range: choose {least} or more."
        heading = (*_heading(rule), syntax.comment(window))
        names = tuple(name for _, name in written.keys)
        tail = (
            "fields fromMillis(q_from) as q_since, fromMillis(q_to) as q_until",
            f"display {', '.join((*names, *written.columns, 'q_since', 'q_until'))}",
            "sort q_until desc",
            f"limit {LIMIT}",
        )
        assumptions = tuple(sorted(filters.needs.assumptions))
        places = tuple(place for place, _ in written.keys)
        return Parts(heading, written.selecting, written.counting, tail, (), names, places, assumptions)


def _sources(meaning: Condition | Correlation) -> frozenset[str] | None:
    """The event sources that all events of a meaning are of, None if they may be of any."""
    conditions = [member.condition for member in meaning.members] if isinstance(meaning, Correlation) else [meaning]
    pinned = [condition.pinned(one, "eventSource") for one in conditions]
    known = [one for one in pinned if one]
    return frozenset().union(*known) if len(known) == len(pinned) else None


def _schedule(rule: SigmaRule | SigmaCorrelationRule, meaning: Correlation) -> Schedule:
    try:
        return schedule.of(_block(rule).get("schedule") or {}, meaning.timespan)
    except ValueError as error:
        raise Refused(f"the schedule of the rule, since {error}", "write durations such as 5m, 1h or 2d.") from error


def _heading(rule: SigmaRule | SigmaCorrelationRule) -> tuple[str, ...]:
    version = _block(rule).get("version", 1)
    return syntax.comment(str(rule.title)), syntax.comment(f"Sigma rule{f' {rule.id}' if rule.id else ''}, version {version}")


def _block(rule: SigmaRule | SigmaCorrelationRule) -> dict[str, Any]:
    block = (rule.custom_attributes or {}).get(BLOCK)
    return block if isinstance(block, dict) else {}
