"""Correlations on eventTime, in the window that the run looks at; never on @timestamp, which is the time of delivery.

Logs Insights cannot slide a window inside a query, so the window is as long as the timespan: nothing is raised that does not
satisfy the rule, and a burst is found if its span is at most the timespan less the interval between runs.
(CloudWatch Logs User Guide, "stats", "Supported operations and functions".)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amazon_q_detections.condition import any_of, factored, fields, pinned
from amazon_q_detections.errors import Refused
from sigma.backends.cloudwatch_logs_insights import syntax

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amazon_q_detections.condition import Condition
    from amazon_q_detections.correlation import Correlation
    from amazon_q_detections.schedule import Schedule
    from sigma.backends.cloudwatch_logs_insights.query import Filters

_TIME = "parseDate(replace(replace(eventTime, 'T', ' '), 'Z', ''), 'yyyy-MM-dd HH:mm:ss', 'UTC')"
_NEVER = 9999999999999  # ms since 1970, in the year 2286
_SPAN = "min(q_first) as q_from, max(q_last) as q_to"
_INDENT = "\n    "
EVENT_ID = "eventID"


@dataclass(frozen=True)
class Written:
    """The commands that find the groups in the window, the names of their keys, and the columns that show them.

    Comment lines may stand between the *commands*.
    """

    commands: tuple[str, ...]
    keys: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True)
class _Window:
    """What the four kinds need: the correlation, its keys, and the conditions of its rules without what they share.

    *present* are the fields that a record is sure to have once it has come through the filters.
    """

    correlation: Correlation
    filters: Filters
    groups: tuple[tuple[str, str], ...]
    rests: tuple[Condition, ...]
    present: frozenset[str]

    def tests(self) -> list[str]:
        """Whether a record is of each of the rules."""
        return [self.filters.total(rest, self.present) for rest in self.rests]

    def by(self, *more: str) -> str:
        """The ` by …` that names the keys."""
        return _by(*(f"{place} as {name}" for place, name in self.groups), *more)

    def again(self) -> str:
        """The ` by …` of a later command, which knows the keys by their names."""
        return _by(*(name for _, name in self.groups))


def _by(*keys: str) -> str:
    return f" by {', '.join(keys)}" if keys else ""


def write(correlation: Correlation, filters: Filters, schedule: Schedule) -> Written:
    """The commands of a correlation; raises Refused for what cannot be said exactly."""
    kinds = {
        "event_count": (_event_count, ("q_events",)),
        "value_count": (_value_count, ("q_values",)),
        "temporal": (_temporal, ()),
        "temporal_ordered": (_temporal_ordered, ()),
    }
    if correlation.kind not in kinds:
        raise Refused(f"a correlation of type {correlation.kind}", "this release does not write it for Logs Insights.")
    if correlation.expression is not None:
        raise Refused("an extended correlation condition", "this release does not write it for Logs Insights.")
    count, measured = kinds[correlation.kind]
    filters.needs.record = True  # an event's id stands behind its parameters
    groups, present = _groups(correlation, filters)
    common, rests = factored(tuple(member.condition for member in correlation.members))
    wanted = any_of(common, rests)
    always_there = frozenset(field for field in fields(wanted) if pinned(wanted, field) is not None)
    window = _Window(correlation, filters, groups, rests, always_there)
    counting = count(window)
    filters.needs.assumptions.add("parse_date")
    delay, timespan = schedule.delay * 1000, correlation.timespan * 1000
    commands = (
        *filters.lines(wanted, named=len(rests) == 1),
        syntax.comment("correlation"),
        *(f"filter {one}" for one in present),
        f"fields {_TIME} as q_t",
        f"filter q_t >= (queryEndTime() - {delay} - {timespan}) and q_t <= (queryEndTime() - {delay})",
        *counting,
    )
    return Written(commands, tuple(name for _, name in groups), measured)


def _groups(correlation: Correlation, filters: Filters) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Where each key is read and the name it has from then on, and the tests that it is there."""
    groups, present = [], []
    for key in correlation.group_by:
        if key.field is None:
            raise Refused(f"the alias {key.name} for different fields", "this release does not write it for Logs Insights.")
        filters.leaves.refuse_array(key.field, "a group-by key")
        present.append(filters.leaves.present(key.field))
        groups.append((filters.leaves.own(key.field), syntax.own_name(key.field)))
    if len({name for _, name in groups}) < len(groups):
        raise Refused("two group-by keys of much the same name", "their columns could not be told apart.")
    return tuple(groups), tuple(present)


def _event_count(window: _Window) -> tuple[str, ...]:
    """A record can be delivered twice, so events are counted by their id."""
    event = f"{syntax.below(syntax.RECORD, EVENT_ID)} as q_event"
    return (
        f"stats min(q_t) as q_first, max(q_t) as q_last{window.by(event)}",
        f"stats count(*) as q_events, {_SPAN}{window.again()}",
        f"filter q_events >= {window.correlation.threshold}",
    )


def _value_count(window: _Window) -> tuple[str, ...]:
    field, leaves = window.correlation.field or "", window.filters.leaves
    leaves.refuse_array(field, "a distinct count")
    value = f"{leaves.own(field)} as q_value"
    return (
        f"filter {leaves.present(field)}",
        f"stats min(q_t) as q_first, max(q_t) as q_last{window.by(value)}",
        f"stats count(*) as q_values, {_SPAN}{window.again()}",
        f"filter q_values >= {window.correlation.threshold}",
    )


def _temporal(window: _Window) -> tuple[str, ...]:
    sums = [f"sum(if({test}, 1, 0)) as q_rule_{number}" for number, test in enumerate(window.tests(), 1)]
    return (
        _stats([*sums, "min(q_t) as q_from", "max(q_t) as q_to"], window.by()),
        f"filter {' and '.join(f'q_rule_{number} > 0' for number in range(1, len(sums) + 1))}",
    )


def _temporal_ordered(window: _Window) -> tuple[str, ...]:
    """Two rules: the earliest of the first is not after the latest of the second; equal times count as ordered."""
    if len(window.rests) != 2:
        raise Refused(f"an order of {len(window.rests)} rules", "Logs Insights can compare the times of two.")
    first, second = window.tests()
    return (
        _stats([f"min(if({first}, q_t, {_NEVER})) as q_from", f"max(if({second}, q_t, 0)) as q_to"], window.by()),
        "filter q_from <= q_to",
    )


def _stats(aggregates: Sequence[str], by: str) -> str:
    """A `stats` with one aggregate a line, since a whole rule can stand in each."""
    return f"stats {f',{_INDENT}'.join(aggregates)}" + (f"{_INDENT}{by.lstrip()}" if by else "")
