"""What pysigma-backend-opensearch makes of a rule is run beside what we make of it, on a real node: its verdicts are wrong, ours right.

Each case stands for a fault of the stock output; where a release of it should mend one, its case fails and may go.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from opensearch_node import Node
from sigma.backends.opensearch import OpensearchLuceneBackend
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaError
from sigma_text import document

from amazon_q_detections.errors import Refused
from amazon_q_detections.rule import Rule
from amazon_q_detections.sigma_engine import SigmaEngine
from amazon_q_detections.targets import opensearch

DEFAULT: dict[str, Any] = {"template": {"mappings": {}}}
"""OpenSearch's own dynamic mapping, for which the stock output is written."""


def event(number: int, **fields: Any) -> dict[str, Any]:
    """A record with its number as id."""
    return {
        "eventID": str(number),
        "eventTime": "2026-03-01T10:00:00Z",
        "eventSource": "example.amazonaws.com",
        "eventName": "Get",
        **fields,
    }


def told(rule: dict[str, Any]) -> Rule:
    return Rule("aws_a_rule", Path("aws_a_rule.yml"), rule)


def stock(rule: dict[str, Any]) -> str:
    """The stock backend's Lucene text."""
    (text,) = OpensearchLuceneBackend().convert(SigmaCollection.from_dicts([rule]))
    return str(text)


def right(rule: dict[str, Any], events: list[dict[str, Any]]) -> set[str]:
    return {match.event_ids[0] for match in SigmaEngine().search([told(rule)], events)}


def by_ours(node: Node, name: str, rule: dict[str, Any], events: list[dict[str, Any]]) -> set[str]:
    target = opensearch.OpenSearch()
    query = target.compile(told(rule), "cloudtrail")
    tree = target.bundle([query], name="stock_faults", schema="cloudtrail")
    assert node.index(name, json.loads(tree["index-template.json"]), events) == set()
    return ids(node, name, json.loads(query.text("dsl"))["query"], events)


def ids(node: Node, name: str, query: dict[str, Any], events: list[dict[str, Any]]) -> set[str]:
    return {events[number]["eventID"] for number in node.found(name, query)}


def text_query(text: str) -> dict[str, Any]:
    return {"query_string": {"query": text, "analyze_wildcard": True}}


