"""Events files: one per rule, enough cases, and records that CloudTrail could have written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from amazon_q_detections import record, service_model
from amazon_q_detections.check import event_sources, fields
from amazon_q_detections.check.finding import Finding
from amazon_q_detections.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set

    from amazon_q_detections.fixture import Case, Event, Fixture
    from amazon_q_detections.rule import Rule

_LEAST_MATCHES, _LEAST_NEAR_MISSES = 1, 2
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
# What differs between two deliveries of one act.
_OF_DELIVERY = {"eventID", "requestID", "sharedEventID"}


def orphans(fixtures: Sequence[Fixture], stems: Set[str]) -> Iterator[Finding]:
    """Events files of no rule."""
    for fixture in fixtures:
        if fixture.stem not in stems:
            message = f"no rule has the stem {fixture.stem!r}. {did_you_mean(fixture.stem, stems)}"
            yield Finding(fixture.path, "", "orphan-events", message)


def findings(rules: Sequence[Rule], fixtures: Sequence[Fixture]) -> Iterator[Finding]:
    """Compare rules and events files by stem, and judge the file of each rule."""
    stems = {rule.stem for rule in rules}
    by_stem: dict[str, Fixture] = {}
    for fixture in fixtures:
        other = by_stem.setdefault(fixture.stem, fixture)
        if other is not fixture:
            yield Finding(fixture.path, "", "duplicate-events", f"{other.path} has the same stem.")
    for rule in rules:
        found = by_stem.get(rule.stem)
        if found is None:
            yield Finding(rule.path, "", "no-events", f"has no events file {rule.stem}.yml with match and no_match.")
        else:
            yield from _cases(rule, found)
    used = [fixture for fixture in fixtures if fixture.stem in stems]
    yield from _unique_ids(used)
    for fixture in used:
        yield from _records(fixture)


def _cases(rule: Rule, fixture: Fixture) -> Iterator[Finding]:
    matches = [case for case in fixture.cases if case.expected]
    if len(matches) < _LEAST_MATCHES:
        yield Finding(fixture.path, "match", "too-few-events", "has no event that matches.")
    misses = _near_misses(rule, matches, [case for case in fixture.cases if not case.expected])
    if misses < _LEAST_NEAR_MISSES:
        message = (
            f"has {misses} near misses; a rule needs at least {_LEAST_NEAR_MISSES}. The same act twice is one, and what has"
            " neither the eventName nor the eventSource of a match is none."
        )
        yield Finding(fixture.path, "no_match", "too-few-events", message)
    names = [case.name for case in fixture.cases]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Finding(fixture.path, name, "duplicate-name", "names two cases.")
    for name in rule.needed_placeholders:
        if not fixture.placeholders.get(name):
            yield Finding(fixture.path, "placeholders", "placeholder", f"gives no values for %{name}%.")


def _near_misses(rule: Rule, matches: Sequence[Case], misses: Sequence[Case]) -> int:
    """How many different acts are close to a match; when it happened makes an act another one for a correlation only."""
    near = {(name, event[name]) for case in matches for event in case.events for name in ("eventName", "eventSource")}
    ignored = _OF_DELIVERY if rule.is_correlation else _OF_DELIVERY | {"eventTime"}
    acts: list[list[Event]] = []
    for case in misses:
        act = [{key: value for key, value in event.items() if key not in ignored} for event in case.events]
        if act not in acts and any((name, event[name]) in near for event in act for name in ("eventName", "eventSource")):
            acts.append(act)
    return len(acts)


def _unique_ids(fixtures: Sequence[Fixture]) -> Iterator[Finding]:
    """Ids that two files share, or two events of one case; the cases of a file may share their events."""
    seen: dict[str, Fixture] = {}
    for fixture in fixtures:
        for case in fixture.cases:
            ids = [event["eventID"] for event in case.events]
            for shared in sorted({one for one in ids if ids.count(one) > 1}) if len(set(ids)) < len(ids) else ():
                yield Finding(fixture.path, f"{case.name}: eventID", "duplicate-event-id", f"{shared} is given twice.")
            for one in ids:
                other = seen.setdefault(one, fixture)
                if other is not fixture:
                    message = f"{one} is also in {other.path}."
                    yield Finding(fixture.path, f"{case.name}: eventID", "duplicate-event-id", message)


def _records(fixture: Fixture) -> Iterator[Finding]:
    said: set[tuple[str, str]] = set()
    for case in fixture.cases:
        for event in case.events:
            for finding in _record(fixture, case.name, event):
                if (finding.key, finding.message) not in said:  # a repeated event has its fault once
                    said.add((finding.key, finding.message))
                    yield finding


def _record(fixture: Fixture, name: str, event: Event) -> Iterator[Finding]:
    source, operation = event["eventSource"], event["eventName"]
    yield from event_sources.findings(fixture.path, f"{name}: eventSource", source)
    for field in fields.of_record(event):
        yield from fields.findings(fixture.path, f"{name}: {field}", field)
    if not _TIME.fullmatch(event["eventTime"]) or record.time(event) is None:
        message = f"{event['eventTime']!r} is no time as CloudTrail writes it, such as 2026-11-16T09:00:00Z."
        yield Finding(fixture.path, f"{name}: eventTime", "event-time", message)
    known = service_model.operations(source)
    if not known or event.get("eventType", "AwsApiCall") != "AwsApiCall":
        return
    severity = event_sources.severity(source)
    if operation not in known:
        message = f"{source} has no operation {operation!r}. {did_you_mean(operation, known)}"
        yield Finding(fixture.path, f"{name}: eventName", "unknown-operation", message, severity)
        return
    sides: tuple[service_model.Side, ...] = ("requestParameters", "responseElements")
    for side in sides:
        for path, fault in service_model.faults(source, operation, side, event.get(side), accepted=not event.get("errorCode")):
            yield Finding(fixture.path, f"{name}: {path}", "parameters", f"{fault}.", severity)
    yield from _event_kind(fixture, name, event)


def _event_kind(fixture: Fixture, name: str, event: Event) -> Iterator[Finding]:
    types = service_model.data_event_types(event["eventSource"], event["eventName"])
    if event["eventSource"] != "qbusiness.amazonaws.com" or "eventCategory" not in event:
        return
    wanted = "Data" if types else "Management"
    if event["eventCategory"] != wanted or event.get("managementEvent") is not (not types):
        message = f"is {event['eventCategory']}, and CloudTrail records {event['eventName']} as {wanted}."
        yield Finding(fixture.path, f"{name}: eventCategory", "event-category", message)
