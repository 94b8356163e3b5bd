"""Correlations on eventTime, in the window that the run looks at; never on @timestamp, which is the time of delivery.

Logs Insights cannot slide a window inside a query, so the window is as long as the timespan: nothing is raised that does not
satisfy the rule, and a burst is found if its span is at most the timespan less the interval between runs.
(CloudWatch Logs User Guide, "stats", "Supported operations and functions".)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sigma.correlations import CorrelationConditionAND, CorrelationConditionOR, SigmaRuleReference

from amazon_q_detections import window
from amazon_q_detections.condition import any_of, factored, fields, pinned
from amazon_q_detections.errors import Refused
from sigma.backends.cloudwatch_logs_insights import syntax

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from amazon_q_detections.condition import Condition
    from amazon_q_detections.correlation import Correlation, GroupKey
    from amazon_q_detections.schedule import Schedule
    from sigma.backends.cloudwatch_logs_insights.query import Filters

_TIME = "parseDate(replace(replace(eventTime, 'T', ' '), 'Z', ''), 'yyyy-MM-dd HH:mm:ss', 'UTC')"
_NEVER = 9999999999999  # ms since 1970, in the year 2286
_SPAN = "min(q_first) as q_from, max(q_last) as q_to"
_INDENT = "\n    "
EVENT_ID = "eventID"


@dataclass(frozen=True)
class Written:
    """The commands that select events and give them a time, those that find the groups in the window, and the columns.

    *keys* are where each key is read on a selected event, and its name from then on. Comment lines may stand between commands.
    """

    selecting: tuple[str, ...]
    counting: tuple[str, ...]
    keys: tuple[tuple[str, str], ...]
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
        "value_sum": (_value_sum, ("q_total",)),
        "temporal": (_temporal, ()),
        "temporal_ordered": (_temporal_ordered, ()),
    }
    window.maker(correlation)()  # refuses what a silent window would satisfy, and what has no meaning here
    count, measured = kinds[correlation.kind]
    filters.needs.record = True  # an event's id stands behind its parameters
    common, rests = factored(tuple(member.condition for member in correlation.members))
    groups = _groups(correlation, filters, rests)
    wanted = any_of(common, rests)
    always_there = frozenset(field for field in fields(wanted) if pinned(wanted, field) is not None)
    with_values = _with_values(correlation, filters)
    counting = count(_Window(correlation, filters, groups.keys, rests, always_there))
    filters.needs.assumptions.add("parse_date")
    delay, timespan = schedule.delay * 1000, correlation.timespan * 1000
    selecting = (
        *filters.lines(wanted, named=len(rests) == 1),
        syntax.comment("correlation"),
        *groups.commands,
        *(f"filter {one}" for one in groups.present),
        *with_values,
        f"fields {_TIME} as q_t",
    )
    inside = f"filter q_t >= (queryEndTime() - {delay} - {timespan}) and q_t <= (queryEndTime() - {delay})"
    return Written(selecting, (inside, *counting), groups.keys, measured)


@dataclass(frozen=True)
class _Groups:
    """Where each key is read and the name it has from then on, the commands that it needs, and the tests that it is there."""

    keys: tuple[tuple[str, str], ...]
    commands: tuple[str, ...]
    present: tuple[str, ...]


def _groups(correlation: Correlation, filters: Filters, rests: Sequence[Condition]) -> _Groups:
    keys, commands, present = [], [], []
    for number, key in enumerate(correlation.group_by, 1):
        for field in dict.fromkeys(key.fields):
            filters.leaves.refuse_array(field, "a group-by key")
        if key.field is not None:
            present.append(filters.leaves.present(key.field))
            keys.append((filters.leaves.own(key.field), syntax.own_name(key.field)))
        else:
            name = f"q_key_{number}"
            commands.append(f"fields {_by_rule(key, correlation, filters, rests)} as {name}")
            objects = any(map(filters.leaves.may_be_object, key.fields))
            present.append(f"ispresent({name})" + (f" and {name} like /^/" if objects else ""))
            keys.append((name, syntax.own_name(key.name)))
    if len({name for _, name in keys}) < len(keys):
        raise Refused("two group-by keys of much the same name", "their columns could not be told apart.")
    return _Groups(tuple(keys), tuple(commands), tuple(present))


def _by_rule(key: GroupKey, correlation: Correlation, filters: Filters, rests: Sequence[Condition]) -> str:
    """The field of the rule that a record is of; raises Refused where it can be of two, since it then is in two groups."""
    names = [pinned(member.condition, "eventName") for member in correlation.members]
    for at, own in enumerate(names):
        if own is None or any(other is None or own & other for other in names[at + 1 :]):
            raise Refused(
                f"the alias {key.name}", "an event could be of two rules, and so in two groups; pin each to its eventName."
            )
    chosen = ""
    for field, rest in reversed(list(zip(key.fields, rests, strict=True))):
        filters.leaves.present(field)  # gathers what it rests on
        chosen = f"if({filters.total(rest)}, {filters.leaves.own(field)}, {chosen})" if chosen else filters.leaves.own(field)
    return chosen


def _with_values(correlation: Correlation, filters: Filters) -> list[str]:
    """The filters that leave events with a value to count, or a whole number to add."""
    field, leaves = correlation.field, filters.leaves
    if field is None:
        return []
    leaves.refuse_array(field, "a sum" if correlation.kind == "value_sum" else "a distinct count")
    if correlation.kind == "value_count":
        return [f"filter {leaves.present(field)}"]
    filters.needs.assumptions.update(("whole_amounts", "plain_numbers"))
    own = leaves.own(field)
    return [f"filter ispresent({own})", f"filter {own} like /^(0|[1-9][0-9]{{0,14}})$/"]


def _event_count(told: _Window) -> tuple[str, ...]:
    """A record can be delivered twice, so events are counted by their id."""
    event = f"{syntax.below(syntax.RECORD, EVENT_ID)} as q_event"
    return (
        f"stats min(q_t) as q_first, max(q_t) as q_last{told.by(event)}",
        f"stats count(*) as q_events, {_SPAN}{told.again()}",
        f"filter q_events >= {told.correlation.threshold}",
    )


def _value_count(told: _Window) -> tuple[str, ...]:
    field, leaves = told.correlation.field or "", told.filters.leaves
    value = f"{leaves.own(field)} as q_value"
    return (
        f"stats min(q_t) as q_first, max(q_t) as q_last{told.by(value)}",
        f"stats count(*) as q_values, {_SPAN}{told.again()}",
        f"filter q_values >= {told.correlation.threshold}",
    )


def _value_sum(told: _Window) -> tuple[str, ...]:
    """A record can be delivered twice, so amounts are added once for each event; what is no whole number adds nothing."""
    field, leaves = told.correlation.field or "", told.filters.leaves
    own = leaves.own(field)
    event = f"{syntax.below(syntax.RECORD, EVENT_ID)} as q_event"
    sign = ">" if told.correlation.op == "gt" else ">="
    return (
        f"stats max({own}) as q_amount, min(q_t) as q_first, max(q_t) as q_last{told.by(event)}",
        f"stats sum(q_amount) as q_total, {_SPAN}{told.again()}",
        f"filter q_total {sign} {told.correlation.count}",
    )


def _temporal(told: _Window) -> tuple[str, ...]:
    sums = [f"sum(if({test}, 1, 0)) as q_rule_{number}" for number, test in enumerate(told.tests(), 1)]
    names = {member.name: f"q_rule_{number}" for number, member in enumerate(told.correlation.members, 1)}
    expression = told.correlation.expression
    wanted = (
        " and ".join(f"{name} > 0" for name in names.values()) if expression is None else _combined(expression.parsed, names)
    )
    return (_stats([*sums, "min(q_t) as q_from", "max(q_t) as q_to"], told.by()), f"filter {wanted}")


def _combined(node: object, names: Mapping[str, str]) -> str:
    match node:
        case SigmaRuleReference():
            return f"{names[node.reference]} > 0"
        case CorrelationConditionAND():
            return f"({' and '.join(_combined(arg, names) for arg in node.args)})"
        case CorrelationConditionOR():
            return f"({' or '.join(_combined(arg, names) for arg in node.args)})"
    raise Refused("'not' in a correlation's condition", "a shorter span may satisfy it; no query looks there.")


def _temporal_ordered(told: _Window) -> tuple[str, ...]:
    """Two rules: the earliest of the first is not after the latest of the second; equal times count as ordered.

    One has no order. Of three, each time of the second would be compared with the earliest of the first in its group, and no
    row sees what its group has.
    """
    if len(told.rests) == 1:
        return _temporal(told)
    if len(told.rests) != 2:
        raise Refused(f"an order of {len(told.rests)} rules", "Logs Insights can compare the times of two.")
    first, second = told.tests()
    return (
        _stats([f"min(if({first}, q_t, {_NEVER})) as q_from", f"max(if({second}, q_t, 0)) as q_to"], told.by()),
        "filter q_from <= q_to",
    )


def _stats(aggregates: Sequence[str], by: str) -> str:
    """A `stats` with one aggregate a line, since a whole rule can stand in each."""
    return f"stats {f',{_INDENT}'.join(aggregates)}" + (f"{_INDENT}{by.lstrip()}" if by else "")
