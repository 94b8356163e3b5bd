"""docs/semantics.md, "Correlations": windows, ties, groups, sums, bursts, held against a brute force over all spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random
from time import process_time
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
    moment = START * record.SECOND + round(second * record.SECOND)
    return {"eventTime": record.iso(moment), "eventName": name, "who": "ann", **fields}


A, B, C = {"eventName": "A"}, {"eventName": "B"}, {"eventName": "C"}
COUNT3 = correlated("event_count", {"a": A}, group_by=["who"], timespan="60s", condition={"gte": 3})
VALUES2 = correlated("value_count", {"a": A}, group_by=["who"], timespan="60s", condition={"gte": 2, "field": "doc"})
BOTH = correlated("temporal", {"a": A, "b": B}, group_by=["who"], timespan="60s")
ORDER = correlated("temporal_ordered", {"a": A, "b": B, "c": C}, group_by=["who"], timespan="60s")
SUM = correlated("value_sum", {"a": A}, group_by=["who"], timespan="60s", condition={"gt": 3, "field": "size"})
EITHER = correlated("temporal", {"a": A, "b": B, "c": C}, group_by=["who"], timespan="60s", condition="a and (b or c)")
ALONE = correlated("temporal", {"a": A, "b": B}, group_by=["who"], timespan="60s", condition="a and not b")
MIXED = correlated(
    "temporal", {"a": A, "b": B, "c": C}, group_by=["who"], timespan="60s", condition="(a and not b) or (c and b)"
)
IDS = [
    "event_count",
    "value_count",
    "temporal",
    "temporal_ordered",
    "value_sum",
    "extended",
    "extended with not",
    "extended, mixed",
]


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
            COUNT3, [event(0), event(1), {"eventName": "A", "eventTime": event(0)["eventTime"]}], False, id="without a key"
        ),
        pytest.param(COUNT3, [event(0), event(1), event(2, "B")], False, id="of another rule"),
        pytest.param(COUNT3, [event(0), event(1), dict(event(2), eventTime="soon")], False, id="with a time that is none"),
        pytest.param(COUNT3, [{"eventName": "A", "who": "ann"}] * 3, False, id="without a time"),
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


ID = "00000002-2222-4222-8222-222222222222"


@pytest.mark.parametrize(("listed", "named"), [("b", ID), (ID, "b"), (ID, ID.upper()), ("b", "b")])
def test_an_alias_may_name_a_rule_otherwise_than_the_list_of_rules(listed: str, named: str) -> None:
    """A reference is a name or an id; each leads to the same rule."""
    aliases = {"user": {"a": "who", named: "whom"}}
    aliased = correlated(
        "temporal", {"a": A, "b": B}, ids={"b": ID}, rules=["a", listed], group_by=["user"], timespan="60s", aliases=aliases
    )
    assert raised(aliased, event(0, "A"), event(1, "B", who="x", whom="ann"))
    assert not raised(aliased, event(0, "A"), event(1, "B", who="ann", whom="x"))


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        ({"a": "who"}, "it must be one field in each rule, and is none in b"),
        ({"a": "who", "b": "whom", ID: "x"}, "it must be one field in each rule, and is 2 in b"),
        ({"a": "who", "b": "whom", "c": "x"}, "it is a field in c, which the correlation does not count"),
    ],
)
def test_an_alias_that_is_not_one_field_in_each_rule_is_refused(mapping: dict[str, str], reason: str) -> None:
    with pytest.raises(Refused, match=f"the alias user: {reason}"):
        correlated("temporal", {"a": A, "b": B}, ids={"b": ID}, group_by=["user"], timespan="60s", aliases={"user": mapping})


@pytest.mark.parametrize(
    ("kind", "keys", "construct"),
    [
        ("temporal", {"rules": []}, "a correlation without rules"),
        ("temporal", {"condition": {"eq": 2}}, "temporal with eq 2 of 2 rules"),
        ("temporal", {"condition": {"gt": 2}}, "temporal with gt 2 of 2 rules"),
        ("temporal", {"condition": {"gte": 2, "field": "doc"}}, "temporal with a field"),
        ("temporal_ordered", {"condition": {"eq": 2}}, "temporal_ordered with eq 2 of 2 rules"),
        ("event_count", {"condition": {"gte": 2, "field": "doc"}}, "event_count with a field"),
        ("value_count", {"condition": {"gte": 2, "field": ["doc", "size"]}}, "a count over several fields"),
        ("value_count", {"condition": {"gte": 2, "field": "user"}, "aliases": {"user": {"a": "who", "b": "whom"}}}, "value_count over the alias user"),
        ("value_sum", {"condition": {"gte": 2, "field": "user"}, "aliases": {"user": {"a": "who", "b": "whom"}}}, "value_sum over the alias user"),
    ],
)  # fmt: skip
def test_what_a_correlation_would_not_heed_is_refused_by_name(kind: str, keys: dict[str, Any], construct: str) -> None:
    with pytest.raises(Refused, match=construct):
        correlated(kind, {"a": A, "b": B}, timespan="60s", **keys)


def test_a_correlation_of_correlations_is_refused_by_name() -> None:
    with pytest.raises(Refused, match="a correlation of correlations: inner is itself a correlation"):
        correlated("temporal", {"a": A}, timespan="60s", rules=["a", "inner"], inner="inner")


def test_an_extended_condition() -> None:
    either = correlated("temporal", {"a": A, "b": B, "c": C}, timespan="60s", condition="a and (b or c)")
    assert raised(either, event(0, "A"), event(60, "C"))
    assert not raised(either, event(0, "A"), event(61, "C"))
    assert not raised(either, event(0, "B"), event(60, "C"))


def test_not_holds_if_some_span_is_without_the_member() -> None:
    assert raised(ALONE, event(0, "A"))
    assert raised(ALONE, event(0, "B"), event(1, "A"))
    assert not raised(ALONE, event(0, "A"), event(0, "B"))
    (hit,) = timeline.hits(ALONE, [event(0, "A"), event(10, "A"), event(20, "B")])
    assert (hit.iso_time, len(hit.records)) == ("2026-01-01T00:00:00Z", 2)


def test_a_span_that_reaches_over_two_bursts_joins_them() -> None:
    apart = [event(0, "A"), event(10, "B"), event(20, "A")]
    assert [len(hit.records) for hit in timeline.hits(MIXED, apart)] == [1, 1]
    (hit,) = timeline.hits(MIXED, [*apart, event(30, "C")])
    assert (hit.iso_time, len(hit.records)) == ("2026-01-01T00:00:00Z", 4)


def test_a_rule_that_is_listed_twice_is_met_once() -> None:
    twice = correlated("temporal", {"a": A}, timespan="60s", rules=["a", "a"])
    assert raised(twice, event(0))


def test_an_array_as_key_puts_an_event_into_each_group() -> None:
    keyed = correlated("event_count", {"a": A}, group_by=["tags", "who"], timespan="60s", condition={"gte": 2})
    found = list(
        timeline.hits(
            keyed, [event(0, tags=["x", "y", "x"]), event(1, tags=["y", None]), event(2, tags="x"), event(3, tags=[])]
        )
    )
    assert [hit.group for hit in found] == [{"tags": "y", "who": "ann"}, {"tags": "x", "who": "ann"}]


def test_group_keys_are_text_forms() -> None:
    keyed = correlated("event_count", {"a": A}, group_by=["flag"], timespan="60s", condition={"gte": 2})
    assert raised(keyed, event(0, flag=True), event(1, flag="true"))
    assert raised(keyed, event(0, flag=7), event(1, flag="7"))
    assert not raised(keyed, event(0, flag=True), event(1, flag="True"))
    assert not raised(keyed, event(0, flag={"a": 1}), event(1, flag={"a": 1}))


def test_parts_of_a_second_count() -> None:
    assert raised(COUNT3, event(0.25), event(30), event(60.25))
    assert not raised(COUNT3, event(0.25), event(30), event(60.250001))


@pytest.mark.parametrize("second", [0, 2**30, 2**31, 2**32])
def test_the_ends_of_a_window_are_exact_to_the_microsecond(second: int) -> None:
    """A double has other fractions of a second after 2**30 s (in 2004), 2**31 s (in 2038) and 2**32 s than before."""
    for start in range(second * record.SECOND - 30_000_000, second * record.SECOND, 314_159):
        first, last, late = ({**event(0), "eventTime": record.iso(start + more)} for more in (0, 60_000_000, 60_000_001))
        assert raised(replace(COUNT3, count=2), first, last), first
        assert not raised(replace(COUNT3, count=2), first, late), first
        assert raised(ORDER, first, {**first, "eventName": "B"}, {**last, "eventName": "C"}), first
        assert not raised(ORDER, first, {**first, "eventName": "B"}, {**late, "eventName": "C"}), first


def test_hits_of_one_time_come_by_group() -> None:
    events = [event(second, who=who) for who in ("cid", "ann", "bob") for second in (0, 1, 2)]
    assert [hit.group["who"] for hit in timeline.hits(COUNT3, events)] == ["ann", "bob", "cid"]


def test_a_sum_of_thousands_of_digits() -> None:
    total = correlated("value_sum", {"a": A}, timespan="60s", condition={"gte": 1, "field": "size"})
    assert raised(total, event(0, size="0." + "1" * 5000), event(1, size="0." + "8" * 5000), event(2, size="0.1"))
    assert not raised(total, event(0, size="0." + "1" * 5000), event(1, size="0." + "8" * 5000))
    for many in ("9" * 400, "9" * 5000, "9" * 5000 + ".5", float("inf")):
        assert raised(total, event(0, size=many))
    assert not raised(total, event(0, size="-" + "9" * 5000), event(0, size=5))
    assert not raised(total, event(0, size=float("nan")))


def test_a_sum_is_exact() -> None:
    total = correlated("value_sum", {"a": A}, timespan="60s", condition={"gte": 1, "field": "size"})
    assert raised(total, *(event(second, size=0.1) for second in range(10)))
    assert not raised(total, *(event(second, size="0.1") for second in range(9)))
    assert raised(total, event(0, size=0.3), event(1, size="0.7"))
    assert not raised(total, event(0, size="many"), event(1, size=True), event(2, size=None), event(3))
    more = replace(total, op="gt")
    assert not raised(more, event(0, size=1))
    assert raised(more, event(0, size=1), event(60, size="0.001"))
    assert not raised(more, event(0, size=1), event(61, size="0.001"))


def test_a_sum_of_a_shorter_span_can_be_the_larger() -> None:
    total = correlated("value_sum", {"a": A}, timespan="60s", condition={"gte": 5, "field": "size"})
    (hit,) = timeline.hits(total, [event(0, size=-9), event(10, size=2), event(20, size=3), event(30, size=-1)])
    assert (hit.iso_time, len(hit.records)) == ("2026-01-01T00:00:20Z", 2)
    (hit,) = timeline.hits(total, [event(0, size=0), event(10, size=5)])
    assert len(hit.records) == 2  # of equal sums the longest span
    assert not raised(total, event(0, size=2), event(1, size=-1), event(2, size=3))
    assert not raised(total, event(0, size=9), event(0, size=-9))


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("event_count", {"condition": {"lt": 3}}),
        ("event_count", {"condition": {"eq": 3}}),
        ("event_count", {"condition": {"gte": 0}}),
        ("event_count", {"condition": {"gt": -1}}),
        ("value_sum", {"condition": {"gte": 0, "field": "size"}}),
        ("value_sum", {"condition": {"lt": 3, "field": "size"}}),
        ("value_avg", {"condition": {"gte": 3, "field": "size"}}),
        ("value_median", {"condition": {"gte": 3, "field": "size"}}),
        ("value_percentile", {"condition": {"gte": 3, "field": "size", "percentile": 90}}),
        ("temporal_ordered", {"condition": "a or b"}),
        ("temporal", {"condition": {"gte": 1}}),
        ("temporal", {"condition": "not a"}),
    ],
)
def test_what_a_stream_cannot_decide_is_refused(kind: str, keys: dict[str, Any]) -> None:
    bases = {"a": A} if keys["condition"] == "not a" else {"a": A, "b": B}
    with pytest.raises(Refused):
        raised(correlated(kind, bases, timespan="60s", **keys))  # without any event: a hunt must not depend on what it meets


def test_overlapping_windows_are_one_burst_and_others_are_not() -> None:
    burst = [event(second) for second in (0, 10, 20, 70)]
    later = [event(second) for second in (1000, 1001, 1002)]
    first, second = timeline.hits(COUNT3, [*later, *burst])
    assert (first.iso_time, len(first.records)) == ("2026-01-01T00:00:20Z", 4)
    assert (second.iso_time, len(second.records)) == ("2026-01-01T00:16:42Z", 3)


KINDS = [COUNT3, VALUES2, BOTH, ORDER, SUM, EITHER, ALONE, MIXED]


@pytest.mark.parametrize("correlation", KINDS, ids=IDS)
@pytest.mark.parametrize("apart", [0, 0.01], ids=["at one time", "in one window"])
def test_many_events_in_one_group_are_no_square(correlation: Correlation, apart: float) -> None:
    """A walk of quadratic time would take hours here; a million events take some seconds (the same walk, 50 times)."""
    many = [event(number * apart, "AB"[number % 2], doc=number, size=1) for number in range(20_000)]
    wide = replace(correlation, timespan=86_400)
    started = process_time()
    assert sum(len(hit.records) for hit in timeline.hits(wide, many)) <= len(many)
    assert process_time() - started < 5


EVENTS = st.lists(
    st.builds(
        event,
        st.integers(0, 14).map(lambda tens: tens * 10),
        st.sampled_from("AABC"),
        who=st.sampled_from(["ann", "ann", "Ann", None]),
        doc=st.sampled_from(["x", "y", ["x", "z"], None]),
        size=st.sampled_from([1, 2, "2", "0.5", 1.5, -2, "-0.5", [1, 1], None, "x", True]),
    ),
    max_size=12,
)


def moment(one: dict[str, Any]) -> int:
    return record.microseconds(one) or 0


def satisfied(correlation: Correlation, events: Sequence[dict[str, Any]]) -> Fraction | None:
    """Whether exactly these events satisfy the condition, by its words: a sum says how much, the others 0; None is no."""
    names = [one["eventName"] for one in events]
    mine = [one for one in events if one["eventName"] == "A"]
    good = False
    match correlation:
        case Correlation(kind="event_count"):
            good = len(mine) >= 3
        case Correlation(kind="value_count"):
            good = len({str(value) for one in mine for value in record.scalars(one, ("doc",))}) >= 2
        case Correlation(kind="value_sum"):
            values = [value for one in mine for value in record.scalars(one, ("size",))]
            numbers = [value for value in values if value != "x" and value is not True]
            total = sum((Fraction(str(value)) for value in numbers), Fraction(0))
            return total if total > 3 else None
        case Correlation(kind="temporal", expression=None):
            good = {"A", "B"} <= set(names)
        case Correlation(kind="temporal") if correlation is EITHER:
            good = "A" in names and ("B" in names or "C" in names)
        case Correlation(kind="temporal") if correlation is ALONE:
            good = "A" in names and "B" not in names
        case Correlation(kind="temporal"):
            good = ("A" in names and "B" not in names) or {"B", "C"} <= set(names)
        case Correlation(kind="temporal_ordered"):
            by_name = [[moment(one) for one in events if one["eventName"] == wanted] for wanted in "ABC"]
            good = any(a <= b <= c for a in by_name[0] for b in by_name[1] for c in by_name[2])
    return Fraction(0) if good else None


def counts(correlation: Correlation, one: dict[str, Any]) -> bool:
    """Whether an event has a value that is counted or summed, if any is."""
    if correlation.kind == "value_sum":
        return any(value != "x" and value is not True for value in record.scalars(one, ("size",)))
    return correlation.kind != "value_count" or bool(record.scalars(one, ("doc",)))


def brute_force(correlation: Correlation, events: list[dict[str, Any]]) -> set[tuple[int, str, frozenset[int]]]:
    """The bursts among *events*, found by looking at every span: time of the first end, group, and the events in it."""
    found = set()
    members = {"value_count": "A", "event_count": "A", "value_sum": "A"}.get(
        correlation.kind, "ABC"[: len(correlation.members)]
    )
    for who in ("ann", "Ann"):
        mine = [one for one in events if one["who"] == who and one["eventName"] in members and counts(correlation, one)]
        times = sorted({moment(one) for one in mine})
        bursts: list[tuple[int, set[int]]] = []
        for end in times:
            spans = []
            for start in times:
                inside = [one for one in mine if start <= moment(one) <= end]
                if (
                    end - correlation.timespan * record.SECOND <= start <= end
                    and (amount := satisfied(correlation, inside)) is not None
                ):
                    spans.append((amount, -start, {id(one) for one in inside}))
            if spans:
                first, burst = end, max(spans, key=lambda span: span[:2])[2]
                for other in [one for one in bursts if one[1] & burst]:
                    bursts.remove(other)
                    first, burst = min(first, other[0]), burst | other[1]
                bursts.append((first, burst))
        found |= {(first, who, frozenset(burst)) for first, burst in bursts}
    return found


@pytest.mark.parametrize("correlation", KINDS, ids=IDS)
@given(events=EVENTS)
@settings(derandomize=True, max_examples=200, deadline=None)
def test_hits_are_those_of_the_brute_force(correlation: Correlation, events: list[dict[str, Any]]) -> None:
    hits = timeline.hits(correlation, events)
    ours = {(hit.microseconds, hit.group["who"], frozenset(map(id, hit.records))) for hit in hits}
    assert ours == brute_force(correlation, events)


@given(events=EVENTS, seed=st.randoms(use_true_random=False))
@settings(derandomize=True, max_examples=50, deadline=None)
def test_the_order_of_the_input_is_of_no_account(events: list[dict[str, Any]], seed: Random) -> None:
    shuffled = list(events)
    seed.shuffle(shuffled)
    for correlation in KINDS:
        one, other = list(timeline.hits(correlation, events)), list(timeline.hits(correlation, shuffled))
        assert [(hit.microseconds, hit.group, sorted(map(id, hit.records))) for hit in one] == [
            (hit.microseconds, hit.group, sorted(map(id, hit.records))) for hit in other
        ]
