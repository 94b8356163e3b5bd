"""Correlations as Logs Insights queries: what a run finds is what the rule means of the events in its window; what is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma_text import correlated

from amazon_q_detections import record, timeline
from amazon_q_detections.conversion import schema_of
from amazon_q_detections.errors import Refused
from amazon_q_detections.schedule import Schedule
from amazon_q_detections.targets.cloudwatch import insights
from amazon_q_detections.targets.cloudwatch.insights import DIALECTS, Dialect
from sigma.backends.cloudwatch_logs_insights import correlations
from sigma.backends.cloudwatch_logs_insights.assumptions import ASSUMPTIONS
from sigma.backends.cloudwatch_logs_insights.query import Filters, piped

SCHEMA = schema_of("cloudwatch_cloudtrail")
SOURCE = "qbusiness.amazonaws.com"
SCHEDULE = Schedule(step=60, delay=900, throttle=60)
TIMESPAN = 60
BASES = {
    "first": {"eventSource": SOURCE, "eventName": "A"},
    "second": {"eventSource": SOURCE, "eventName|startswith": ["B", "A2"]},
    "third": {"eventSource": SOURCE, "requestParameters.o.a|exists": True},
    "fourth": {"eventSource": SOURCE, "requestParameters.x-y|contains": "a"},
    "fifth": {"eventSource": SOURCE, "eventName": "C"},
}
AMOUNT = "requestParameters.n"
EXTENDED = [
    "first and (second or fifth)",
    "first or (second and fifth)",
    "(first or second) and fifth",
    "first or fifth or second",
]
OBJECT_KEY, VALUE_KEY, HEAD_KEY = "requestParameters.o", "requestParameters.x-y", "userIdentity.arn"


def at(second: int, number: int = 0, **keys: Any) -> dict[str, Any]:
    """An event of that second, with an id of its own."""
    moment = record.iso((1_700_000_000 + second) * record.SECOND)
    return {"eventSource": SOURCE, "eventName": "A", "eventTime": moment, "eventID": f"event-{number}-{second}", **keys}


def written(made: Any) -> correlations.Written:
    return correlations.write(made, Filters(SCHEMA, frozenset({SOURCE})), SCHEDULE)


def commands(query: correlations.Written) -> str:
    return piped((*query.selecting, *query.counting))


def found(made: Any, events: list[dict[str, Any]], end: int, dialect: Dialect = DIALECTS[0]) -> set[tuple[str, ...]]:
    """The groups that a run finds that ends *end* s after the first second of the events and the delay."""
    query = written(made)
    rows = [insights.row(event) for event in events]
    run = insights.run(commands(query), rows, 1_700_000_000 + end + SCHEDULE.delay, dialect)
    return {tuple(record.text(row[name]) for _, name in query.keys) for row in run}


def meant(made: Any, events: list[dict[str, Any]], end: int) -> set[tuple[str, ...]]:
    """The groups of the rule in the events of the window."""
    inside = [one for one in events if end - TIMESPAN <= (record.time(one) or 0) - 1_700_000_000 <= end]
    return {tuple(hit.group.values()) for hit in timeline.hits(made, inside)}


VALUES = st.sampled_from(["a", "A", "", None, {}, {"a": "b"}, {"a": None}])


@st.composite
def bursts(draw: st.DrawFn) -> list[dict[str, Any]]:
    events = []
    for number in range(draw(st.integers(2, 8))):
        optional = {"o": VALUES, "n": st.sampled_from([0, 1, 3, "3", 10, "x", None, {}])}
        parameters = draw(st.fixed_dictionaries({"x-y": VALUES}, optional=optional) | st.none())
        identity = draw(st.sampled_from([{"arn": "p"}, {"arn": "P"}, {}]))
        name, second = draw(st.sampled_from(["A", "A2", "B1", "C"])), draw(st.sampled_from([0, 1, 30, 60, 61]))
        events.append(at(second, number, eventName=name, requestParameters=parameters, userIdentity=identity))
    return events


@st.composite
def rules(draw: st.DrawFn) -> Any:
    kind = draw(
        st.sampled_from(["event_count", "value_count", "value_sum", "temporal", "temporal_ordered", "extended", "aliased"])
    )
    keys = draw(st.lists(st.sampled_from([OBJECT_KEY, VALUE_KEY, HEAD_KEY]), unique=True, max_size=2) | st.just([]))
    names = draw(st.permutations(list(BASES)))[: draw(st.integers(1, 2 if kind == "temporal_ordered" else 3))]
    least = {draw(st.sampled_from(["gte", "gt"])): draw(st.integers(1, 4 if kind == "value_sum" else 2))}
    asked: Mapping[str, Any] = {}
    match kind:
        case "event_count":
            asked = {"condition": least}
        case "value_count":
            asked = {"condition": {**least, "field": draw(st.sampled_from([OBJECT_KEY, VALUE_KEY]))}}
        case "value_sum":
            asked = {"condition": {**least, "field": AMOUNT}}
        case "extended":
            kind, names, asked = "temporal", ["first", "second", "fifth"], {"condition": draw(st.sampled_from(EXTENDED))}
        case "aliased":
            names, keys = ["first", "fifth"], ["who"]
            asked = {"aliases": {"who": {"first": HEAD_KEY, "fifth": VALUE_KEY}}}
            kind = draw(st.sampled_from(["temporal", "temporal_ordered", "event_count"]))
            asked |= {"condition": least} if kind == "event_count" else {}
    return correlated(kind, {name: BASES[name] for name in names}, group_by=keys, timespan=f"{TIMESPAN}s", **asked)


said: dict[bool, int] = {True: 0, False: 0}


@given(made=rules(), events=bursts(), end=st.sampled_from([30, 59, 60, 61, 90]))
@settings(max_examples=1000, deadline=None, derandomize=True)
def check(made: Any, events: list[dict[str, Any]], end: int) -> None:
    for dialect in DIALECTS:
        groups = found(made, events, end, dialect)
        assert groups == meant(made, events, end), (commands(written(made)), events)
        said[bool(groups)] += 1


def test_a_run_finds_what_the_rule_means_of_its_window() -> None:
    check()
    assert min(said.values()) > 300, said


@pytest.mark.parametrize(
    ("kind", "keys", "named"),
    [
        ("event_count", {"condition": {"gte": 2}}, "aws_casing parse_date"),
        ("event_count", {"condition": {"gte": 2}, "group_by": [HEAD_KEY]}, "aws_casing by_case parse_date"),
        (
            "value_count",
            {"condition": {"gte": 2, "field": "requestParameters.indexId"}},
            "aws_casing by_case empty_kept null_absent parse_date",
        ),
    ],
)
def test_a_correlation_names_what_it_rests_on(kind: str, keys: dict[str, Any], named: str) -> None:
    filters = Filters(SCHEMA, frozenset({SOURCE}))
    made = correlated(kind, {"first": BASES["first"]}, timespan="60s", **keys)
    correlations.write(made, filters, SCHEDULE)
    assert " ".join(sorted(filters.needs.assumptions)) == named
    assert filters.needs.assumptions <= set(ASSUMPTIONS)


def test_a_record_that_is_delivered_twice_is_one_event() -> None:
    twice = [at(0), at(0)]
    made = correlated("event_count", {"first": BASES["first"]}, timespan="60s", condition={"gte": 2})
    assert found(made, twice, 60) == set()
    assert found(made, [*twice, at(0, 1)], 60) == {()}


@pytest.mark.parametrize("dialect", DIALECTS, ids=["compact", "spaced"])
@pytest.mark.parametrize("value", [{}, {"a": 1}, None])
def test_an_object_is_no_group_and_no_value(value: Any, dialect: Dialect) -> None:
    """`stats` does not support maps and lists (CloudWatch Logs User Guide, "Structure types")."""
    events = [at(0, number, requestParameters={"o": value, "x-y": "z"}) for number in range(3)]
    by_group = correlated("event_count", {"first": BASES["first"]}, timespan="60s", group_by=[OBJECT_KEY], condition={"gte": 1})
    by_value = correlated("value_count", {"first": BASES["first"]}, timespan="60s", condition={"gte": 1, "field": OBJECT_KEY})
    assert found(by_group, events, 60, dialect) == found(by_value, events, 60, dialect) == set()


@pytest.mark.parametrize("dialect", DIALECTS, ids=["compact", "spaced"])
def test_an_object_under_an_alias_is_no_group(dialect: Dialect) -> None:
    bases = {"first": BASES["first"], "fifth": BASES["fifth"]}
    aliases = {"who": {"first": HEAD_KEY, "fifth": VALUE_KEY}}
    made = correlated("event_count", bases, group_by=["who"], aliases=aliases, timespan="60s", condition={"gte": 1})
    events = [
        at(0, number, eventName="C", requestParameters={"x-y": value}) for number, value in enumerate([{}, {"a": 1}, "z"])
    ]
    assert found(made, events, 60, dialect) == meant(made, events, 60) == {("z",)}


NAMES = list(BASES)[:3]
ARRAY = "resources.ARN"


@pytest.mark.parametrize(
    ("kind", "bases", "keys", "construct"),
    [
        ("temporal_ordered", NAMES, {}, "an order of 3 rules"),
        ("temporal", NAMES[:2], {"condition": "first and not second"}, "'not' in a correlation's condition"),
        ("value_avg", NAMES[:1], {"condition": {"gte": 2, "field": "a"}}, "of type value_avg"),
        ("value_sum", NAMES[:1], {"condition": {"gte": 2, "field": ARRAY}}, "a sum over the array"),
        ("event_count", NAMES[:1], {"group_by": [ARRAY], "condition": {"gte": 2}}, "a group-by key over the array"),
        ("event_count", NAMES[:1], {"group_by": ["resources"], "condition": {"gte": 2}}, "a group-by key over the array"),
        ("event_count", NAMES[:1], {"group_by": ["a.b", "a_b"], "condition": {"gte": 2}}, "much the same name"),
        ("event_count", NAMES[:1], {"condition": {"lt": 2}}, "a silent window"),
        ("value_count", NAMES[:1], {"condition": {"gte": 2, "field": ARRAY}}, "a distinct count over the array"),
        (
            "event_count",
            NAMES[:2],
            {"group_by": ["who"], "aliases": {"who": {"first": "a", "second": "b"}}, "condition": {"gte": 2}},
            "the alias who",
        ),
    ],
)
def test_what_cannot_be_counted_is_refused_by_name(kind: str, bases: list[str], keys: dict[str, Any], construct: str) -> None:
    with pytest.raises(Refused, match=construct):
        written(correlated(kind, {name: BASES[name] for name in bases}, timespan="60s", **keys))


def test_a_key_takes_no_name_that_the_query_has_for_itself() -> None:
    """A name that is defined twice is an error ("Ephemeral field is already defined")."""
    keys = ["rule_1", "o_json", "record", "first"]
    bases = {"first": {"eventName": "A", "o|exists": True}, "second": {"eventName": "B", "o|exists": True}}
    events = [at(0, number, eventName="AB"[number], o={}, **dict.fromkeys(keys, "x")) for number in range(2)]
    made = correlated("temporal", bases, group_by=keys, timespan="60s")
    assert found(made, events, 60) == meant(made, events, 60) == {("x",) * 4}
    names = [*re.findall(r" as (\w+)", commands(written(made))), *(name for _, name in written(made).keys)]
    assert len({*names}) == len(names) - len(keys)
