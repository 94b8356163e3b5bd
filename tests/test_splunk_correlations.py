"""Correlations in SPL, run in the package spl against the meaning: pasted over everything, and as runs of a schedule."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_splunk_app import stanzas
from test_splunk_exactness import SOURCE, backend, renamed

from amazon_q_detections import predicate, timeline
from amazon_q_detections.condition import And, Condition, Exists, Leaf, Not, Or, Text
from amazon_q_detections.correlation import Correlation, GroupKey, Member
from amazon_q_detections.errors import Refused
from amazon_q_detections.rule import Rule
from amazon_q_detections.targets.splunk import Splunk, spl

START = 1_795_000_000 // 3600 * 3600
ARN, INDEX, PLAIN, ARRAY, TEXTS = (
    "userIdentity.arn",
    "requestParameters.indexId",
    "requestParameters.dataSourceId",
    "requestParameters.documents.id",
    "requestParameters.userGroups",
)


def named(*names: str) -> Condition:
    leaves = tuple(Leaf("eventName", Text((name,))) for name in names)
    return leaves[0] if len(leaves) == 1 else Or(leaves)


def source(condition: Condition) -> Condition:
    """With what the rules of a correlation share, so that it is factored out."""
    return And((Leaf("eventSource", Text((SOURCE,))), condition, Not(Leaf("errorCode", Exists()))))


CORRELATIONS = {
    "event_count": ("event_count", [source(named("A"))], 3, None),
    "event_count of two": ("event_count", [source(named("A")), source(named("B"))], 3, None),
    "event_count of one": ("event_count", [named("A", "B")], 1, None),
    "value_count": ("value_count", [source(named("A"))], 2, PLAIN),
    "value_count of three": ("value_count", [named("A", "B")], 3, PLAIN),
    "value_count over an array": ("value_count", [source(named("A"))], 3, ARRAY),
    "value_count over texts": ("value_count", [source(named("A"))], 2, TEXTS),
    "temporal": ("temporal", [source(named("A")), source(named("B"))], 2, None),
    "temporal of three": ("temporal", [named("A"), named("B", "C"), named("C")], 3, None),
    "temporal_ordered": ("temporal_ordered", [source(named("A")), source(named("B"))], 2, None),
    "temporal_ordered of three": ("temporal_ordered", [named("A"), named("B", "C"), named("C")], 3, None),
}


def correlation(name: str, timespan: int, keys: tuple[str, ...] = (ARN,)) -> Correlation:
    kind, conditions, count, field = CORRELATIONS[name]
    members = tuple(Member(f"rule_{number}", condition) for number, condition in enumerate(conditions))
    groups = tuple(GroupKey(key, (key,) * len(members)) for key in keys)
    return Correlation(kind, members, groups, timespan, "gte", count, field)  # type: ignore[arg-type]  # a kind


def rows(records: list[dict[str, Any]]) -> list[Any]:
    """As a search gives them, the newest first."""
    return sorted((spl.row(one) for one in records), key=lambda row: -float(str(row["_time"])))


def in_splunk(meaning: Correlation) -> Correlation:
    """With the pipeline's names of arrays."""
    members = tuple(Member(member.name, renamed(member.condition)) for member in meaning.members)
    field = renamed(Leaf(meaning.field, Exists())).field if meaning.field else None  # type: ignore[union-attr]  # a leaf
    return Correlation(meaning.kind, members, meaning.group_by, meaning.timespan, meaning.op, meaning.count, field)


