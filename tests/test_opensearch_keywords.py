"""Keywords on real OpenSearch nodes: a text in any string of a record, in searches and in monitors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from opensearch_alerting import groups, rendered
from opensearch_node import Node
from sigma_text import holds

from amazon_q_detections import record
from amazon_q_detections.conversion import schema_of
from amazon_q_detections.rule import Rule
from amazon_q_detections.targets import opensearch
from amazon_q_detections.targets.opensearch import OpenSearchQuery
from amazon_q_detections.targets.opensearch.fields import Schema

TARGET = opensearch.OpenSearch()
SCHEMA = Schema.of(schema_of("opensearch_cloudtrail"))

RECORDS: list[dict[str, Any]] = [
    {"eventTime": "2026-11-23T10:00:00Z", "eventName": "fooBAR", "userIdentity": {"arn": "u"}},
    {"eventTime": "2026-11-23T10:00:09Z", "eventName": "X", "requestParameters": {"a": [{"b": ["no", "xfoobarx"]}]}},
    {"eventTime": "2026-11-23T10:00:09Z", "eventName": "X", "requestParameters": {"foobar": "key", "n": 7, "true": True}},
    {"eventTime": "2026-11-23T10:00:10Z", "eventName": "x", "requestParameters": {"s": "foo--\n--BAR", "t": "a\"b\\c'{{d}}"}},
    {"eventTime": "2026-11-23T10:00:10Z", "requestParameters": {"s": "ΣΑΣ 7", "long": "z" * 40_000 + "ÄÖ"}},
    {"eventTime": "2026-11-23T10:00:10Z", "requestParameters": {"s": "bar foo", "deep": [[[["foobar"]]]]}},
]
KEYWORDS = [
    "foobar", "FOO*bar", "bar*foo", "σας", "σ", "äö", "7", "true", r"a\"b", r'a"b\\c', "c'{{d}}", "{{d", "key", "*", "", r"\*", "foo", ["7", "key"], "eventName",
]  # fmt: skip


def single(keywords: Any, condition: str = "keywords", **selections: Any) -> OpenSearchQuery:
    detection = {"keywords": keywords, **selections, "condition": condition}
    main = {"title": "R", "logsource": {"product": "aws", "service": "cloudtrail"}, "detection": detection}
    return TARGET.compile(Rule("aws_amazonq_rule", Path("chat/aws_amazonq_rule.yml"), main), "cloudtrail")


@pytest.fixture(params=[("older", "nested"), ("node", "flat")], ids="-".join, scope="module")
def place(request: pytest.FixtureRequest) -> tuple[Node, str]:
    """A node, and an index there with RECORDS in two shards."""
    release, shape = request.param
    on, name = request.getfixturevalue(release), f"cloudtrail-keywords-{shape}"
    queries = [single(keywords if isinstance(keywords, list) else [keywords], s={"eventName": "x"}) for keywords in KEYWORDS]
    assert not on.index(name, opensearch.template([*queries, single(["{{d"])], SCHEMA, shape), RECORDS, shards=2)
    return on, name


def found(place: tuple[Node, str], body: dict[str, Any]) -> list[int]:
    on, name = place
    return sorted(int(hit["_id"]) for hit in on.search(name, body)["hits"]["hits"])


@pytest.mark.parametrize("condition", ["keywords", "not keywords", "keywords and selection", "keywords or selection"])
@pytest.mark.parametrize("keywords", KEYWORDS, ids=str)
def test_a_keyword_is_found_in_any_string_and_no_key(place: tuple[Node, str], keywords: Any, condition: str) -> None:
    listed = keywords if isinstance(keywords, list) else [keywords]
    selection = {"selection": {"eventName": "x"}} if "selection" in condition else {}
    query = single(listed, condition, **selection)
    meant = holds(condition, keywords=listed, **selection)
    wanted = [number for number, event in enumerate(RECORDS) if meant(event)]
    assert found(place, json.loads(query.text("dsl"))) == wanted
    assert found(place, {"query": {"query_string": {"query": query.text("lucene")}}, "sort": [{"eventTime": "asc"}]}) == wanted


def test_a_monitor_looks_for_keywords_too(place: tuple[Node, str]) -> None:
    search = rendered(place[0], json.loads(single(["foobar"]).text("monitor")), record_time(1) + 15 * 60 + 1)
    assert found(place, search) == [0, 1]


def record_time(number: int) -> float:
    return record.time(RECORDS[number]) or 0


def test_a_correlation_counts_records_with_a_keyword(place: tuple[Node, str]) -> None:
    detection = {"keywords": ["foobar"], "condition": "keywords"}
    base = {"title": "B", "name": "b", "logsource": {"product": "aws"}, "detection": detection}
    body = {"type": "event_count", "rules": ["b"], "timespan": "10m", "condition": {"gte": 3}}
    rule = Rule("aws_amazonq_rule", Path("chat/aws_amazonq_rule.yml"), {"title": "R", "correlation": body}, (base,))
    query = TARGET.compile(rule, "cloudtrail")
    on, name = place
    (burst,) = on.search(name, json.loads(query.text("dsl")))["aggregations"]["corr"]["value"]
    assert burst["events"] == 3
    assert groups(on, name, json.loads(query.text("monitor")), record_time(5) + 15 * 60) == {()}
