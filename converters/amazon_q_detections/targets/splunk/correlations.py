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

from amazon_q_detections.condition import any_of, factored
from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.splunk import literal, pattern
from amazon_q_detections.targets.splunk.query import exact, select

if TYPE_CHECKING:
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
    """Commands that select the events, that keep those which complete a window, and that show one row a group.

    *groups* are the plain names that the group-by keys have inside the query, with their fields.
    """

    selection: tuple[str, ...]
    sliding: tuple[str, ...]
    show: tuple[str, ...]
    groups: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Window:
    """What the four kinds need: the correlation, its keys, and the conditions of its rules without what they share."""

    correlation: Correlation
    groups: tuple[tuple[str, str], ...]
    rests: tuple[Condition, ...]
    leaves: Leaves

    @property
    def span(self) -> int:
        return self.correlation.timespan

    def tests(self) -> list[str]:
        """Whether an event is of each of the rules."""
        return [exact(rest, self.leaves) for rest in self.rests]

    def by(self, *more: str) -> str:
        """The ` by …` of a command; nothing without keys."""
        names = [*(name for name, _ in self.groups), *more]
        return f" by {' '.join(names)}" if names else ""

    def only(self, *more: str) -> list[str]:
        """The commands that leave the time, the keys and *more* of an event; `fields` alone would keep _raw."""
        return [f"fields {' '.join(['_time', *(name for name, _ in self.groups), *more])}", "fields - _raw"]

    def all_before(self) -> str:
        """The option of streamstats that makes it read every row before."""
        self.leaves.assumptions.add("streamstats_window_0")
        return "window=0"


@dataclass(frozen=True)
class _Value:
    """A value by a plain name; *present* says that there is one, or is empty."""

    name: str
    expression: str
    present: str = ""


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
    selection = select(any_of(common, rests), leaves)
    window = _Window(correlation, groups, rests, leaves)
    times = f'firstTime=strftime(firstTime, "{_ISO}"), lastTime=strftime(lastTime, "{_ISO}")'
    whole = f", events=events+{correlation.threshold - 1}" if column == _EVENTS else ""
    show = [
        f"stats min(q_from) as firstTime max(_time) as lastTime {measure}{window.by()}",
        *(() if groups else ("where isnotnull(lastTime)",)),  # without keys stats gives a row also of nothing
        f"eval {times}{whole}",
        *(f"rename {' '.join(f'{name} as {literal.name(field)}' for name, field in groups)}" for _ in groups[:1]),
        " ".join(["table", *(literal.name(field) for _, field in groups), column, "firstTime", "lastTime"]),
    ]
    return Written(selection.commands, tuple(writer(window)), tuple(show), groups)


# Of a burst every event from the Nth on completes a window, so with N-1 more it is the whole burst; of two bursts at least one.
_EVENTS = "events"
# The columns of a result beside the keys.
_COLUMNS = {_EVENTS, "distinctValues", "completions", "firstTime", "lastTime", "rule_id", "rule_version", "rule_level"}


def _groups(correlation: Correlation) -> tuple[tuple[str, str], ...]:
    groups = []
    for number, key in enumerate(correlation.group_by, 1):
        if key.field is None:
            raise Refused(f"the alias {key.name} for different fields", "this release does not write it for Splunk.")
        if key.field in _COLUMNS:
            raise Refused(f"the group-by key {key.field}", "the result has a column of this name.")
        if "{}" in key.field:
            raise Refused(f"a group-by key over the array {key.field}", "this release does not write it for Splunk.")
        groups.append((f"q_g{number}", key.field))
    return tuple(groups)


def _named(window: _Window, *more: _Value) -> list[str]:
    """Plain names for the keys and for *more* values, and only events that have them."""
    leaves = window.leaves
    if window.groups:
        leaves.assumptions.add("by_case")
    keys = [_Value(name, leaves.value(field), leaves.has_value(field, name)) for name, field in window.groups]
    values = [*keys, *more]
    present = [value.present for value in values if value.present]
    return [
        *(f"eval {', '.join(f'{value.name}={value.expression}' for value in values)}" for _ in values[:1]),
        *(f"where {' AND '.join(present)}" for _ in present[:1]),
        *window.only(*(value.name for value in more)),
    ]


