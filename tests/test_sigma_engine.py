"""The engine `sigma`: which rules meet which record, before any of them is evaluated."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from amazon_q_detections import ruleset
from amazon_q_detections.rule import Rule
from amazon_q_detections.sigma_engine import SigmaEngine

RULES = """
title: Single
name: single
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventSource: [Q.amazonaws.com, ΑΣ], eventName: A}, condition: selection}
---
title: Free
name: free
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: A}, condition: selection}
---
title: Counted
name: counted
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventSource: q.amazonaws.com, eventName: B}, condition: selection}
---
title: Twice
correlation: {type: event_count, rules: [counted], timespan: 60s, condition: {gte: 2}}
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> list[Rule]:
    path: Path = tmp_path_factory.mktemp("rules") / "aws_twice_in_a_minute.yml"
    path.write_text(RULES)
    return ruleset.load([path])


def raised(rules: list[Rule], *events: dict[str, Any]) -> list[str]:
    numbered = ({"eventTime": "2026-01-01T00:00:00Z", "eventID": str(number), **one} for number, one in enumerate(events))
    return sorted(match.rule.title for match in SigmaEngine().search(rules, numbered))


@pytest.mark.parametrize(
    "source",
    ["q.amazonaws.com", "Q.AMAZONAWS.COM", "ΑΣ", "ασ", ["other", "q.amazonaws.com"], [["q.amazonaws.com"]]],
    ids=[
        "as written",
        "in capitals",
        "a capital sigma at the end",
        "a small sigma at the end",
        "in an array",
        "in an array in an array",
    ],
)
def test_a_rule_meets_every_record_that_can_match_it(rules: list[Rule], source: Any) -> None:
    assert raised(rules, {"eventSource": source, "eventName": "A"}) == ["Free", "Single"]


@pytest.mark.parametrize("source", ["other", None, 7, {}, []])
def test_a_rule_is_not_raised_by_another_source(rules: list[Rule], source: Any) -> None:
    assert raised(rules, {"eventSource": source, "eventName": "A"}) == ["Free"]


def test_a_correlation_is_fed_from_an_array_too(rules: list[Rule]) -> None:
    event = {"eventSource": ["x", "q.amazonaws.com"], "eventName": "B"}
    assert raised(rules, event, event) == ["Twice"]
    assert raised(rules, event) == []


def test_one_record_delivered_twice_is_one(rules: list[Rule]) -> None:
    event = {"eventSource": "q.amazonaws.com", "eventID": "one"}
    assert raised(rules, {**event, "eventName": "B"}, {**event, "eventName": "B"}) == []
    assert raised(rules, {**event, "eventName": "A"}, {**event, "eventName": "A"}) == ["Free", "Single"]


def test_records_without_an_id_are_each_one(rules: list[Rule]) -> None:
    event = {"eventSource": "q.amazonaws.com", "eventName": "B"}
    for lacking in ({"eventID": None}, {"eventID": ""}, {"eventID": 7}):
        assert raised(rules, {**event, **lacking}, {**event, **lacking}) == ["Twice"]
        assert raised(rules, {**event, **lacking, "eventName": "A"}, {**event, **lacking, "eventName": "A"}) == [
            "Free",
            "Free",
            "Single",
            "Single",
        ]


OVERLAPPING = """
title: Counted
name: counted
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventSource: [q.amazonaws.com, other], eventName: B}, condition: selection}
---
title: Any B
name: any_b
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: B*}, condition: selection}
---
title: Twice
correlation: {type: event_count, rules: [counted, any_b], timespan: 60s, condition: {gte: 2}}
"""


@pytest.mark.parametrize("source", ["q.amazonaws.com", ["q.amazonaws.com", "other"], None])
@pytest.mark.parametrize("event_id", ["one", None, ""])
def test_a_record_that_two_counted_rules_match_is_one(tmp_path: Path, source: Any, event_id: Any) -> None:
    (tmp_path / "aws_overlapping_rules.yml").write_text(OVERLAPPING)
    found = ruleset.load([tmp_path])
    event = {"eventSource": source, "eventName": "B", "eventID": event_id}
    assert raised(found, event) == []
    assert raised(found, {**event, "eventID": None}, {**event, "eventID": None, "eventName": "Bx"}) == ["Twice"]


def test_a_record_without_an_id_raises_a_rule_once_though_it_has_two_of_its_sources(rules: list[Rule]) -> None:
    event = {"eventSource": ["q.amazonaws.com", "ασ"], "eventName": "A", "eventID": None}
    assert raised(rules, event) == ["Free", "Single"]


PINNED = {
    "two at once": ("one and two", ["x", "y"], True),
    "two at once, not": ("one and two", "x", False),
    "a free branch": ("one or name", "z", True),
    "a negated source": ("not one and name", "z", True),
    "a negated source, itself": ("not one and name", "x", False),
    "the start of a source": ("start and name", "xyz", True),
    "one of two": ("(one or two) and name", "y", True),
    "two, of which one is a branch": ("(one or two) and (two or name)", "y", True),
}


@pytest.mark.parametrize(("condition", "source", "expected"), PINNED.values(), ids=PINNED)
def test_a_rule_meets_records_of_every_source_that_it_can_match(
    tmp_path: Path, condition: str, source: Any, expected: bool
) -> None:
    rule = {
        "title": "A rule",
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "detection": {
            "one": {"eventSource": "x"},
            "two": {"eventSource": "y"},
            "start": {"eventSource|startswith": "x"},
            "name": {"eventName": "A"},
            "condition": condition,
        },
    }
    (tmp_path / "aws_a_rule.yml").write_text(yaml.safe_dump(rule))
    found = ruleset.load([tmp_path])
    assert raised(found, {"eventSource": source, "eventName": "A"}) == (["A rule"] if expected else [])


def test_a_rule_that_pysigma_refuses_is_named_and_the_rest_is_run(rules: list[Rule]) -> None:
    broken = {**rules[0].main, "detection": {"selection": {"a": "b"}, "condition": "selection and and x"}}
    refused: list[str] = []
    records = [{"eventSource": "q.amazonaws.com", "eventName": "A", "eventID": "1"}]
    found = SigmaEngine().search(
        [Rule("aws_broken_rule", rules[0].path, broken), *rules], records, lambda one: refused.append(one.stem)
    )
    assert {match.rule.title for match in found} == {"Single", "Free"}
    assert refused == ["aws_broken_rule"]