def at(seconds: int) -> str:
    return datetime.fromtimestamp(START + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def record(moment: int, name: str, arn: Any, value: Any, values: list[Any], index: Any = "i") -> dict[str, Any]:
    return {
        "eventTime": at(moment),
        "eventSource": SOURCE,
        "eventName": name,
        "userIdentity": {} if arn == "absent" else {"arn": arn},
        "requestParameters": {
            "dataSourceId": value,
            "indexId": index,
            "documents": [{"id": one} for one in values],
            "userGroups": values,
        },
    }


values = st.sampled_from(["u", "v", "V", "w", None, "null"])
records = st.lists(
    st.builds(
        record,
        st.integers(0, 25),
        st.sampled_from("ABC"),
        st.sampled_from(["g", "G", "g", None, "absent", "null"]),
        values,
        st.lists(values, max_size=3),
        st.sampled_from(["i", "j"]),
    ),
    max_size=12,
)


@pytest.mark.parametrize("name", CORRELATIONS)
@settings(max_examples=250, deadline=None)
@given(found=records, timespan=st.integers(1, 12), keys=st.sampled_from([(ARN,), (), (ARN, INDEX)]))
def test_a_query_finds_the_groups_that_have_a_hit(
    name: str, found: list[dict[str, Any]], timespan: int, keys: tuple[str, ...]
) -> None:
    """However what Splunk's documents leave open is read, but for what the query rests on by name."""
    meaning = correlation(name, timespan, keys)
    made = backend().parts(in_splunk(meaning))
    expected = {tuple(hit.group[key] for key in keys) for hit in timeline.hits(meaning, found)}
    for reading in spl.READINGS:
        read = reading.under(made.assumptions)
        got = {tuple(row[key] for key in keys) for row in spl.run(made.text, rows(found), reading=read)}
        assert got == expected, (made.text, read)


def rule(name: str, timespan: str, schedule: dict[str, str]) -> Rule:
    """A correlation as its document, so that its schedule counts."""
    kind, conditions, count, field = CORRELATIONS[name]
    bases = tuple(
        {
            "title": f"base {number}",
            "name": f"base_{number}",
            "logsource": {"product": "aws", "service": "cloudtrail"},
            "detection": {
                "selection": {"eventSource": SOURCE, "eventName": names_in(condition), "errorCode": None},
                "condition": "selection",
            },
        }
        for number, condition in enumerate(conditions)
    )
    condition = {} if kind.startswith("temporal") else {"condition": {"gte": count, **({"field": field} if field else {})}}
    main = {
        "title": "a correlation",
        "id": "00000000-0000-4000-8000-000000000000",
        "correlation": {
            "type": kind,
            "rules": [base["name"] for base in bases],
            "group-by": [ARN],
            "timespan": timespan,
            **condition,
        },
        "level": "high",
        "qdet": {"version": 3, "schedule": schedule},
    }
    return Rule("some_correlation", Path("some_correlation.yml"), main, bases)


def names_in(condition: Condition) -> list[str]:
    return [part for leaf in leaves_of(condition) if leaf.field == "eventName" for part in leaf.test.parts]  # type: ignore[union-attr]


def leaves_of(condition: Condition) -> list[Leaf]:
    match condition:
        case And() | Or():
            return [leaf for arg in condition.args for leaf in leaves_of(arg)]
        case Not():
            return leaves_of(condition.arg)
        case Leaf():
            return [condition]
    return []


class Runs:
    """A saved search, run at each time of its schedule in a span of hours."""

    def __init__(self, one: Rule) -> None:
        target = Splunk()
        query = target.compile(one, "aws_addon")
        files = target.bundle([query], name="app", schema="aws_addon")
        (self.keys,) = stanzas(files["app/default/savedsearches.conf"].decode()).values()
        macros = stanzas(files["app/default/macros.conf"].decode()) | {"app_index": {"definition": ""}}
        expanded = re.sub(r"`(\w+)`", lambda found: macros[found[1]]["definition"], self.keys["search"])
        self.search = expanded.strip()
        self.minutes = [
            minute
            for start, step in [re.fullmatch(r"(\d+)(?:-59/(\d+))? \* \* \* \*", self.keys["cron_schedule"]).groups()]  # type: ignore[union-attr]
            for minute in range(int(start), 60, int(step or 60))
        ]

    def alerts(self, found: list[dict[str, Any]], hours: int) -> list[dict[str, Any]]:
        table = rows(found)
        earliest, latest = (int(self.keys[f"dispatch.{end}_time"].removesuffix("s")) for end in ("earliest", "latest"))
        alerts = []
        for minute in (60 * hour + minute for hour in range(hours) for minute in self.minutes):
            now = START + 60 * minute
            seen = [row for row in table if now + earliest <= row["_time"] < now + latest]
            alerts.extend({**row, "now": now} for row in spl.run(self.search, seen, float(now)))
        return alerts


def seconds(shown: Any) -> float:
    """A time of a result; the interpreter shows it in seconds since 1970."""
    return float(shown)


SCHEDULED = ["event_count", "event_count of two", "value_count", "value_count over an array", "temporal", "temporal_ordered"]
spread = st.lists(
    st.builds(
        record,
        st.one_of(st.integers(0, 7200), st.sampled_from([0, 299, 300, 600, 601, 900, 1200, 3600])),
        st.sampled_from("AAB"),
        st.sampled_from(["g", "G"]),
        values,
        st.lists(values, max_size=2),
    ),
    max_size=14,
)


@pytest.mark.parametrize("name", SCHEDULED)
@pytest.mark.parametrize(
    ("timespan", "schedule"),
    [("10m", {}), ("20m", {"delay": "1m"}), ("30m", {"step": "7m"}), ("15m", {"step": "2h", "delay": "20s"})],
    ids=["10m", "20m", "odd step", "long step"],
)
@settings(max_examples=25, deadline=None)
@given(found=spread)
def test_runs_are_sound_and_complete(name: str, timespan: str, schedule: dict[str, str], found: list[dict[str, Any]]) -> None:
    one = rule(name, timespan, schedule)
    meaning = correlation(name, one.timespan)
    alerts = Runs(one).alerts(found, hours=6)
    for hit in timeline.hits(meaning, found):
        runs = {
            alert["now"]
            for alert in alerts
            if alert[ARN] == hit.group[ARN] and seconds(alert["firstTime"]) <= hit.time <= seconds(alert["lastTime"])
        }
        assert runs, ("missed", hit)
    for alert in alerts:
        first, last = seconds(alert["firstTime"]), seconds(alert["lastTime"])
        inside = [event for event in found if first <= (predicate.record.time(event) or 0) <= last]
        groups = {hit.group[ARN] for hit in timeline.hits(meaning, inside)}
        assert alert[ARN] in groups, ("unsound", alert)
        assert alert["rule_id"] == one.id
        assert alert["rule_version"] == "3"


def test_a_completed_window_belongs_to_one_run() -> None:
    """The same burst is in the window of several runs, and alerts in the first."""
    burst = [record(1000 + 60 * number, "A", "g", "u", []) for number in range(3)]
    runs = Runs(rule("event_count", "1h", {}))
    (alert,) = runs.alerts(burst, hours=4)
    assert alert["events"] == 3
    assert (seconds(alert["firstTime"]) - START, seconds(alert["lastTime"]) - START) == (1000, 1120)
    assert runs.keys["alert.suppress.fields"] == ARN
    assert runs.keys["alert.suppress.period"] == "3600s"


@pytest.mark.parametrize("name", ["event_count", "value_count", "temporal", "temporal_ordered"])
@pytest.mark.parametrize("beyond", [0, 1], ids=["exactly the timespan", "a second more"])
def test_the_widest_window_is_seen_wherever_it_falls_between_runs(name: str, beyond: int) -> None:
    one = rule(name, "10m", {"delay": "1m"})
    runs = Runs(one)
    for offset in range(0, 601, 30):
        first, last = offset, offset + one.timespan + beyond
        end = "B" if name.startswith("temporal") else "A"
        burst = [record(first, "A", "g", "u", []), record(first, "A", "g", "u", []), record(last, end, "g", "v", [])]
        found = [seconds(alert["lastTime"]) - START for alert in runs.alerts(burst, hours=2)]
        assert found == ([] if beyond else [last]), offset


# Moments of values that are counted to two within ten seconds, and whether they ever are two.
SPANS = [
    ([(0, "u"), (10, "u")], False),  # not twice one value where its spans touch
    ([(0, "u"), (11, "u")], False),
    ([(0, "u"), (10, "u"), (15, "v")], True),  # a value that comes again where its span ends stays
    ([(0, "u"), (10, "v")], True),
    ([(0, "u"), (11, "v")], False),
    ([(0, "u"), (0, "v")], True),
    ([(0, "u"), (5, "u"), (15, "v")], True),
    ([(0, "u"), (5, "u"), (16, "v")], False),
]


@pytest.mark.parametrize(("moments", "two"), SPANS, ids=[str(moments) for moments, _ in SPANS])
def test_a_value_counts_once_from_its_event_to_a_timespan_later(moments: list[tuple[int, str]], two: bool) -> None:
    meaning = correlation("value_count", 10)
    found = [record(moment, "A", "g", value, []) for moment, value in moments]
    assert bool(list(timeline.hits(meaning, found))) is two
    assert bool(spl.run(backend().parts(in_splunk(meaning)).text, rows(found))) is two


def test_the_filter_of_a_rule_is_applied_before_anything_is_counted() -> None:
    """Else known events would still bring others over the threshold."""
    runs = Runs(rule("event_count", "1h", {}))
    noisy = [record(60 * number, "A", "g", "u", [], index="known" if number else "i") for number in range(3)]
    assert runs.alerts(noisy, hours=3)
    filtered = 'search NOT requestParameters.indexId="known"'
    runs.search = runs.search.replace("| search *", f"| {filtered}", 1)
    assert filtered in runs.search
    assert not runs.alerts(noisy, hours=3)


@pytest.mark.parametrize("name", CORRELATIONS)
def test_nothing_is_said_of_nothing(name: str) -> None:
    """Without keys `stats` gives a row even if no event came to it (Search Reference, "stats")."""
    query = backend().parts(in_splunk(correlation(name, 60, ()))).text
    assert spl.run(query, []) == []
    assert spl.run(query, rows([record(0, "Z", "g", "u", ["u"])])) == []


def counted(field: str, parameters: dict[str, Any], least: int) -> bool:
    """Whether one event with these parameters has at least so many values of the field."""
    meaning = Correlation("value_count", (Member("a", source(named("A"))),), (), 60, "gte", least, field)
    found = [{**record(0, "A", "g", None, []), "requestParameters": parameters}]
    made = backend().parts(in_splunk(meaning))
    expected = bool(list(timeline.hits(meaning, found)))
    for reading in spl.READINGS:
        assert bool(spl.run(made.text, rows(found), reading=reading.under(made.assumptions))) is expected, made.text
    return expected


MIXED: list[Any] = [7, "7", {"a": 1}, {"a": 2}, None, "null", "", 'a"', '"a', 'a","b', True, "true", 1.5, "[x", "{x}"]


@pytest.mark.parametrize("least", [1, 9, 10, 11, 12])
def test_scalars_of_an_array_are_counted_by_their_text(least: int) -> None:
    """Not objects, not null, and 7 with "7" as one."""
    assert counted(TEXTS, {"userGroups": MIXED}, least) is (least <= 10)
    assert counted(TEXTS, {"userGroups": ['a"b', "a\b"]}, 2)  # which JSON writes with a quote and a letter behind a backslash


@pytest.mark.parametrize("least", [1, 2, 3])
def test_null_and_what_is_absent_are_not_counted(least: int) -> None:
    documents = [{"id": "u"}, {"id": None}, {}, {"id": "null"}, None, {"id": "u"}]
    assert counted(ARRAY, {"documents": documents}, least) is (least <= 2)
    assert counted(PLAIN, {"dataSourceId": None}, least) is False
    assert counted(PLAIN, {"dataSourceId": "null"}, least) is (least == 1)
    assert counted("requestParameters.member", {"member": {"a": 1}}, least) is False


REFUSED = [
    ("value_count", {"field": "requestParameters.documents{}.content"}, "objects would be counted"),
    ("value_count", {"field": "requestParameters.documents{}.noMember"}, "objects would be counted"),
    ("event_count", {"group_by": (GroupKey("events", ("events",)),)}, "a column of this name"),
    ("event_count", {"count": 10_001}, "10001 events"),
    ("event_count", {"op": "lte"}, "lte 3"),
    ("event_count", {"kind": "value_avg"}, "value_avg"),
    ("temporal", {"group_by": (GroupKey("who", (ARN, INDEX)), GroupKey("what", (INDEX, ARN)))}, "a second alias, what"),
    ("value_count", {"kind": "value_sum", "count": 2**53, "field": "requestParameters.size"}, f"a sum of {2**53}"),
    ("event_count", {"group_by": (GroupKey("t", ("resources{}.type",)),)}, "group-by key over the array"),
    ("value_count", {"field": "requestParameters.documents{}.attributes{}.name"}, "an array in an array"),
    ("temporal_ordered", {"members": (Member("a", named("A")),) * 100, "group_by": ()}, "an order of 100 rules"),
    ("value_count", {"field": "q_g1"}, "a value of its own under this name"),
    ("event_count", {"group_by": (GroupKey("q_from", ("q_from",)),)}, "a value of its own under this name"),
    ("temporal", {"members": (Member("a", Leaf("q_t1", Exists())),) * 2}, "a value of its own under this name"),
]


@pytest.mark.parametrize(("name", "change", "reason"), REFUSED, ids=[reason for *_, reason in REFUSED])
def test_what_has_no_exact_form_is_refused(name: str, change: dict[str, Any], reason: str) -> None:
    refused = replace(in_splunk(correlation(name, 60)), **change)
    with pytest.raises(Refused) as error:
        backend().parts(refused)
    assert reason in str(error.value)


def test_the_largest_that_can_be_written_is() -> None:
    assert "window=10000 " in backend().parts(replace(correlation("event_count", 60), count=10_000)).text
    ordered = replace(correlation("temporal_ordered", 60), members=(Member("a", named("A")),) * 99, group_by=())
    assert 'q_stage="s99"' in backend().parts(ordered).text


RESTS_ON = {
    "event_count": set(),
    "value_count": {"by_case"},
    "temporal": {"streamstats_window_0"},
    "temporal_ordered": {"streamstats_window_0"},
}


@pytest.mark.parametrize("name", RESTS_ON)
def test_a_correlation_names_what_it_rests_on(name: str) -> None:
    with_keys, without = (backend().parts(in_splunk(correlation(name, 60, keys))).assumptions for keys in ((ARN,), ()))
    assert RESTS_ON[name] <= set(without)
    assert set(without) | {"by_case"} <= set(with_keys)


def test_a_pasted_query_is_read_from_the_top() -> None:
    query = backend().parts(correlation("event_count", 600)).text
    assert query.splitlines() == [
        'eventSource="qbusiness.amazonaws.com" eventName="A" (NOT errorCode=* OR errorCode IN ("success", "failure"))',
        '| eval q_g1=json_extract(_raw, "userIdentity.arn")',
        "| where isnotnull(q_g1)",
        "| fields _time q_g1",
        "| fields - _raw",
        "| sort 0 _time",
        "| streamstats window=3 current=t global=f min(_time) as q_from count as q_count by q_g1",
        "| where q_count=3 AND _time-q_from<=600",
        "| stats min(q_from) as firstTime max(_time) as lastTime count as events by q_g1",
        '| eval firstTime=strftime(firstTime, "%Y-%m-%dT%H:%M:%S%z"), lastTime=strftime(lastTime, "%Y-%m-%dT%H:%M:%S%z"), '
        "events=events+2",
        "| rename q_g1 as userIdentity.arn",
        "| table userIdentity.arn events firstTime lastTime",
    ]
