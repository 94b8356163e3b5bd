"""Every rule on a real OpenSearch node: query DSL, Lucene text and monitors, with both index templates.

Each rule runs on the events of all rules, so that a rule that fires on another's event shows up; the expected verdicts are those of
the engine `sigma`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from opensearch_node import Node
from our_content import CORRELATED, EVENTS, PAIRS, SINGLES, grouped, ids, raising

from amazon_q_detections import record
from amazon_q_detections.conversion import schema_of
from amazon_q_detections.fixture import Case
from amazon_q_detections.rule import Rule
from amazon_q_detections.targets import opensearch
from amazon_q_detections.targets.opensearch import OpenSearchQuery
from amazon_q_detections.targets.opensearch.fields import Schema

SHAPES = ["nested", "flat"]
TARGET = opensearch.OpenSearch()
CASE = "qdet_case"


def compiled(one: Rule) -> OpenSearchQuery:
    return TARGET.compile(one, "cloudtrail")


@pytest.fixture(scope="module")
def template() -> dict[str, dict[str, Any]]:
    queries = [compiled(one) for one, _ in PAIRS]
    schema = Schema.of(schema_of("opensearch_cloudtrail"))
    return {shape: opensearch.template(queries, schema, shape) for shape in ("nested", "flat")}


@pytest.fixture(scope="module", params=SHAPES)
def single(request: pytest.FixtureRequest, node: Node, template: dict[str, dict[str, Any]]) -> str:
    """The name of an index of one template shape with the events of all single-event rules."""
    name = f"cloudtrail-single-{request.param}"
    node.index(name, template[request.param], EVENTS)
    return name


@pytest.fixture(scope="module", params=SHAPES)
def sequences(request: pytest.FixtureRequest, node: Node, template: dict[str, dict[str, Any]]) -> str:
    """The name of an index with the events of all correlation cases, each marked with its case."""
    shape = template[request.param]
    mappings = {**shape["template"]["mappings"]}
    mappings["properties"] = {**mappings["properties"], CASE: {"type": "keyword"}}
    records = [{**event, CASE: mark(one, case)} for one, case in CORRELATED for event in case.events]
    name = f"cloudtrail-sequences-{request.param}"
    node.index(name, {"template": {"mappings": mappings}}, records)
    return name


def mark(one: Rule, case: Case) -> str:
    return f"{one.stem}/{case.name}"


def found(node: Node, index: str, body: dict[str, Any]) -> set[str]:
    answer = node.search(index, {**body, "size": 10_000})
    return {EVENTS[int(hit["_id"])]["eventID"] for hit in answer["hits"]["hits"]}


@pytest.mark.parametrize("one", SINGLES, ids=lambda one: one.stem)
def test_the_dsl_gives_the_rules_verdicts(node: Node, single: str, one: Rule) -> None:
    assert raising(one)
    assert found(node, single, json.loads(compiled(one).texts["dsl"])) == raising(one)


@pytest.mark.parametrize("one", SINGLES, ids=lambda one: one.stem)
def test_the_lucene_text_gives_the_same_verdicts(node: Node, single: str, one: Rule) -> None:
    query = {"query_string": {"query": compiled(one).texts["lucene"], "analyze_wildcard": True}}
    assert found(node, single, {"query": query}) == raising(one)


def rendered(node: Node, one: Rule, end: float) -> dict[str, Any]:
    """The search of the rule's monitor in a run that ends then, rendered by the node as the alerting plugin does."""
    monitor = json.loads(compiled(one).texts["monitor"])
    source = monitor["inputs"][0]["search"]["query"]
    start = end - one.schedule.step
    params = {"period_start": int(start * 1000), "period_end": int(end * 1000)}
    search: dict[str, Any] = node.call("POST", "/_render/template", {"source": source, "params": params})["template_output"]
    return search


@pytest.mark.parametrize("one", SINGLES, ids=lambda one: one.stem)
def test_a_monitor_sees_each_event_in_exactly_one_run(node: Node, single: str, one: Rule) -> None:
    """Runs a step apart over an event, the run's edge on the event's own second included."""
    wanted = [event for event in EVENTS if event["eventID"] in raising(one)]
    moment = record.time(wanted[0]) or 0
    schedule = one.schedule
    at_once = {event["eventID"] for event in wanted if record.time(event) == moment}
    runs = [moment + schedule.delay + number * schedule.step for number in range(-1, 3)]
    seen = [eventID for end in runs for eventID in found(node, single, {**rendered(node, one, end), "size": 100})]
    assert all(seen.count(eventID) == 1 for eventID in at_once)


def groups(node: Node, index: str, body: dict[str, Any], case: str) -> list[tuple[str, ...]]:
    body["query"]["bool"]["filter"].append({"term": {CASE: case}})
    hits = node.search(index, body)["aggregations"]["corr"]["value"]
    return sorted(tuple(hit["key"]) for hit in hits)


@pytest.mark.parametrize(
    ("one", "case"),
    CORRELATED,
    ids=ids(CORRELATED),
)
def test_a_correlation_finds_the_groups(node: Node, sequences: str, one: Rule, case: Case) -> None:
    wanted = sorted(grouped(one, case))
    assert bool(wanted) is case.expected
    assert groups(node, sequences, json.loads(compiled(one).texts["dsl"]), mark(one, case)) == wanted


@pytest.mark.parametrize(
    ("one", "case"),
    CORRELATED,
    ids=ids(CORRELATED),
)
def test_a_correlation_monitor_alerts_in_one_run_or_in_none(node: Node, sequences: str, one: Rule, case: Case) -> None:
    """Runs a step apart, from before the first event until nothing can be found any more: sound, complete, once a burst."""
    times = sorted(moment for event in case.events if (moment := record.time(event)) is not None)
    schedule = one.schedule
    end = times[0] + schedule.delay
    alerts: list[tuple[str, ...]] = []
    while end <= times[-1] + schedule.delay + 2 * schedule.step:
        alerts += groups(node, sequences, rendered(node, one, end), mark(one, case))
        end += schedule.step
    wanted = grouped(one, case)
    assert set(alerts) == wanted
