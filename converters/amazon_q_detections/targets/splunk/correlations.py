"""Correlations in windows that slide inside the query, exact on ties and on both ends.

Only `fields`, `sort 0`, `streamstats`, `mvexpand` and `stats` are used (Search Reference). `transaction` and `join` drop events
above their limits, and the `time_window` of streamstats is documented in two ways. CloudTrail's times are whole seconds, so
ties are common. Rows hold no more than is needed from there on: mvexpand cuts off what is beyond its memory (limits.conf,
[mvexpand] max_mem_usage_mb).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from sigma.correlations import CorrelationConditionAND, CorrelationConditionOR, SigmaRuleReference

from amazon_q_detections import window
from amazon_q_detections.condition import any_of, factored
from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.splunk import literal, pattern, values
from amazon_q_detections.targets.splunk.grouping import Keys
from amazon_q_detections.targets.splunk.query import exact, select
from amazon_q_detections.targets.splunk.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from amazon_q_detections.condition import Condition
    from amazon_q_detections.correlation import Correlation
    from amazon_q_detections.targets.splunk.leaves import Leaves

# Search Reference, "streamstats": the most events that `window` takes.
_WIDEST_WINDOW = 10_000
# More would not sort as text in their order.
_MOST_STAGES = 99
_ISO = "%Y-%m-%dT%H:%M:%S%z"


@dataclass(frozen=True)
class Written:
    """Commands that select events, that group them, that keep those which complete a window, and that show a row a group.

    *groups* are the plain names that the group-by keys have inside the query, with the names they are shown by.
    """

    selection: tuple[str, ...]
    grouping: tuple[str, ...]
    sliding: tuple[str, ...]
    show: tuple[str, ...]
    groups: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Window:
    """What the kinds need: the correlation, its keys, and the conditions of its rules without what they share."""

    correlation: Correlation
    keys: Keys
    rests: tuple[Condition, ...]
    leaves: Leaves

    @property
    def span(self) -> int:
        return self.correlation.timespan

    def marks(self) -> list[Value]:
        """For each rule the time of an event that is of it."""
        tests = (exact(rest, self.leaves) for rest in self.rests)
        return [Value(f"q_t{number}", f"if({test}, _time, null())") for number, test in enumerate(tests, 1)]

    def by(self, *more: str) -> str:
        """The ` by …` of a command; nothing without keys."""
        names = [*(name for name, _ in self.keys.shown), *more]
        return f" by {' '.join(names)}" if names else ""

    def all_before(self) -> str:
        """The option of streamstats that makes it read every row before."""
        self.leaves.assumptions.add("streamstats_window_0")
        return "window=0"


@dataclass(frozen=True)
class _Kind:
    """How a kind of correlation is written: the values it needs of each event, its commands, and what is shown of a group."""

    values: Callable[[_Window], list[Value]]
    counted: Callable[[_Window], list[str]]
    sliding: Callable[[_Window], list[str]]
    measure: str
    column: str


def write(correlation: Correlation, leaves: Leaves) -> Written:
    """The commands of a correlation; raises Refused for what has no exact form."""
    window.maker(correlation)()  # refuses what a silent window would satisfy, and what has no meaning here
    kind = _KINDS[correlation.kind if correlation.expression is None else "extended"]
    common, rests = factored(tuple(member.condition for member in correlation.members))
    selection = select(any_of(common, rests), leaves)
    keys = Keys.of(correlation, leaves, rests, taken=_COLUMNS)
    told = _Window(correlation, keys, rests, leaves)
    grouping = [*keys.commands(kind.values(told)), *kind.counted(told)]
    times = f'firstTime=strftime(firstTime, "{_ISO}"), lastTime=strftime(lastTime, "{_ISO}")'
    whole = f", events=events+{correlation.threshold - 1}" if kind.column == _EVENTS else ""
    shown = keys.shown
    show = [
        f"stats min(q_from) as firstTime max(_time) as lastTime {kind.measure}{told.by()}",
        *(() if shown else ("where isnotnull(lastTime)",)),  # without keys stats gives a row also of nothing
        f"eval {times}{whole}",
        *(f"rename {' '.join(f'{name} as {literal.name(field)}' for name, field in shown)}" for _ in shown[:1]),
        " ".join(["table", *(literal.name(field) for _, field in shown), kind.column, "firstTime", "lastTime"]),
    ]
    return Written(selection.commands, tuple(grouping), tuple(kind.sliding(told)), tuple(show), shown)


# Of a burst every event from the Nth on completes a window, so with N-1 more it is the whole burst; of two bursts at least one.
_EVENTS = "events"
# The columns of a result beside the keys.
_COLUMNS = {_EVENTS, "distinctValues", "total", "completions", "firstTime", "lastTime", "rule_id", "rule_version", "rule_level"}


def _event_count(told: _Window) -> list[str]:
    """The Nth event back is inside the timespan."""
    least = told.correlation.threshold
    if least > _WIDEST_WINDOW:
        raise Refused(f"a count of {least} events", f"streamstats looks back {_WIDEST_WINDOW} at the most.")
    return [
        "sort 0 _time",
        f"streamstats window={least} current=t global=f min(_time) as q_from count as q_count{told.by()}",
        f"where q_count={least} AND _time-q_from<={told.span}",
    ]


def _value_count(told: _Window) -> list[str]:
    """Each value is inside the window from each of its events to a timespan later; the unions of these spans are counted.

    A span opens where the value's event before is too far back or missing, and closes where the next is too far ahead; events
    between only tell how long a burst lasts.
    """
    span, each = told.span, told.by("q_value")
    told.leaves.assumptions.add("by_case")
    return [
        "sort 0 _time",
        f"streamstats current=f window=1 global=f last(_time) as q_before{each}",
        "sort 0 -_time",
        f"streamstats current=f window=1 global=f last(_time) as q_after{each}",
        f'eval q_step=mvappend(if(isnull(q_before), "1", if(_time-q_before>{span}, "1", "0")), '
        f'if(isnull(q_after), "-1", if(q_after-_time>{span}, "-1", null())))',
        "mvexpand q_step",
        f"eval q_step=tonumber(q_step), q_at=if(q_step>=0, _time, _time+{span}), q_from=_time-{span}",
        "sort 0 q_at, -q_step",
        f"streamstats {told.all_before()} sum(q_step) as q_count{told.by()}",
        f"where q_step>=0 AND q_count>={told.correlation.threshold}",
    ]


def _counted(told: _Window) -> list[Value]:
    return [values.of(told.leaves, told.correlation.field or "", "q_value")]


def _with_values(told: _Window) -> list[str]:
    """An event without a value takes no part."""
    return values.expanded(told.correlation.field or "", "q_value")


def _nothing(_: _Window) -> list[str]:
    return []


_WHOLE = r"\A(?:0|[1-9][0-9]{0,14})\z"
# A sum of doubles is exact below this.
_MOST_SUM = 2**53


def _summed(told: _Window) -> list[Value]:
    """The amount of an event: a whole number, as which alone a sum of doubles is exact."""
    field = told.correlation.field or ""
    if "{}" in field:
        raise Refused(f"a sum over the array {field}", "SPL has no documented form for the sum of its elements.")
    told.leaves.assumptions.update(("whole_amounts", "plain_numbers"))
    own = literal.operand(field)
    return [Value("q_value", f"tonumber(if(match({own}, {pattern.quoted(_WHOLE)}), {own}, null()))")]


def _value_sum(told: _Window) -> list[str]:
    """Each amount is inside the window from its event to a timespan later."""
    sign, least = (">" if told.correlation.op == "gt" else ">="), told.correlation.count
    if least >= _MOST_SUM:
        raise Refused(f"a sum of {least}", f"SPL adds whole numbers exactly up to {_MOST_SUM - 1}.")
    return [
        'eval q_step=mvappend("1", "-1")',
        "mvexpand q_step",
        f"eval q_step=tonumber(q_step), q_at=if(q_step=1, _time, _time+{told.span}), q_from=_time-{told.span}, "
        "q_value=q_value*q_step",
        "sort 0 q_at, -q_step",
        f"streamstats {told.all_before()} sum(q_value) as q_total{told.by()}",
        f"where q_step=1 AND q_total{sign}{least}",
    ]


def _latest(told: _Window) -> list[str]:
    """The latest event of each rule up to each event; of several at one time, the last sees them all."""
    numbers = range(1, len(told.rests) + 1)
    latest = " ".join(f"max(q_t{number}) as q_m{number}" for number in numbers)
    return ["sort 0 _time", f"streamstats {told.all_before()} {latest}{told.by()}"]


def _temporal(told: _Window) -> list[str]:
    """The latest event of each rule is inside the timespan."""
    numbers = range(1, len(told.rests) + 1)
    return [
        *_latest(told),
        f"where {' AND '.join(f'isnotnull(q_m{number})' for number in numbers)}",
        f"where {' AND '.join(f'_time-q_m{number}<={told.span}' for number in numbers)}",
        f"eval q_from=min({', '.join(f'q_m{number}' for number in numbers)})",
    ]


def _extended(told: _Window) -> list[str]:
    """The rules whose latest event is inside the timespan satisfy the condition."""
    assert told.correlation.expression is not None
    numbers = {member.name: number for number, member in enumerate(told.correlation.members, 1)}
    inside = {number: f"if(_time-q_m{number}<={told.span}, q_m{number}, null())" for number in numbers.values()}
    return [
        *_latest(told),
        f"eval {', '.join(f'q_m{number}={test}' for number, test in inside.items())}",
        f"where {_combined(told.correlation.expression.parsed, numbers)}",
        f"eval q_from=min({', '.join(f'q_m{number}' for number in numbers.values())})",
    ]


def _combined(node: object, numbers: Mapping[str, int]) -> str:
    match node:
        case SigmaRuleReference():
            return f"isnotnull(q_m{numbers[node.reference]})"
        case CorrelationConditionAND():
            return f"({' AND '.join(_combined(arg, numbers) for arg in node.args)})"
        case CorrelationConditionOR():
            return f"({' OR '.join(_combined(arg, numbers) for arg in node.args)})"
    raise Refused(
        "'not' in a correlation's condition", "a shorter span, without the event, may satisfy it; SPL does not look there."
    )


def _temporal_ordered(told: _Window) -> list[str]:
    """For each rule the latest start of a chain in order; a row a rule, rules of one time in their order."""
    if len(told.rests) > _MOST_STAGES:
        raise Refused(f"an order of {len(told.rests)} rules", f"this release writes up to {_MOST_STAGES} for Splunk.")
    stages = [f"s{number:02}" for number in range(1, len(told.rests) + 1)]  # no numbers, which would compare as such
    marks = ", ".join(f'if(isnotnull(q_t{number}), "{stage}", null())' for number, stage in enumerate(stages, 1))
    starts = [*(f"q_{stage}" for stage in stages[:-1]), "q_from"]
    commands = [
        f"eval q_stage=mvappend({marks})",
        "mvexpand q_stage",
        "where isnotnull(q_stage)",
        "sort 0 _time, q_stage",
        f'eval {starts[0]}=if(q_stage="{stages[0]}", _time, null())',
    ]
    for before, (stage, start) in pairwise(zip(stages, starts, strict=True)):
        latest = f"q_m{before[0][1:]}"
        commands.append(f"streamstats {told.all_before()} max({before[1]}) as {latest}{told.by()}")
        commands.append(f'eval {start}=if(q_stage="{stage}", {latest}, null())')
    return [
        *commands,
        f"streamstats {told.all_before()} max(q_from) as q_start{told.by()}",
        f"where if(_time-q_start<={told.span}, 1, 0)=1",
        "eval q_from=q_start",
    ]


_KINDS = {
    "event_count": _Kind(lambda _: [], _nothing, _event_count, "count as events", _EVENTS),
    "value_count": _Kind(_counted, _with_values, _value_count, "max(q_count) as distinctValues", "distinctValues"),
    "value_sum": _Kind(_summed, _with_values, _value_sum, "max(q_total) as total", "total"),
    "temporal": _Kind(_Window.marks, _nothing, _temporal, "count as completions", "completions"),
    "temporal_ordered": _Kind(_Window.marks, _nothing, _temporal_ordered, "count as completions", "completions"),
    "extended": _Kind(_Window.marks, _nothing, _extended, "count as completions", "completions"),
}
