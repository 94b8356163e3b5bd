"""docs/semantics.md, "Correlations": windows, ties, groups, held against a brute force over all spans."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma_text import correlated

from amazon_q_detections import record, timeline
from amazon_q_detections.correlation import Correlation
from amazon_q_detections.errors import Refused

START = 1_767_225_600  # 2026-01-01T00:00:00Z


def event(second: float, name: str = "A", **fields: Any) -> dict[str, Any]:
    return {"eventTime": record.iso(START + second), "eventName": name, "who": "ann", **fields}


A, B, C = {"eventName": "A"}, {"eventName": "B"}, {"eventName": "C"}
COUNT3 = correlated("event_count", {"a": A}, group_by=["who"], timespan="60s", condition={"gte": 3})
VALUES2 = correlated("value_count", {"a": A}, group_by=["who"], timespan="60s", condition={"gte": 2, "field": "doc"})
BOTH = correlated("temporal", {"a": A, "b": B}, group_by=["who"], timespan="60s")
ORDER = correlated("temporal_ordered", {"a": A, "b": B, "c": C}, group_by=["who"], timespan="60s")


def raised(correlation: Correlation, *events: dict[str, Any]) -> bool:
    return any(True for _ in timeline.hits(correlation, events))


@pytest.mark.parametrize(
    ("correlation", "events", "expected"),
    [
        pytest.param(COUNT3, [event(0), event(30), event(60)], True, id="both ends of the span are inside it"),
        pytest.param(COUNT3, [event(0), event(30), event(61)], False, id="one second more is outside"),
        pytest.param(COUNT3, [event(60), event(0), event(30)], True, id="in any order"),
        pytest.param(COUNT3, [event(59), event(61), event(62)], True, id="across the minute"),
        pytest.param(COUNT3, [event(0), event(0), event(0)], True, id="at one time"),
        pytest.param(COUNT3, [event(0), event(1)], False, id="one too few"),
        pytest.param(COUNT3, [event(0), event(1), event(2, who="bob")], False, id="of another group"),
        pytest.param(COUNT3, [event(0), event(1), event(2, who="Ann")], False, id="group keys are case-sensitive"),
        pytest.param(COUNT3, [event(0), event(1), event(2, who=None)], False, id="null is no key"),
        pytest.param(
            COUNT3, [event(0), event(1), {"eventName": "A", "eventTime": record.iso(START)}], False, id="without a key"
        ),
        pytest.param(COUNT3, [event(0), event(1), event(2, "B")], False, id="of another rule"),
        pytest.param(COUNT3, [event(0), event(1), dict(event(2), eventTime="soon")], False, id="without a time"),
        pytest.param(VALUES2, [event(0, doc="x"), event(1, doc="y")], True, id="distinct values"),
        pytest.param(VALUES2, [event(0, doc="x"), event(1, doc="x")], False, id="the same value twice"),
        pytest.param(VALUES2, [event(0, doc="x"), event(1, doc="X")], True, id="values are case-sensitive"),
        pytest.param(VALUES2, [event(0, doc=["x", "y"])], True, id="distinct elements of an array"),
        pytest.param(VALUES2, [event(0, doc=["x", None]), event(1, doc=None), event(2)], False, id="null is no value"),
        pytest.param(VALUES2, [event(0, doc="x"), event(61, doc="y")], False, id="values too far apart"),
        pytest.param(BOTH, [event(60, "A"), event(0, "B")], True, id="temporal has no order"),
        pytest.param(BOTH, [event(0, "A"), event(1, "A")], False, id="temporal needs each rule"),
        pytest.param(BOTH, [event(0, "A"), event(61, "B")], False, id="temporal too far apart"),
        pytest.param(ORDER, [event(0, "A"), event(30, "B"), event(60, "C")], True, id="in order"),
        pytest.param(ORDER, [event(0, "A"), event(30, "C"), event(60, "B")], False, id="out of order"),
        pytest.param(ORDER, [event(5, "C"), event(5, "B"), event(5, "A")], True, id="equal times count as ordered"),
        pytest.param(ORDER, [event(0, "A"), event(50, "B"), event(61, "C")], False, id="ordered too far apart"),
        pytest.param(ORDER, [event(0, "A"), event(5, "A"), event(50, "B"), event(61, "C")], True, id="the latest start counts"),
    ],
)
def test_a_window(correlation: Correlation, events: list[dict[str, Any]], expected: bool) -> None:
    assert raised(correlation, *events) is expected


def test_an_event_of_two_rules_counts_once() -> None:
    twice = correlated("event_count", {"a": A, "again": {"eventName|startswith": "A"}}, timespan="60s", condition={"gte": 2})
    assert not raised(twice, event(0))
    assert raised(twice, event(0), event(1))


def test_without_group_by_all_is_one_group() -> None:
    anyone = correlated("event_count", {"a": A}, timespan="60s", condition={"gt": 1})
    (hit,) = timeline.hits(anyone, [event(0), event(1, who="bob")])
    assert hit.group == {}


def test_an_alias_is_another_field_in_each_rule() -> None:
    aliased = correlated(
        "temporal", {"a": A, "b": B}, group_by=["user"], timespan="60s", aliases={"user": {"a": "who", "b": "whom"}}
    )
    (hit,) = timeline.hits(aliased, [event(0, "A"), event(1, "B", who="x", whom="ann")])
    assert hit.group == {"user": "ann"}
    assert not raised(aliased, event(0, "A"), event(1, "B", whom="bob"))


def test_an_extended_condition() -> None:
    either = correlated("temporal", {"a": A, "b": B, "c": C}, timespan="60s", condition="a and (b or c)")
    assert raised(either, event(0, "A"), event(60, "C"))
    assert not raised(either, event(0, "B"), event(60, "C"))


def test_a_sum_of_whole_numbers() -> None:
    total = correlated("value_sum", {"a": A}, timespan="60s", condition={"gte": 10, "field": "size"})
    assert raised(total, event(0, size=4), event(60, size="6"))
    assert not raised(total, event(0, size=4), event(61, size=6))
    with pytest.raises(Refused, match="only sums of those are exact"):
        raised(total, event(0, size=0.1))


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("event_count", {"condition": {"lt": 3}}),
        ("event_count", {"condition": {"eq": 3}}),
        ("event_count", {"condition": {"gte": 0}}),
        ("value_avg", {"condition": {"gte": 3, "field": "size"}}),
        ("temporal", {"condition": {"gte": 1}}),
        ("temporal", {"condition": "not a"}),
    ],
)
def test_what_a_stream_cannot_decide_is_refused(kind: str, keys: dict[str, Any]) -> None:
    bases = {"a": A} if keys["condition"] == "not a" else {"a": A, "b": B}
    with pytest.raises(Refused):
        raised(correlated(kind, bases, timespan="60s", **keys), event(0))


def test_overlapping_windows_are_one_burst_and_others_are_not() -> None:
    burst = [event(second) for second in (0, 10, 20, 70)]
    later = [event(second) for second in (1000, 1001, 1002)]
    first, second = timeline.hits(COUNT3, [*later, *burst])
    assert (first.iso_time, len(first.records)) == ("2026-01-01T00:00:20Z", 4)
    assert (second.iso_time, len(second.records)) == ("2026-01-01T00:16:42Z", 3)


def test_a_million_events_in_one_group_are_no_square() -> None:
    """200,000 events that all fall into one window: a quadratic walk would not end in this lifetime of a test run."""
    many = correlated("event_count", {"a": A}, group_by=["who"], timespan="1d", condition={"gte": 3})
    (hit,) = timeline.hits(many, (event(0) for _ in range(200_000)))
    assert len(hit.records) == 200_000


EVENTS = st.lists(
    st.builds(
        event,
        st.integers(0, 12).map(lambda tens: tens * 10),
        st.sampled_from("ABC"),
        who=st.sampled_from(["ann", "Ann", None]),
        doc=st.sampled_from(["x", "y", ["x", "z"], None]),
    ),
    max_size=9,
)


def times(events: tuple[dict[str, Any], ...]) -> list[float]:
    return [record.time(one) or 0 for one in events]


def satisfied(correlation: Correlation, events: tuple[dict[str, Any], ...]) -> bool:
    """The condition on exactly these events, by its words."""
    names = [one["eventName"] for one in events]
    if correlation.kind == "event_count":
        return names.count("A") >= correlation.threshold
    if correlation.kind == "value_count":
        values = {str(value) for one in events if one["eventName"] == "A" for value in record.scalars(one, ("doc",))}
        return len(values) >= correlation.threshold
    if correlation.kind == "temporal":
        return {"A", "B"} <= set(names)
    by_name = [[moment for moment, name in zip(times(events), names, strict=True) if name == wanted] for wanted in "ABC"]
    return any(a <= b <= c for a in by_name[0] for b in by_name[1] for c in by_name[2])


def brute_force(correlation: Correlation, events: list[dict[str, Any]]) -> set[str]:
    """The groups of which some choice of events within the timespan satisfies the condition."""
    found = set()
    for who in ("ann", "Ann"):
        mine = [one for one in events if one["who"] == who]
        for size in range(1, len(mine) + 1):
            for chosen in combinations(mine, size):
                if max(times(chosen)) - min(times(chosen)) <= correlation.timespan and satisfied(correlation, chosen):
                    found.add(who)
    return found


@pytest.mark.parametrize("correlation", [COUNT3, VALUES2, BOTH, ORDER], ids=lambda one: one.kind)
@given(events=EVENTS)
@settings(derandomize=True, max_examples=150, deadline=None)
def test_hits_are_those_of_the_brute_force(correlation: Correlation, events: list[dict[str, Any]]) -> None:
    assert {hit.group["who"] for hit in timeline.hits(correlation, events)} == brute_force(correlation, events)
