"""Correlations on eventTime, in the window that the run looks at; never on @timestamp, which is the time of delivery.

Logs Insights cannot slide a window inside a query, so the window is as long as the timespan: nothing is raised that does not
satisfy the rule, and a burst is found if its span is at most the timespan less the interval between runs.
(CloudWatch Logs User Guide, "stats", "Supported operations and functions".)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_q_detections.condition import And, Or, factored
from amazon_q_detections.errors import Refused
from sigma.backends.cloudwatch_logs_insights import syntax

if TYPE_CHECKING:
    from amazon_q_detections.condition import Condition
    from amazon_q_detections.correlation import Correlation
    from amazon_q_detections.schedule import Schedule
    from sigma.backends.cloudwatch_logs_insights.query import Filters

_TIME = "parseDate(replace(replace(eventTime, 'T', ' '), 'Z', ''), 'yyyy-MM-dd HH:mm:ss', 'UTC')"
_NEVER = 9999999999999  # ms since 1970, in the year 2286
_SPAN = "min(q_first) as q_first_time, max(q_last) as q_last_time"


def lines(correlation: Correlation, filters: Filters, schedule: Schedule) -> list[str]:
    """The commands that find the groups in the window; raises Refused for what cannot be said exactly."""
    count = {
        "event_count": _event_count,
        "value_count": _value_count,
        "temporal": _temporal,
        "temporal_ordered": _temporal_ordered,
    }.get(correlation.kind)
    if count is None:
        raise Refused(f"a correlation of type {correlation.kind}", "this release does not write it for Logs Insights.")
    if correlation.expression is not None:
        raise Refused("an extended correlation condition", "this release does not write it for Logs Insights.")
    groups = _groups(correlation, filters)
    common, rests = factored(tuple(member.condition for member in correlation.members))
    keys = [f"{name} as q_g{number}" for number, name in enumerate(groups, 1)]
    counting = count(correlation, filters, keys, rests)
    filters.needs.assumptions.add("parse_date")
    delay, timespan = schedule.delay * 1000, correlation.timespan * 1000
    return [
        *filters.lines(And((*common, Or(rests))) if len(rests) > 1 else rests[0]),
        *(f"filter ispresent({name})" for name in groups),
        f"fields {_TIME} as q_t",
        f"filter q_t >= (queryEndTime() - {delay} - {timespan}) and q_t <= (queryEndTime() - {delay})",
        *counting,
    ]


def _groups(correlation: Correlation, filters: Filters) -> list[str]:
    names = []
    for key in correlation.group_by:
        if key.field is None:
            raise Refused(f"the alias {key.name} for different fields", "this release does not write it for Logs Insights.")
        _refuse_array(filters, key.field, "a group-by key")
        names.append(syntax.name(key.field))
    return names


def _refuse_array(filters: Filters, field: str, what: str) -> None:
    if filters.leaves.is_array(field) or filters.leaves.needs_text(field):
        raise Refused(f"{what} over the array {field}", "Logs Insights cannot count or group by the elements of an array.")


def _by(*keys: str) -> str:
    return f" by {', '.join(keys)}" if keys else ""


def _own(groups: list[str]) -> list[str]:
    return [f"q_g{number}" for number in range(1, len(groups) + 1)]


def _event_count(correlation: Correlation, _: Filters, groups: list[str], __: tuple[Condition, ...]) -> list[str]:
    """A record can be delivered twice, so events are counted by their id."""
    return [
        f"stats min(q_t) as q_first, max(q_t) as q_last{_by(*groups, 'eventID')}",
        f"stats count(*) as q_n, {_SPAN}{_by(*_own(groups))}",
        f"filter q_n >= {correlation.threshold}",
    ]


def _value_count(correlation: Correlation, filters: Filters, groups: list[str], _: tuple[Condition, ...]) -> list[str]:
    field = correlation.field or ""
    _refuse_array(filters, field, "a distinct count")
    value = syntax.name(field)
    return [
        f"filter ispresent({value})",
        f"stats min(q_t) as q_first, max(q_t) as q_last{_by(*groups, f'{value} as q_v')}",
        f"stats count(*) as q_n, {_SPAN}{_by(*_own(groups))}",
        f"filter q_n >= {correlation.threshold}",
    ]


def _temporal(_: Correlation, filters: Filters, groups: list[str], rests: tuple[Condition, ...]) -> list[str]:
    tests = [filters.total(rest) for rest in rests]
    sums = [f"sum(if({test}, 1, 0)) as q_m{number}" for number, test in enumerate(tests, 1)]
    return [
        f"stats {', '.join(sums)}, min(q_t) as q_first_time, max(q_t) as q_last_time{_by(*groups)}",
        f"filter {' and '.join(f'q_m{number} > 0' for number in range(1, len(sums) + 1))}",
    ]


def _temporal_ordered(correlation: Correlation, filters: Filters, groups: list[str], rests: tuple[Condition, ...]) -> list[str]:
    """Two rules: the earliest of the first is not after the latest of the second; equal times count as ordered."""
    if len(correlation.members) != 2:
        raise Refused(f"an order of {len(correlation.members)} rules", "Logs Insights can compare the times of two.")
    first, second = (filters.total(rest) for rest in rests)
    return [
        f"stats min(if({first}, q_t, {_NEVER})) as q_first_time, max(if({second}, q_t, 0)) as q_last_time{_by(*groups)}",
        "filter q_first_time <= q_last_time",
    ]
