"""What OpenSearch is given beside queries: monitors, templates, and what the schema says of fields."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from opensearch_node import Node
from sigma_text import holds

from amazon_q_detections.conversion import schema_of
from amazon_q_detections.errors import Refused
from amazon_q_detections.rule import Rule
from amazon_q_detections.targets import opensearch
from amazon_q_detections.targets.opensearch import OpenSearchQuery, mapping
from amazon_q_detections.targets.opensearch.fields import IGNORE_ABOVE, SHORT_ENOUGH, Schema

TARGET = opensearch.OpenSearch()
SCHEMA = Schema.of(schema_of("opensearch_cloudtrail"))
SEMANTICS = (Path(__file__).resolve().parents[1] / "docs" / "semantics.md").read_text()
MODELS = [ServiceModel(Loader().load_service_model(name, "service-2")) for name in ("qbusiness", "qapps", "iam")]
UUID = "4e110a4e-3f9e-4a3c-9a52-0d4b4c6a9a11"


def single(selection: dict[str, Any], stem: str = "aws_amazonq_rule", **keys: Any) -> OpenSearchQuery:
    detection = {"s": selection, "condition": "s"}
    main = {"title": "R", "logsource": {"product": "aws", "service": "cloudtrail"}, "detection": detection, **keys}
    return TARGET.compile(Rule(stem, Path(f"chat/{stem}.yml"), main), "cloudtrail")


def counted(selection: dict[str, Any], **keys: Any) -> OpenSearchQuery:
    base = {"title": "B", "name": "b", "logsource": {"product": "aws"}, "detection": {"s": selection, "condition": "s"}}
    body = {"type": "event_count", "rules": ["b"], "timespan": "10m", "condition": {"gte": 3}, **keys}
    main = {"title": "R", "correlation": body, "qdet": {"schedule": {"step": "2m", "throttle": "90m"}}}
    return TARGET.compile(Rule("aws_amazonq_rule", Path("chat/aws_amazonq_rule.yml"), main, (base,)), "cloudtrail")


def aliased() -> OpenSearchQuery:
    """A correlation whose key is another field in each rule."""
    bases = tuple(
        {
            "title": name,
            "name": name,
            "logsource": {"product": "aws"},
            "detection": {"s": {"eventName": name}, "condition": "s"},
        }
        for name in ("b", "c")
    )
    aliases = {"who": {"b": "userIdentity.arn", "c": "requestParameters.userId"}}
    body = {"type": "temporal", "rules": ["b", "c"], "timespan": "10m", "group-by": ["who"], "aliases": aliases}
    main = {"title": "R", "correlation": body, "qdet": {"schedule": {"throttle": "90m"}}}
    return TARGET.compile(Rule("aws_amazonq_rule", Path("chat/aws_amazonq_rule.yml"), main, bases), "cloudtrail")


def test_a_monitor_for_a_key_of_several_fields_has_one_alert_for_all_groups() -> None:
    made = monitor(aliased())
    assert made["monitor_type"] == "query_level_monitor"
    assert "id" not in made["inputs"][0]["search"]["query"]["aggs"]["corr"]["scripted_metric"]["params"]
    assert made["ui_metadata"]["qdet"]["action"]["throttle"] == {"value": 90, "unit": "MINUTES"}


def monitor(query: OpenSearchQuery) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(query.text("monitor"))
    return found


@pytest.mark.parametrize("value", ["{{period_end}}", "x{{period_end}}y", "{{x}}", "{{{", "{{=<% %>=}}"])
@pytest.mark.parametrize("modifier", ["", "|contains"])
def test_braces_in_a_value_are_kept_from_the_plugin_that_would_eat_them(value: str, modifier: str) -> None:
    for query in (single({f"eventName{modifier}": value}), counted({f"eventName{modifier}": value})):
        assert query.missing["monitor"].startswith("a value with {{")
        assert value in query.text("dsl").replace("\\", "")
    assert "lucene" in single({f"eventName{modifier}": value}).formats


def test_a_search_too_long_for_a_monitor_is_a_query_still() -> None:
    query = single({"eventName": [f"value number {number:05}" for number in range(4000)]})
    assert query.missing["monitor"].startswith("a search of")
    assert "dsl" in query.formats


def test_what_the_plugin_adds_to_a_search_counts_too() -> None:
    """Of each of these patterns it makes `{"wildcard":{"eventName":{"wildcard":"*…*","boost":1.0}}}`, more than is written here."""
    query = single({"eventName|contains": [f"{number:012}" for number in range(1000)]})
    assert len(json.dumps(json.loads(query.text("dsl")))) < 60_000
    assert query.missing["monitor"].startswith("a search of")


def test_what_is_missing_has_no_file() -> None:
    queries = [single({"eventName": "{{x}}"}), single({"eventName": "x"}, "aws_amazonq_other")]
    tree = TARGET.bundle(queries, name="mine", schema="cloudtrail")
    assert {path for path in tree if "aws_amazonq_rule" in path} == {
        "queries/aws_amazonq_rule.dsl.json",
        "queries/aws_amazonq_rule.lucene",
    }
    assert "monitors/aws_amazonq_other.json" in tree


@pytest.mark.parametrize(("keys", "ids"), [({"id": UUID}, [UUID]), ({}, [])])
def test_a_trigger_has_the_id_of_its_rule_if_there_is_one(keys: dict[str, str], ids: list[str]) -> None:
    (trigger,) = monitor(single({"eventName": "x"}, **keys))["triggers"]
    assert [trigger["query_level_trigger"][key] for key in trigger["query_level_trigger"] if key == "id"] == ids


@pytest.mark.parametrize(("throttle", "minutes"), [("2h", 120), ("30s", 1), ("1d", 1440), ("3d", 1440)])
def test_a_monitor_of_single_events_has_an_action_with_the_rules_throttle(throttle: str, minutes: int) -> None:
    action = monitor(single({"eventName": "x"}, qdet={"schedule": {"throttle": throttle}}))["ui_metadata"]["qdet"]["action"]
    assert (action["throttle_enabled"], action["throttle"]) == (True, {"value": minutes, "unit": "MINUTES"})


def test_a_monitor_of_a_correlation_sees_a_burst_as_long_as_the_throttle_and_tells_it_once() -> None:
    made = monitor(counted({"eventName": "x"}, **{"group-by": ["userIdentity.arn"]}))
    search = made["inputs"][0]["search"]["query"]
    assert search["aggs"]["groups"]["aggs"]["corr"]["scripted_metric"]["params"]["reach"] == 90 * 60_000
    assert search["query"]["bool"]["filter"][0]["range"]["eventTime"]["gte"] == "{{period_end}}||-6900s"  # 90 + 10 + 15 min
    policy = made["ui_metadata"]["qdet"]["action"]["action_execution_policy"]["action_execution_scope"]
    assert policy == {"per_alert": {"actionable_alerts": ["NEW"]}}


BURSTS = {
    "value": [
        {"key": ["u", "a"], "from": "F", "to": "T", "events": 2},
        {"key": ["v", "a"], "from": "F", "to": "T", "events": 3},
    ]
}
CONTEXT: dict[str, Any] = {
    "monitor": {"name": "[qdet:r] R"},
    "trigger": {"name": "high: r version 1"},
    "results": [
        {
            "hits": {"hits": [{"_source": {"eventName": "X", "eventID": "1", "userIdentity": {"arn": "u"}}}]},
            "aggregations": {"corr": BURSTS},
        }
    ],
    "newAlerts": [{"bucket_keys": "u,a"}],
}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (single({"eventName": "x"}), "[qdet:r] R\n X by u from , event 1\n"),
        (counted({"eventName": "x"}), "[qdet:r] R\nu,a\n"),
        (aliased(), "[qdet:r] R\nu a from F to T, 2 events\nv a from F to T, 3 events\n"),
    ],
)
def test_the_message_of_an_action_names_what_was_found(node: Node, query: OpenSearchQuery, message: str) -> None:
    source = {"message": monitor(query)["ui_metadata"]["qdet"]["action"]["message_template"]["source"]}
    answer = node.call("POST", "/_render/template", {"source": source, "params": {"ctx": CONTEXT}})
    assert answer["template_output"] == {"message": message}


def test_a_correlation_of_too_many_clauses_is_refused_by_name() -> None:
    patterns = [f"x{number}*" for number in range(1000)]
    assert "dsl" in counted({"eventName": patterns}).formats
    with pytest.raises(Refused, match="a query of 1001 clauses"):
        counted({"eventName": [*patterns, "y*"]})


@pytest.mark.parametrize(("release", "shape"), [("older", "nested"), ("node", "nested"), ("node", "flat")])
def test_nobody_hides_a_call_behind_json_that_is_deep(
    request: pytest.FixtureRequest, release: str, shape: mapping.Shape
) -> None:
    on: Node = request.getfixturevalue(release)
    array: Any = "x"
    tree: Any = "x"
    for _ in range(400):
        array, tree = [array], {"k": tree}
    query = single({"requestParameters.configuration|exists": True})
    records = [{"requestParameters": {"configuration": deep}} for deep in (array, tree)]
    name = f"cloudtrail-deep-{shape}"
    assert not on.index(name, opensearch.template([query], SCHEMA, shape), records)
    assert on.found(name, json.loads(query.text("dsl"))["query"]) == {0, 1}


CONTAINED: list[dict[str, Any]] = [
    {"eventName": "x", "requestParameters": {"s": "text", "o": {"p": "text"}}},
    {"eventName": "x", "requestParameters": {"o": "text"}},
    {"eventName": "x", "responseElements": {"text": "text"}, "requestParameters": None},
    {"eventName": "x", "requestParameters": "text"},
]


@pytest.mark.parametrize(("release", "shape"), [("older", "nested"), ("node", "nested"), ("node", "flat")])
def test_a_test_on_an_object_is_false_beside_tests_on_what_it_holds(
    request: pytest.FixtureRequest, release: str, shape: mapping.Shape
) -> None:
    """The nested template rejects a record with a value where the rules read an object; no test on an object fails."""
    on: Node = request.getfixturevalue(release)
    selections: list[dict[str, Any]] = [
        {"requestParameters|contains": "text"},
        {"requestParameters|re": "t.xt"},
        {"requestParameters": ["text", 7]},
        {"requestParameters|fieldref": "eventName"},
        {"requestParameters|gt": 7},
        {"requestParameters|exists": True},
        {"responseElements|contains": "text"},
        {"requestParameters.o|startswith": "t"},
        {"requestParameters.o.p": "text"},
        {"requestParameters.s|cased": "text"},
    ]
    queries = [single(selection) for selection in selections]
    name = f"cloudtrail-contained-{shape}"
    rejected = on.index(name, opensearch.template(queries, SCHEMA, shape), CONTAINED)
    assert rejected == (set() if shape == "flat" else {1, 3})
    for selection, query in zip(selections, queries, strict=True):
        meant = {number for number, event in enumerate(CONTAINED) if holds(selection=selection)(event)} - rejected
        assert on.found(name, json.loads(query.text("dsl"))["query"]) == meant, selection
        if "lucene" in query.formats:
            assert on.found(name, {"query_string": {"query": query.text("lucene"), "analyze_wildcard": True}}) == meant


def test_rules_that_read_a_value_and_an_object_under_one_name_are_put_apart() -> None:
    read = [
        {"requestParameters.o": "x"},
        {"requestParameters.o.p": "x"},
        {"requestParameters|contains": "x"},
        {"requestParameters.o.q": "x"},
        {"requestParameters.o.p.r": "x"},
        {"requestParameters.o|exists": True},
    ]
    queries = [single(selection) for selection in read]
    sets = opensearch.apart(queries, SCHEMA)
    assert [[queries.index(query) for query in one] for one in sets] == [[0, 2, 5], [1, 3], [4]]


def test_a_field_with_the_name_of_a_subfield_is_refused_beside_its_field() -> None:
    queries = [single({"requestParameters.o": "x"}), single({"requestParameters.o.n": "x"}, "aws_amazonq_other")]
    with pytest.raises(Refused, match=r"the field requestParameters\.o\.n") as refused:
        opensearch.template(queries, SCHEMA, "nested")
    assert refused.value.stem == "aws_amazonq_other"
    assert opensearch.template(queries[1:], SCHEMA, "nested")


def test_the_promises_hold_while_a_monitor_runs() -> None:
    promises = SEMANTICS.partition("One burst alerts once")[0]
    (row,) = [line for line in promises.splitlines() if line.startswith("| OpenSearch |")]
    assert row.split(" | ")[1:] == [single({"eventName": "x"}).promise, f"{counted({'eventName': 'x'}).promise} |"]


@pytest.mark.parametrize(
    ("query", "assumed"),
    [
        (single({"requestParameters.bucketPolicy|contains": "x"}), True),
        (single({"requestParameters.serverUrl|contains": "x", "eventName": "y*", "userAgent|contains": "z"}), False),
        (single({"requestParameters.bucketPolicy": ["x", "y"]}), False),
        (single({"requestParameters.bucketPolicy|exists": True}), False),
        (single({"requestParameters.policyDocument|contains": "x"}), False),
        (counted({"eventName": "x"}, **{"group-by": ["requestParameters.bucketPolicy"]}), True),
        (counted({"eventName": "x"}, **{"group-by": ["userIdentity.arn"]}), False),
    ],
)
def test_a_query_names_what_it_assumes_of_lengths(query: OpenSearchQuery, assumed: bool) -> None:
    assert query.assumptions == ((SHORT_ENOUGH,) if assumed else ())


@pytest.mark.parametrize("release", ["older", "node"])
def test_the_query_that_settles_the_assumption_finds_long_values(release: str, request: pytest.FixtureRequest) -> None:
    on: Node = request.getfixturevalue(release)
    (row,) = [line for line in SEMANTICS.splitlines() if line.startswith(f"| `{SHORT_ENOUGH}` |")]
    body = json.loads(row.split("`")[3])
    records: list[dict[str, Any]] = [{"a": "x" * 10_922}, {"a": {"b": [1, "x" * 10_923]}}, {}, {"a": "x" * 20_000}]
    on.index("lengths", opensearch.template([], SCHEMA, "nested"), records)
    hits = on.search("lengths", body)["hits"]["hits"]
    assert {hit["_id"] for hit in hits} == {"1", "3"}


def lengths(field: str) -> Iterator[int | None]:
    """The maximum of the values of a request's member in each operation that has it; an enumeration is as long as its values."""
    for model in MODELS:
        for operation in model.operation_names:
            shape: Any = model.operation_model(operation).input_shape
            for step in field.split(".")[1:]:
                shape = members(shape).get(step)
            shape = element(shape)
            if shape is not None and shape.type_name == "string":
                yield max(map(len, shape.enum)) if shape.enum else shape.metadata.get("max")


def element(shape: Any) -> Any:
    while shape is not None and shape.type_name == "list":
        shape = shape.member
    return shape


def members(shape: Any) -> dict[str, Any]:
    shape = element(shape)
    found = shape.members if shape is not None and shape.type_name == "structure" else {}
    return {name[:1].lower() + name[1:]: member for name, member in found.items()}


SIDE = "requestParameters."


@pytest.mark.parametrize("field", sorted(name for name in SCHEMA.scalars | SCHEMA.short_texts if name.startswith(SIDE)))
def test_a_short_text_has_a_documented_maximum(field: str) -> None:
    found = list(lengths(field))
    assert found
    assert all(length is not None and length <= IGNORE_ABOVE for length in found)


@pytest.mark.parametrize("field", sorted(SCHEMA.long_texts))
def test_a_long_text_has_none_or_one_that_is_longer(field: str) -> None:
    assert any(length is None or length > IGNORE_ABOVE for length in lengths(field))


def test_a_field_is_of_one_length() -> None:
    assert not SCHEMA.long_texts & (SCHEMA.scalars | SCHEMA.short_texts)
    assert not SCHEMA.short_texts & SCHEMA.scalars
