"""Every rule on real OpenSearch nodes: query DSL, Lucene text and monitors, with both index templates and on two releases.

Each rule runs on the events of all rules, so that a rule that fires on another's event shows up; the expected verdicts are those of
the engine `sigma`.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from opensearch_alerting import groups, rendered, told
from opensearch_node import Node
from our_content import CORRELATED, EVENTS, PAIRS, SINGLES, ids, raising

from amazon_q_detections import correlation, record, timeline
from amazon_q_detections.conversion import schema_of
from amazon_q_detections.fixture import Case
from amazon_q_detections.rule import Rule
from amazon_q_detections.targets import opensearch
from amazon_q_detections.targets.opensearch import OpenSearchQuery
from amazon_q_detections.targets.opensearch.fields import Schema
from amazon_q_detections.targets.opensearch.mapping import Shape

# The fixture of a node, and the template that is for its release.
PLACES: list[tuple[str, Shape]] = [("older", "nested"), ("node", "flat")]
TARGET = opensearch.OpenSearch()
CASE = "qdet_case"
BY_STEM = {one.stem: one for one, _ in PAIRS}


@cache
def compiled(stem: str) -> OpenSearchQuery:
    return TARGET.compile(BY_STEM[stem], "cloudtrail")


def dsl(one: Rule) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(compiled(one.stem).text("dsl"))
    return body


def monitor(one: Rule) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(compiled(one.stem).text("monitor"))
    return body


@cache
def wanted_ids(stem: str) -> frozenset[str]:
    return frozenset(raising(BY_STEM[stem]))


def template(shape: Shape) -> dict[str, Any]:
    queries = [compiled(one.stem) for one, _ in PAIRS]
    return opensearch.template(queries, Schema.of(schema_of("opensearch_cloudtrail")), shape)


@pytest.fixture(scope="module", params=PLACES, ids="-".join)
def single(request: pytest.FixtureRequest) -> tuple[Node, str]:
    """A node, and the name of an index there with the events of all single-event rules."""
    release, shape = request.param
    on, name = request.getfixturevalue(release), f"cloudtrail-single-{shape}"
    assert not on.index(name, template(shape), EVENTS)
    return on, name


@pytest.fixture(scope="module", params=PLACES, ids="-".join)
def sequences(request: pytest.FixtureRequest) -> tuple[Node, str]:
    """A node, and the name of an index there with the events of all correlation cases, each marked with its case."""
    release, shape = request.param
    on, name = request.getfixturevalue(release), f"cloudtrail-sequences-{shape}"
    mappings = template(shape)["template"]["mappings"]
    mappings["properties"][CASE] = {"type": "keyword"}
    records = [{**event, CASE: mark(one, case)} for one, case in CORRELATED for event in case.events]
    assert not on.index(name, {"template": {"mappings": mappings}}, records)
    return on, name


def mark(one: Rule, case: Case) -> str:
    return f"{one.stem}/{case.name}"


def found(place: tuple[Node, str], body: dict[str, Any]) -> set[str]:
    on, index = place
    hits = on.search(index, {**body, "size": 10_000, "_source": False})["hits"]["hits"]
    return {EVENTS[int(hit["_id"])]["eventID"] for hit in hits}


@pytest.mark.parametrize("one", SINGLES, ids=lambda one: one.stem)
def test_the_dsl_gives_the_rules_verdicts(single: tuple[Node, str], one: Rule) -> None:
    assert wanted_ids(one.stem)
    assert found(single, dsl(one)) == wanted_ids(one.stem)


@pytest.mark.parametrize("one", SINGLES, ids=lambda one: one.stem)
def test_the_lucene_text_gives_the_same_verdicts(single: tuple[Node, str], one: Rule) -> None:
    query = {"query_string": {"query": compiled(one.stem).text("lucene"), "analyze_wildcard": True}}
    assert found(single, {"query": query}) == wanted_ids(one.stem)


@pytest.mark.parametrize("one", SINGLES, ids=lambda one: one.stem)
def test_a_monitor_sees_each_event_in_exactly_one_run(single: tuple[Node, str], one: Rule) -> None:
    """Runs a step apart over an event, the run's edge on the event's own second included."""
    wanted = [event for event in EVENTS if event["eventID"] in wanted_ids(one.stem)]
    moment = record.time(wanted[0]) or 0
    schedule = one.schedule
    at_once = {event["eventID"] for event in wanted if record.time(event) == moment}
    runs = [moment + schedule.delay + number * schedule.step for number in range(-1, 3)]
    on, _ = single
    seen = [eventID for end in runs for eventID in found(single, rendered(on, monitor(one), end))]
    assert all(seen.count(eventID) == 1 for eventID in at_once)


def bursts(one: Rule, case: Case) -> list[timeline.Hit]:
    main = one.collection().rules[-1]
    return list(timeline.hits(correlation.of_rule(main), case.events))  # type: ignore[arg-type]


@pytest.mark.parametrize(("one", "case"), CORRELATED, ids=ids(CORRELATED))
def test_a_correlation_tells_the_bursts(sequences: tuple[Node, str], one: Rule, case: Case) -> None:
    on, index = sequences
    body = dsl(one)
    body["query"]["bool"]["filter"].append({"term": {CASE: mark(one, case)}})
    hits = on.search(index, body)["aggregations"]["corr"]["value"]
    wanted = bursts(one, case)
    assert bool(wanted) is case.expected
    assert [told(hit) for hit in wanted] == hits


@pytest.mark.parametrize(("one", "case"), CORRELATED, ids=ids(CORRELATED))
def test_a_correlation_monitor_alerts_once_a_burst(sequences: tuple[Node, str], one: Rule, case: Case) -> None:
    """Runs a step apart, from before the first event until nothing is seen any more: sound, complete, and in one go."""
    on, index = sequences
    wanted = bursts(one, case)
    times = sorted(moment for event in case.events if (moment := record.time(event)) is not None)
    schedule = one.schedule
    reach = max(schedule.step, schedule.throttle)
    end = times[0]
    alerts: list[tuple[str, ...]] = []
    active: set[tuple[str, ...]] = set()
    while end <= times[-1] + reach + schedule.step:
        seen = groups(on, index, monitor(one), end + schedule.delay, {"term": {CASE: mark(one, case)}})
        ends = {tuple(hit.group.values()): record.time(hit.records[-1]) or 0 for hit in wanted if hit.time <= end}
        assert seen == {group for group, last in ends.items() if last > end - reach}
        alerts += seen - active
        active = seen
        end += schedule.step
    assert sorted(alerts) == sorted({tuple(hit.group.values()) for hit in wanted})