FAULTS: dict[str, tuple[dict[str, Any], list[dict[str, Any]], set[str]]] = {
    "an anchor at the start is a character": (
        {"selection": {"userAgent|re": r"^curl/\d"}},
        [event(1, userAgent="curl/8.1"), event(2, userAgent="libcurl/8")],
        set(),
    ),
    "an expression must fit the whole value": (
        {"selection": {"requestParameters.uri|re": "evil"}},
        [
            event(1, requestParameters={"uri": "https://evil.example"}),
            event(2, requestParameters={"uri": "https://good.example"}),
        ],
        set(),
    ),
    "a flag is text": (
        {"selection": {"userAgent|re|i": "CURL"}},
        [event(1, userAgent="curl"), event(2, userAgent="wget")],
        set(),
    ),
    "a network never excludes": (
        {
            "selection": {"eventName": "Get"},
            "filter": {"sourceIPAddress|cidr": "10.0.0.0/8"},
            "condition_text": "selection and not filter",
        },
        [
            event(1, sourceIPAddress="10.1.2.3"),
            event(2, sourceIPAddress="192.0.2.1"),
            event(3, sourceIPAddress="q.amazonaws.com"),
        ],
        {"1", "2", "3"},
    ),
    "a value is any of its words": (
        {"selection": {"resources.type": "AWS::QBusiness::Application"}},
        [event(1, resources=[{"type": "AWS::QBusiness::Application"}]), event(2, resources=[{"type": "AWS::S3::Bucket"}])],
        {"1", "2"},
    ),
    "a word is a value": (
        {"selection": {"errorMessage": "denied"}},
        [event(1, errorMessage="Denied"), event(2, errorMessage="Access denied to all")],
        {"1", "2"},
    ),
    "a start of several words is any start": (
        {"selection": {"userIdentity.arn|startswith": "arn:aws:sts::111122223333:assumed-role/"}},
        [
            event(1, userIdentity={"arn": "arn:aws:sts::111122223333:assumed-role/Admin/alice"}),
            event(2, userIdentity={"arn": "arn:aws:iam::444455556666:role/alice"}),
        ],
        {"1", "2"},
    ),
    "a part of several words is never found": (
        {"selection": {"userAgent|contains": " exec-env/CloudShell"}},
        [event(1, userAgent="aws-cli/2.31 exec-env/CloudShell md/x")],
        set(),
    ),
    "an empty object is absent": (
        {"selection": {"requestParameters.authConfiguration.noAuthConfiguration|exists": True}},
        [event(1, requestParameters={"authConfiguration": {"noAuthConfiguration": {}}}), event(2, requestParameters={})],
        set(),
    ),
    "a number in a text is compared as a text": (
        {"selection": {"requestParameters.size|gte": 1000}},
        [event(1, requestParameters={"size": "9"}), event(2, requestParameters={"size": "1000"})],
        {"1", "2"},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_stock_text_is_wrong_and_ours_is_right(node: Node, fault: str) -> None:
    detection, events, wrong = FAULTS[fault]
    rule = document(**detection)
    name = f"stock-{list(FAULTS).index(fault)}"
    expected = right(rule, events)
    assert node.index(name, DEFAULT, events) == set()
    assert ids(node, name, text_query(stock(rule)), events) == wrong != expected
    assert by_ours(node, f"{name}-ours", rule, events) == expected


UNSAID = {
    "case": {"selection": {"userAgent|contains|cased": "Pacu"}},
    "two fields": {"selection": {"userIdentity.userName|fieldref": "requestParameters.userName"}},
}
SPOKEN = [
    event(1, userAgent="Pacu", userIdentity={"userName": "alice"}, requestParameters={"userName": "Alice"}),
    event(2, userAgent="pacu", userIdentity={"userName": "alice"}, requestParameters={"userName": "bob"}),
]


@pytest.mark.parametrize("what", UNSAID)
def test_the_stock_backend_cannot_say_it_and_ours_can(node: Node, what: str) -> None:
    rule = document(**UNSAID[what])
    with pytest.raises((SigmaError, NotImplementedError)):
        stock(rule)
    assert by_ours(node, f"unsaid-{list(UNSAID).index(what)}", rule, SPOKEN) == right(rule, SPOKEN) == {"1"}


def test_a_field_with_a_sign_breaks_the_stock_text_and_is_refused_by_name_here(node: Node) -> None:
    rule = document(selection={"requestParameters.tags.aws:ResourceTag/team": "red"})
    events = [event(1, requestParameters={"tags": {"aws:ResourceTag/team": "red"}})]
    assert node.index("stock-sign", DEFAULT, events) == set()
    with pytest.raises(AssertionError, match=r"[Pp]arse"):
        ids(node, "stock-sign", text_query(stock(rule)), events)
    with pytest.raises(Refused, match="the field name"):
        opensearch.OpenSearch().compile(told(rule), "cloudtrail")


def test_the_stock_monitor_finds_all_that_ever_happened_and_ours_what_arrived_since() -> None:
    rule = document(selection={"eventName": "Get"})
    (monitor,) = OpensearchLuceneBackend().convert(SigmaCollection.from_dicts([rule]), "monitor_rule")
    assert "range" not in str(monitor)
    assert "{{period_end}}" in opensearch.OpenSearch().compile(told(rule), "cloudtrail").text("monitor")


def test_the_stock_backend_has_no_correlations() -> None:
    base = document(selection={"eventName": "Get"}, name="base")
    counted = {
        "title": "Counted",
        "correlation": {"type": "event_count", "rules": ["base"], "group-by": ["a"], "timespan": "5m", "condition": {"gte": 2}},
    }
    with pytest.raises(NotImplementedError):
        OpensearchLuceneBackend().convert(SigmaCollection.from_dicts([base, counted]))
