"""Correlations in windows that slide inside the query, exact on ties and on both ends.

Only `sort 0`, `streamstats`, `mvexpand` and `stats` are used (Search Reference). `transaction` and `join` drop events above
their limits, and the `time_window` of streamstats is documented in two ways. CloudTrail's times are whole seconds, so ties are
common.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from amazon_q_detections.condition import And, Or, factored
from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.splunk import literal, pattern
from amazon_q_detections.targets.splunk.query import exact, select

if TYPE_CHECKING:
    from amazon_q_detections.correlation import Correlation
    from amazon_q_detections.targets.splunk.leaves import Leaves

# Search Reference, "streamstats": the most events that `window` takes.
_WIDEST_WINDOW = 10_000
# More would not sort as text in their order.
_MOST_STAGES = 99
_ISO = "%Y-%m-%dT%H:%M:%S%z"


@dataclass(frozen=True)
class Written:
    """Commands that select the events, that keep those which complete a window, and that show one row a group.

    *groups* are the plain names that the group-by keys have inside the query, with their fields.
    """

    selection: tuple[str, ...]
    sliding: tuple[str, ...]
    show: tuple[str, ...]
    groups: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Window:
    """What the four kinds need: the correlation, its keys, and a test for each of its rules."""

    correlation: Correlation
    groups: tuple[tuple[str, str], ...]
    tests: tuple[str, ...]
    leaves: Leaves

    @property
    def span(self) -> int:
        return self.correlation.timespan

    def by(self, *more: str) -> str:
        """The ` by …` of a command; nothing without keys."""
        names = [*(name for name, _ in self.groups), *more]
        return f" by {' '.join(names)}" if names else ""

    def all_before(self) -> str:
        """The option of streamstats that makes it read every row before."""
        self.leaves.assumptions.add("streamstats_window_0")
        return "window=0"


def write(correlation: Correlation, leaves: Leaves) -> Written:
    """The commands of a correlation; raises Refused for what has no exact form."""
    kinds = {
        "event_count": (_event_count, "count as events", _EVENTS),
        "value_count": (_value_count, "max(q_count) as distinctValues", "distinctValues"),
        "temporal": (_temporal, "count as completions", "completions"),
        "temporal_ordered": (_temporal_ordered, "count as completions", "completions"),
    }
    if correlation.kind not in kinds or correlation.expression is not None:
        raise Refused(f"this correlation of type {correlation.kind}", "this release does not write it for Splunk.")
    writer, measure, column = kinds[correlation.kind]
    groups = _groups(correlation)
    common, rests = factored(tuple(member.condition for member in correlation.members))
    selection = select(And((*common, Or(rests))) if len(rests) > 1 else rests[0], leaves)
    window = _Window(correlation, groups, tuple(exact(rest, leaves) for rest in rests), leaves)
    sliding = (*_keyed(groups, leaves), *writer(window))
    times = f'firstTime=strftime(firstTime, "{_ISO}"), lastTime=strftime(lastTime, "{_ISO}")'
    whole = f", events=events+{correlation.threshold - 1}" if column == _EVENTS else ""
    show = [
        f"stats min(q_from) as firstTime max(_time) as lastTime {measure}{window.by()}",
        f"eval {times}{whole}",
        *(f"rename {' '.join(f'{name} as {literal.name(field)}' for name, field in groups)}" for _ in groups[:1]),
        " ".join(["table", *(literal.name(field) for _, field in groups), column, "firstTime", "lastTime"]),
    ]
    return Written(selection.commands, sliding, tuple(show), groups)


# Of a burst every event from the Nth on completes a window, so with N-1 more it is the whole burst; of two bursts at least one.
_EVENTS = "events"


def _groups(correlation: Correlation) -> tuple[tuple[str, str], ...]:
    groups = []
    for number, key in enumerate(correlation.group_by, 1):
        if key.field is None:
            raise Refused(f"the alias {key.name} for different fields", "this release does not write it for Splunk.")
        if "{}" in key.field:
            raise Refused(f"a group-by key over the array {key.field}", "this release does not write it for Splunk.")
        groups.append((f"q_g{number}", key.field))
    return tuple(groups)


def _keyed(groups: tuple[tuple[str, str], ...], leaves: Leaves) -> list[str]:
    """Plain names for the keys, and only events that have them; a JSON null shows as text and is no key."""
    if not groups:
        return []
    leaves.assumptions.add("by_case")
    named = ", ".join(f"{name}={literal.operand(field)}" for name, field in groups)
    present = " AND ".join(f"isnotnull({name}) AND {leaves.exists(field)}" for name, field in groups)
    return [f"eval {named}", f"where {present}"]


def _event_count(window: _Window) -> list[str]:
    """The Nth event back is inside the timespan."""
    least = window.correlation.threshold
    if least > _WIDEST_WINDOW:
        raise Refused(f"a count of {least} events", f"streamstats looks back {_WIDEST_WINDOW} at the most.")
    return [
        "sort 0 _time",
        f"streamstats window={least} current=t global=f min(_time) as q_from count as q_count{window.by()}",
        f"where q_count={least} AND _time-q_from<={window.span}",
    ]


def _value_count(window: _Window) -> list[str]:
    """Each value is inside the window from each of its events to a timespan later; the unions of these spans are counted.

    A span opens where the value's event before is too far back or missing, and closes where the next is too far ahead.
    """
    span, each = window.span, window.by("q_value")
    window.leaves.assumptions.add("by_case")
    return [
        *_values(window.correlation.field or "", window.leaves),
        "sort 0 _time",
        f"streamstats current=f window=1 global=f last(_time) as q_before{each}",
        "sort 0 -_time",
        f"streamstats current=f window=1 global=f last(_time) as q_after{each}",
        f'eval q_step=mvappend(if(isnull(q_before), "1", if(_time-q_before>{span}, "1", null())), '
        f'if(isnull(q_after), "-1", if(q_after-_time>{span}, "-1", null())))',
        "mvexpand q_step",
        f"eval q_step=tonumber(q_step), q_at=if(q_step=1, _time, _time+{span}), q_from=_time-{span}",
        "sort 0 q_at, -q_step",
        f"streamstats {window.all_before()} sum(q_step) as q_count{window.by()}",
        f"where q_step=1 AND q_count>={window.correlation.threshold}",
    ]


def _values(field: str, leaves: Leaves) -> list[str]:
    """A row for each value of *field*; null is none.

    Through an array they are read from the record itself: a call can name more than automatic extraction reads.
    """
    array, _, rest = field.partition("{}")
    if array == field:
        return [f"eval q_value={literal.operand(field)}", f"where isnotnull(q_value) AND {leaves.exists(field)}"]
    elements = f"json_extract(_raw, {literal.path(array)})"
    if not rest:
        # With true() a text keeps its quotes, so that the text null is not the JSON null.
        return [
            f"eval q_value=json_array_to_mv({elements}, true())",
            "mvexpand q_value",
            f'where isnotnull(q_value) AND q_value!="{pattern.NULL_TEXT}"',
        ]
    if "{}" in rest:
        raise Refused(f"a count of {field}", "this release does not count through an array in an array for Splunk.")
    leaves.assumptions.update(("json_array_objects", "json_extract_missing"))
    return [
        f"eval q_value=json_array_to_mv({elements})",
        "mvexpand q_value",
        f"eval q_value=json_extract(q_value, {literal.path(rest.removeprefix('.'))})",
        "where isnotnull(q_value)",
    ]


def _temporal(window: _Window) -> list[str]:
    """The latest event of each rule is inside the timespan; of several at one time, the last sees them all."""
    numbers = range(1, len(window.tests) + 1)
    marks = ", ".join(f"q_t{number}=if({test}, _time, null())" for number, test in enumerate(window.tests, 1))
    latest = " ".join(f"max(q_t{number}) as q_m{number}" for number in numbers)
    inside = " AND ".join(f"_time-q_m{number}<={window.span}" for number in numbers)
    present = " AND ".join(f"isnotnull(q_m{number})" for number in numbers)
    oldest = ", ".join(f"q_m{number}" for number in numbers)
    return [
        f"eval {marks}",
        "sort 0 _time",
        f"streamstats {window.all_before()} {latest}{window.by()}",
        f"where {present}",
        f"where {inside}",
        f"eval q_from=min({oldest})",
    ]


def _temporal_ordered(window: _Window) -> list[str]:
    """For each rule the latest start of a chain in order; a row a rule, rules of one time in their order."""
    if len(window.tests) > _MOST_STAGES:
        raise Refused(f"an order of {len(window.tests)} rules", f"this release writes up to {_MOST_STAGES} for Splunk.")
    stages = [f"{number:02}" for number in range(1, len(window.tests) + 1)]
    marks = ", ".join(f'if({test}, "{stage}", null())' for stage, test in zip(stages, window.tests, strict=True))
    commands = [
        f"eval q_stage=mvappend({marks})",
        "mvexpand q_stage",
        "sort 0 _time, q_stage",
        'eval q_s01=if(q_stage="01", _time, null())',
    ]
    for before, stage in pairwise(stages):
        commands.append(f"streamstats {window.all_before()} max(q_s{before}) as q_m{before}{window.by()}")
        commands.append(f'eval q_s{stage}=if(q_stage="{stage}", q_m{before}, null())')
    last = stages[-1]
    commands.append(f'where q_stage="{last}" AND isnotnull(q_s{last})')
    commands.append(f"where _time-q_s{last}<={window.span}")
    commands.append(f"eval q_from=q_s{last}")
    return commands