def _event_count(window: _Window) -> list[str]:
    """The Nth event back is inside the timespan."""
    least = window.correlation.threshold
    if least > _WIDEST_WINDOW:
        raise Refused(f"a count of {least} events", f"streamstats looks back {_WIDEST_WINDOW} at the most.")
    return [
        *_named(window),
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
        *_values(window, window.correlation.field or ""),
        "sort 0 _time",
        f"streamstats current=f window=1 global=f last(_time) as q_before{each}",
        "sort 0 -_time",
        f"streamstats current=f window=1 global=f last(_time) as q_after{each}",
        f'eval q_step=mvappend(if(isnull(q_before), "1", if(_time-q_before>{span}, "1", null())), '
        f'if(isnull(q_after), "-1", if(q_after-_time>{span}, "-1", null())))',
        "mvexpand q_step",
        "where isnotnull(q_step)",
        f"eval q_step=tonumber(q_step), q_at=if(q_step=1, _time, _time+{span}), q_from=_time-{span}",
        "sort 0 q_at, -q_step",
        f"streamstats {window.all_before()} sum(q_step) as q_count{window.by()}",
        f"where q_step=1 AND q_count>={window.correlation.threshold}",
    ]


def _values(window: _Window, field: str) -> list[str]:
    """A row for each value of *field*; null and objects are none.

    Through an array they are read from the record itself: a call can name more than automatic extraction reads.
    """
    leaves = window.leaves
    array, _, rest = field.partition("{}")
    if array == field:
        return _named(window, _Value("q_value", leaves.value(field), leaves.has_value(field, "q_value")))
    elements = f"json_extract(_raw, {literal.path(array)})"
    leaves.assumptions.add("empty_text")
    if not rest:
        # With true() a text keeps its quotes, which tell `null` and what looks like an object from the text of that form.
        return [
            *_named(window, _Value("q_value", f"json_array_to_mv({elements}, true())")),
            "mvexpand q_value",
            f"where isnotnull(mvfind(mvappend(q_value), {pattern.quoted(_QUOTED_SCALAR)}))",
            f'eval q_value=replace(q_value, {pattern.quoted(_QUOTES)}, "")',
        ]
    if "{}" in rest:
        raise Refused(f"a count of {field}", "this release does not count through an array in an array for Splunk.")
    if leaves.kind(field) != "text":
        raise Refused(f"a count of {field}", "its values are not known to be texts, and objects would be counted.")
    leaves.assumptions.update(("json_array_objects", "json_extract_missing"))
    return [
        *_named(window, _Value("q_value", f"json_array_to_mv({elements})")),
        "mvexpand q_value",
        f"eval q_value=json_extract(q_value, {literal.path(rest.removeprefix('.'))})",
        "where isnotnull(q_value)",
    ]


# An element of an array that is a text, in its quotes, a number or a boolean.
_QUOTED_SCALAR = r'\A["0-9tf-]'
_QUOTES = r'\A"|"\z'


def _temporal(window: _Window) -> list[str]:
    """The latest event of each rule is inside the timespan; of several at one time, the last sees them all."""
    marks = [_Value(f"q_t{number}", f"if({test}, _time, null())") for number, test in enumerate(window.tests(), 1)]
    numbers = range(1, len(marks) + 1)
    latest = " ".join(f"max(q_t{number}) as q_m{number}" for number in numbers)
    inside = " AND ".join(f"_time-q_m{number}<={window.span}" for number in numbers)
    present = " AND ".join(f"isnotnull(q_m{number})" for number in numbers)
    oldest = ", ".join(f"q_m{number}" for number in numbers)
    return [
        *_named(window, *marks),
        "sort 0 _time",
        f"streamstats {window.all_before()} {latest}{window.by()}",
        f"where {present}",
        f"where {inside}",
        f"eval q_from=min({oldest})",
    ]


def _temporal_ordered(window: _Window) -> list[str]:
    """For each rule the latest start of a chain in order; a row a rule, rules of one time in their order."""
    tests = window.tests()
    if len(tests) > _MOST_STAGES:
        raise Refused(f"an order of {len(tests)} rules", f"this release writes up to {_MOST_STAGES} for Splunk.")
    stages = [f"s{number:02}" for number in range(1, len(tests) + 1)]  # no numbers, which would compare as such
    marks = ", ".join(f'if({test}, "{stage}", null())' for stage, test in zip(stages, tests, strict=True))
    starts = [*(f"q_{stage}" for stage in stages[:-1]), "q_from"]
    commands = [
        *_named(window, _Value("q_stage", f"mvappend({marks})")),
        "mvexpand q_stage",
        "sort 0 _time, q_stage",
        f'eval {starts[0]}=if(q_stage="{stages[0]}", _time, null())',
    ]
    for before, (stage, start) in pairwise(zip(stages, starts, strict=True)):
        latest = f"q_m{before[0][1:]}"
        commands.append(f"streamstats {window.all_before()} max({before[1]}) as {latest}{window.by()}")
        commands.append(f'eval {start}=if(q_stage="{stage}", {latest}, null())')
    return [*commands, "where isnotnull(q_from)", f"where _time-q_from<={window.span}"]
