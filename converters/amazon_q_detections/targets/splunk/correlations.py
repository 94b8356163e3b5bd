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
from amazon_q_detections.targets.splunk import literal
from amazon_q_detections.targets.splunk.query import exact, select

if TYPE_CHECKING:
    from amazon_q_detections.correlation import Correlation
    from amazon_q_detections.schedule import Schedule
    from amazon_q_detections.targets.splunk.leaves import Leaves

# Search Reference, "streamstats": the most events that `window` takes.
_WIDEST_WINDOW = 10_000
_ISO = "%Y-%m-%dT%H:%M:%S%z"


@dataclass(frozen=True)
class Written:
    """See backend.Parts."""

    commands: tuple[str, ...]
    own_hits: str
    show: tuple[str, ...]
    groups: tuple[tuple[str, str], ...]


def write(correlation: Correlation, leaves: Leaves, window: Schedule | None) -> Written:
    """The commands of a correlation; raises Refused for what has no exact form."""
    kinds = {
        "event_count": _event_count,
        "value_count": _value_count,
        "temporal": _temporal,
        "temporal_ordered": _temporal_ordered,
    }
    if correlation.kind not in kinds or correlation.expression is not None:
        raise Refused(f"this correlation of type {correlation.kind}", "this release does not write it for Splunk.")
    groups = _groups(correlation)
    leaves.assumptions.add("by_case")
    common, rests = factored(tuple(member.condition for member in correlation.members))
    selection = select(And((*common, Or(rests))) if len(rests) > 1 else rests[0], leaves)
    sliding = kinds[correlation.kind](correlation, _By(groups), [exact(rest, leaves) for rest in rests])
    commands = (*selection.commands, *_keyed(groups, leaves), *sliding)
    shown = ("min(q_from) as firstTime", "max(q_time) as lastTime", "max(q_count) as events")
    show = (
        f"stats {' '.join(shown)}{_By(groups)}",
        *(f"rename {' '.join(f'{name} as {literal.name(field)}' for name, field in groups)}" for _ in groups[:1]),
        f'eval firstTime=strftime(firstTime, "{_ISO}"), lastTime=strftime(lastTime, "{_ISO}")',
    )
    late = f"where q_time>=now()-{window.delay + window.step}" if window else ""
    return Written(commands, late, show, groups)


@dataclass(frozen=True)
class _By:
    """The ` by …` of a command; nothing without group-by keys."""

    groups: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return self.and_by()

    def and_by(self, *more: str) -> str:
        names = [*(name for name, _ in self.groups), *more]
        return f" by {' '.join(names)}" if names else ""


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
        return ["eval q_time=_time"]
    named = ", ".join(f"{name}={literal.operand(field)}" for name, field in groups)
    present = " AND ".join(
        f"isnotnull({name}) AND isnotnull(json_extract(_raw, {literal.path(field)}))" for name, field in groups
    )
    leaves.assumptions.add("json_extract_missing")
    return [f"eval q_time=_time, {named}", f"where {present}"]


def _event_count(correlation: Correlation, by: _By, _: list[str]) -> list[str]:
    """The Nth event back is inside the timespan."""
    least = correlation.threshold
    if least > _WIDEST_WINDOW:
        raise Refused(f"a count of {least} events", f"streamstats looks back {_WIDEST_WINDOW} at the most.")
    return [
        "sort 0 q_time",
        f"streamstats window={least} current=t global=f min(q_time) as q_from count as q_count{by}",
        f"where q_count={least} AND q_time-q_from<={correlation.timespan}",
    ]


def _value_count(correlation: Correlation, by: _By, _: list[str]) -> list[str]:
    """Each value is inside the window from each of its events to a timespan later; the unions of these spans are counted.

    A span opens where the value's event before is too far back or missing, and closes where the next is too far ahead.
    """
    field, span, each = literal.operand(correlation.field or ""), correlation.timespan, by.and_by("q_value")
    single = "{}" not in (correlation.field or "")
    present = (
        f"isnotnull(q_value) AND isnotnull(json_extract(_raw, {literal.path(correlation.field or '')}))"
        if single
        else "isnotnull(q_value)"
    )
    return [
        f"eval q_value={field}",
        *(["mvexpand q_value"] if not single else []),
        f"where {present}",
        "sort 0 q_time",
        f"streamstats current=f window=1 global=f last(q_time) as q_before{each}",
        "sort 0 -q_time",
        f"streamstats current=f window=1 global=f last(q_time) as q_after{each}",
        f'eval q_step=mvappend(if(isnull(q_before), "1", if(q_time-q_before>{span}, "1", null())), '
        f'if(isnull(q_after), "-1", if(q_after-q_time>{span}, "-1", null())))',
        "mvexpand q_step",
        f"eval q_step=tonumber(q_step), q_at=if(q_step=1, q_time, q_time+{span}), q_from=q_time",
        "sort 0 q_at, -q_step",
        f"streamstats sum(q_step) as q_count{by}",
        f"where q_step=1 AND q_count>={correlation.threshold}",
    ]


def _temporal(correlation: Correlation, by: _By, tests: list[str]) -> list[str]:
    """The latest event of each rule is inside the timespan; of several at one time, the last sees them all."""
    numbers = range(1, len(tests) + 1)
    marks = ", ".join(f"q_t{number}=if({test}, q_time, null())" for number, test in enumerate(tests, 1))
    latest = " ".join(f"max(q_t{number}) as q_m{number}" for number in numbers)
    inside = " AND ".join(f"q_time-q_m{number}<={correlation.timespan}" for number in numbers)
    present = " AND ".join(f"isnotnull(q_m{number})" for number in numbers)
    oldest = ", ".join(f"q_m{number}" for number in numbers)
    return [
        f"eval {marks}",
        "sort 0 q_time",
        f"streamstats {latest}{by}",
        f"where {present}",
        f"where {inside}",
        f"eval q_from=min({oldest}), q_count={len(tests)}",
    ]


def _temporal_ordered(correlation: Correlation, by: _By, tests: list[str]) -> list[str]:
    """For each rule the latest start of a chain in order; a row a rule, rules of one time in their order."""
    stages = [f"{number:02}" for number in range(1, len(tests) + 1)]
    marks = ", ".join(f'if({test}, "{stage}", null())' for stage, test in zip(stages, tests, strict=True))
    commands = [
        f"eval q_stage=mvappend({marks})",
        "mvexpand q_stage",
        "sort 0 q_time, q_stage",
        'eval q_s01=if(q_stage="01", q_time, null())',
    ]
    for before, stage in pairwise(stages):
        commands.append(f"streamstats max(q_s{before}) as q_m{before}{by}")
        commands.append(f'eval q_s{stage}=if(q_stage="{stage}", q_m{before}, null())')
    last = stages[-1]
    commands.append(f'where q_stage="{last}" AND isnotnull(q_s{last})')
    commands.append(f"where q_time-q_s{last}<={correlation.timespan}")
    commands.append(f"eval q_from=q_s{last}, q_count={len(tests)}")
    return commands
