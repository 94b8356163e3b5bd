"""Correlations on real OpenSearch nodes against the meaning itself: the bursts a query tells, the groups a monitor alerts for."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from itertools import count, permutations
from pathlib import Path
from random import Random
from typing import Any

import pytest
from opensearch_alerting import groups, told
from opensearch_node import Node

from amazon_q_detections import correlation, record, timeline
from amazon_q_detections.conversion import schema_of
from amazon_q_detections.correlation import Correlation
from amazon_q_detections.errors import Refused
from amazon_q_detections.rule import Rule
from amazon_q_detections.targets import opensearch
from amazon_q_detections.targets.opensearch import OpenSearchQuery
from amazon_q_detections.targets.opensearch.fields import Schema
from amazon_q_detections.targets.opensearch.mapping import Shape

TARGET = opensearch.OpenSearch()
SCHEMA = Schema.of(schema_of("opensearch_cloudtrail"))
NUMBERS = count()  # of indexes and events
START = 1_700_000_000
AMOUNT = "requestParameters.rows.amount"
ARN, APPLICATION, SOURCE = "userIdentity.arn", "requestParameters.applicationId", "requestParameters.dataSourceId"
NAMES = ["A", "B", "C"]
# The rule of this name matches events of every name, so that some events match several rules.
ANY = "any"

Record = dict[str, Any]


@pytest.fixture(params=[("older", "nested"), ("node", "nested"), ("node", "flat")], ids="-".join)
def place(request: pytest.FixtureRequest) -> tuple[Node, Shape]:
    """A node of each release, with each template that it has."""
    release, shape = request.param
    return request.getfixturevalue(release), shape


def rule(kind: str, names: list[str], *, schedule: dict[str, str] | None = None, **body: Any) -> Rule:
    """A correlation of events of these names."""
    bases = [
        {
            "title": name,
            "name": name,
            "logsource": {"product": "aws"},
            "detection": {"s": {"eventName": "*" if name == ANY else name}, "condition": "s"},
        }
        for name in names
    ]
    keys = {key.replace("_", "-"): value for key, value in body.items()}
    main = {"title": "R", "correlation": {"type": kind, "rules": names, **keys}, "qdet": {"schedule": schedule or {}}}
    return Rule("aws_amazonq_rule", Path("chat/aws_amazonq_rule.yml"), main, tuple(bases))


def meaning(one: Rule) -> Correlation:
    return correlation.of_rule(one.collection().rules[-1])  # type: ignore[arg-type]


def event(
    second: float, name: str = "A", arn: Any = "u", application: Any = "a", source: Any = "s", rows: Any = None
) -> Record:
    """A record; None leaves a field out."""
    moment = datetime.fromtimestamp(START + second, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    held = (("applicationId", application), ("dataSourceId", source), ("rows", rows))
    return {
        "eventTime": moment,
        "eventID": f"id-{next(NUMBERS):06}",
        "eventName": name,
        "userIdentity": {} if arn is None else {"arn": arn},
        "requestParameters": {key: value for key, value in held if value is not None},
    }


class Index:
    """An index for one rule, with records in three shards; gone with `close`."""

    def __init__(self, place: tuple[Node, Shape], one: Rule, records: list[Record]) -> None:
        self._on, shape = place
        self._name = f"cloudtrail-correlations-{next(NUMBERS)}"
        self.query: OpenSearchQuery = TARGET.compile(one, "cloudtrail")
        assert not self._on.index(self._name, opensearch.template([self.query], SCHEMA, shape), records, shards=3)

    def told(self) -> list[Record]:
        """What the query of the rule tells, in an order of its own."""
        hits = self._on.search(self._name, json.loads(self.query.text("dsl")))["aggregations"]["corr"]["value"]
        return ordered(hits)

    def alerts(self, end: float) -> set[tuple[str, ...]]:
        """The groups that a run of the monitor sees that looks at events up to *end*."""
        monitor = json.loads(self.query.text("monitor"))
        return groups(self._on, self._name, monitor, end + self.query.rule.schedule.delay)

    def close(self) -> None:
        self._on.call("DELETE", f"/{self._name}")


def ordered(hits: list[Record]) -> list[Record]:
    return sorted(hits, key=lambda hit: (hit["key"], hit["from"]))


def bursts(one: Rule, records: list[Record]) -> list[Record]:
    return ordered([told(hit) for hit in timeline.hits(meaning(one), records)])


def completed(one: Rule, records: list[Record], after: float, until: float) -> set[tuple[str, ...]]:
    """The groups that have an event after *after*, up to *until*, at which a span that satisfies the rule ends."""
    described, found = meaning(one), set()
    timed = [(time, event) for event in records if (time := record.time(event)) is not None]
    for end in {time for time, _ in timed if after < time <= until}:
        inside = [event for time, event in timed if end - described.timespan <= time <= end]
        hits = timeline.hits(described, inside)
        found |= {tuple(hit.group.values()) for hit in hits if record.time(hit.records[-1]) == end}
    return found


EXTENDED = [
    "A or B",
    "A and not B",
    "not A and (B or any)",
    "(A and B) or (C and not any)",
    "not (A and B) and C",
    "any and not any or A",
]
# A key that is another field in each rule.
ALIASES = {"k": {"A": ARN, "B": SOURCE, "C": ARN, ANY: APPLICATION}, "l": {"A": SOURCE, "B": ARN, "C": SOURCE, ANY: SOURCE}}


def random_rule(random: Random) -> Rule:
    kind = random.choice(["event_count", "value_count", "value_sum", "temporal", "extended", "temporal_ordered"])
    names = random.sample([*NAMES, ANY], random.randint(1, 3))
    body: Record = {
        "group_by": random.choice([[], [ARN], [ARN, APPLICATION], [APPLICATION], ["k"], ["k", "eventName"], ["l", "k"]])
    }
    used = set(body["group_by"]) & set(ALIASES)
    body["timespan"] = random.choice(["60s", "120s", "300s", "60d"])
    if kind == "event_count":
        body["condition"] = {"gte": random.randint(1, 4)}
    if kind == "value_count":
        body["condition"] = {"gte": random.randint(1, 3), "field": SOURCE}
    if kind == "value_sum":
        body["condition"] = {random.choice(["gt", "gte"]): random.choice([1, 2, 7, 10]), "field": AMOUNT}
    if kind == "extended":
        kind, body["condition"] = "temporal", random.choice(EXTENDED)
        names = [name for name in [*NAMES, ANY] if name in re.findall(r"\w+", body["condition"])]
    aliases = {name: {rule: ALIASES[name][rule] for rule in names} for name in used}
    schedule = random.choice([{}, {"throttle": "1m"}, {"step": "2m", "throttle": "10m"}])
    return rule(kind, names, schedule=schedule, **body, **({"aliases": aliases} if aliases else {}))


def random_event(random: Random) -> Record:
    """Times meet, keys are arrays, numbers, absent or null, and one time in ten there is no time."""
    second = random.choice([10, 30, 60, 90]) * random.randint(0, 9)
    keys = ["u", "v", "U", ["u", "v"], ["u", "u", ["w"]], 7, None, [], [None]]
    found = event(
        second,
        random.choice(NAMES),
        random.choice(keys),
        random.choice(["a", ["a", "b"], None, "u"]),
        random.choice(keys),
        random.choice([None, {"amount": amount(random)}, [{"amount": amount(random)} for _ in range(random.randint(0, 3))]]),
    )
    if random.random() < 0.1:
        found["eventTime"] = random.choice(["soon", "", None])
    return found


def amount(random: Random) -> Any:
    """Numbers and what spells some, negative ones too, and what is none."""
    if random.random() < 0.2:
        return [amount(random) for _ in range(random.randint(0, 3))]
    return random.choice(AMOUNTS)


AMOUNTS: list[Any] = [
    1, 2, 5, -1, -3, 0.1, "0.1", "0.2", 2.5, "-2.5", 1e-7, "10", "9007199254740993", -9007199254740993, "007", "1e3", " 7", "7.", "-", "", ".5", "x", True, None,
    {"amount": 7}, "0", "-0.0", "9" * 400, "-" + "9" * 400, "9" * 5000, "-" + "9" * 5000, "9" * 310 + ".5", "0." + "3" * 5000, 123456789012345678901234567890,
]  # fmt: skip


@pytest.mark.parametrize("seed", range(30))
def test_random_events_give_the_bursts_and_the_alerts_of_the_meaning(place: tuple[Node, Shape], seed: int) -> None:
    random = Random(seed)
    one, records = random_rule(random), [random_event(random) for _ in range(random.randint(1, 40))]
    index = Index(place, one, records)
    assert index.told() == bursts(one, records)
    schedule = one.schedule
    for run in range(6):
        end = START + 60 + run * random.choice([schedule.step, 137])
        after = end - max(schedule.step, schedule.throttle)
        assert index.alerts(end) == completed(one, records, after, end)
    index.close()


def test_an_array_as_a_key_puts_the_event_into_each_group(place: tuple[Node, Shape]) -> None:
    one = rule("event_count", ["A"], group_by=[ARN, APPLICATION], timespan="60s", condition={"gte": 2})
    records = [
        event(0, arn=["u", "v"], application=["a", "b"]),
        event(9, arn="v", application="b"),
        event(9, arn="z", application=["a"]),
    ]
    index = Index(place, one, records)
    assert [hit["key"] for hit in index.told()] == [["v", "b"]]
    assert index.alerts(START + 9) == {("v", "b")}
    index.close()


def test_an_event_that_two_rules_match_by_other_keys_belongs_to_both_groups(place: tuple[Node, Shape]) -> None:
    aliases = {"k": {"A": ARN, ANY: SOURCE}}
    one = rule("temporal", ["A", ANY], group_by=["k"], aliases=aliases, timespan="60s")
    records = [event(0, "A", arn="u", source="v"), event(9, "B", arn="w", source="u"), event(9, "A", arn="v", source="w")]
    index = Index(place, one, records)
    assert [(hit["key"], hit["events"]) for hit in index.told()] == [(["u"], 2), (["v"], 2)]
    assert index.told() == bursts(one, records)
    assert index.alerts(START + 9) == {("u",), ("v",)}
    assert index.alerts(START + 8) == set()
    index.close()


@pytest.mark.parametrize(
    ("amounts", "condition", "told"),
    [
        ([0.1] * 10, {"gte": 1}, [10]),
        (["0.1"] * 10, {"gt": 1}, []),
        ([[0.5, 0.5], ["0.5"]], {"gt": 1}, [2]),
        ([9007199254740993, -9007199254740992], {"gte": 1}, [2]),
        (["-9007199254740992", "9007199254740993"], {"gt": 9007199254740992}, [1]),
        ([5, -7, 6], {"gte": 6}, [1]),
        ([5, -3, 6], {"gte": 8}, [3]),
        ([5, True, None, "six", {"amount": 6}], {"gte": 6}, []),
    ],
)
def test_a_sum_is_exact_and_takes_the_largest_span(
    place: tuple[Node, Shape], amounts: list[Any], condition: Record, told: list[int]
) -> None:
    one = rule("value_sum", ["A"], group_by=[ARN], timespan="60s", condition={**condition, "field": AMOUNT})
    records = [event(second, rows=[{"amount": value}]) for second, value in enumerate(amounts)]
    index = Index(place, one, records)
    assert [hit["events"] for hit in index.told()] == told
    assert index.told() == bursts(one, records)
    index.close()


def test_with_not_a_short_span_satisfies_what_a_longer_one_does_not(place: tuple[Node, Shape]) -> None:
    one = rule("temporal", ["A", "B"], group_by=[ARN], timespan="60s", condition="A and not B")
    records = [event(0, "B"), event(1, "A"), event(2, "A"), event(2, "B"), event(3, "A"), event(200, "B"), event(200, "A")]
    index = Index(place, one, records)
    assert [(hit["from"][-4:], hit["events"]) for hit in index.told()] == [(":21Z", 1), (":23Z", 1)]
    assert index.told() == bursts(one, records)
    index.close()


def test_separate_bursts_of_a_group_are_told_apart(place: tuple[Node, Shape]) -> None:
    one = rule("event_count", ["A"], group_by=[ARN], timespan="60s", condition={"gte": 2})
    records = [event(second) for second in (0, 50, 100, 1000, 1060, 2000, 3000, 3061)]
    index = Index(place, one, records)
    assert [hit["events"] for hit in index.told()] == [3, 2]
    index.close()


def test_an_event_without_a_time_takes_no_part_and_spoils_nothing(place: tuple[Node, Shape]) -> None:
    one = rule("event_count", ["A"], group_by=[ARN], timespan="60s", condition={"gte": 2})
    timeless: list[Record] = [
        {**event(0), "eventTime": "soon"},
        {key: value for key, value in event(0).items() if key != "eventTime"},
    ]
    index = Index(place, one, [event(0), *timeless])
    assert index.told() == []
    index.close()
    index = Index(place, one, [event(0), event(1), *timeless])
    assert [hit["events"] for hit in index.told()] == [2]
    index.close()


def test_an_event_that_two_rules_match_is_one_and_occurs_in_both(place: tuple[Node, Shape]) -> None:
    for kind, found in (("event_count", []), ("temporal", [1, 2]), ("temporal_ordered", [1, 2])):
        keys = {"condition": {"gte": 2}} if kind == "event_count" else {}
        one = rule(kind, ["A", ANY], group_by=[ARN], timespan="60s", **keys)
        records = [event(0), event(1000, "B"), event(2000, arn="v"), event(2060, "B", arn="v"), event(3000, "B", arn="w")]
        wanted = [*found[:1], 2]  # u has both in one event, v in two, w has only one of the rules
        index = Index(place, one, records)
        assert [hit["events"] for hit in index.told()] == wanted
        assert index.told() == bursts(one, records)
        index.close()


@pytest.mark.parametrize(
    ("kind", "names", "counted"),
    [
        ("event_count", ["A"], {"condition": {"gte": 2}}),
        ("value_count", ["A"], {"condition": {"gte": 2, "field": SOURCE}}),
        ("temporal", ["A", "B"], {}),
        ("temporal_ordered", ["A", "B"], {}),
    ],
)
def test_both_ends_of_a_window_are_inside_it_to_the_millisecond(
    place: tuple[Node, Shape], kind: str, names: list[str], counted: Record
) -> None:
    one = rule(kind, names, group_by=[ARN], timespan="60s", **counted)
    late = {"within": 59.999, "exact": 60, "beyond": 60.001}
    records = [event(0, names[0], arn=arn, source="s") for arn in late]
    index = Index(place, one, [*records, *(event(second, names[-1], arn=arn, source="t") for arn, second in late.items())])
    assert [hit["key"] for hit in index.told()] == [["exact"], ["within"]]
    assert index.alerts(START + 61) == {("exact",), ("within",)}
    index.close()


def test_a_burst_is_seen_in_the_run_after_it_also_if_a_step_is_longer_than_the_throttle(place: tuple[Node, Shape]) -> None:
    schedule = {"step": "10m", "throttle": "1m"}
    one = rule("event_count", ["A"], group_by=[ARN], timespan="60s", condition={"gte": 2}, schedule=schedule)
    index = Index(place, one, [event(0), event(1)])
    assert [index.alerts(START + 1 + second) for second in (-1, 0, 599, 600)] == [set(), {("u",)}, {("u",)}, set()]
    index.close()


def test_equal_times_count_as_ordered_whichever_event_comes_first(place: tuple[Node, Shape]) -> None:
    one = rule("temporal_ordered", NAMES, group_by=[ARN], timespan="60s")
    orders = [order for order in permutations(NAMES) for _ in range(4)]
    records = [event(5, name, arn=f"u{number:02}") for number, order in enumerate(orders) for name in order]
    index = Index(place, one, records)
    assert [hit["key"] for hit in index.told()] == [[f"u{number:02}"] for number in range(len(orders))]
    assert index.alerts(START + 5) == {(f"u{number:02}",) for number in range(len(orders))}
    index.close()


@pytest.mark.parametrize("kind", ["event_count", "value_count"])
def test_an_index_from_before_a_field_was_mapped_spoils_nothing(place: tuple[Node, Shape], kind: str) -> None:
    """Daily indices live on with the template that they were made with."""
    on, shape = place
    counted = {"gte": 2, **({"field": SOURCE} if kind == "value_count" else {})}
    one = rule(kind, ["A"], group_by=[APPLICATION], timespan="60s", condition=counted)
    index = Index(place, one, [event(0, source="s"), event(9, source="t")])
    before = opensearch.template([], Schema(SCHEMA.time, ("eventName",), *[frozenset[str]()] * 3), shape)
    on.index("cloudtrail-before", before, [event(5, source="u")])
    index._name += ",cloudtrail-before"
    assert [hit["events"] for hit in index.told()] == [2]
    assert index.alerts(START + 9) == {("a",)}
    index.close()


BOTH = {"A": ARN, "B": SOURCE}


@pytest.mark.parametrize(
    ("kind", "names", "body", "construct"),
    [
        ("value_avg", ["A"], {"condition": {"gte": 2, "field": SOURCE}}, "a correlation of type value_avg"),
        ("temporal", ["A", "B"], {"condition": "not A or B"}, "an extended condition without a positive part"),
        ("temporal_ordered", ["A", "B"], {"condition": "A or B"}, "temporal_ordered with an extended condition"),
        ("event_count", ["A"], {"condition": {"lt": 2}}, "the correlation condition lt 2"),
        ("temporal", [f"N{number}" for number in range(25)], {}, "a correlation of 25 rules"),
        ("event_count", ["A"], {"group_by": ["k"], "aliases": {"k": {"A": ARN}}, "condition": {"gte": 2}}, ""),
        (
            "temporal",
            ["A", "B"],
            {"group_by": ["k", "l"], "aliases": {"k": BOTH, "l": BOTH}},
            "the field .* as two group-by keys",
        ),
    ],
)
def test_a_correlation_without_an_exact_form_is_refused_by_name(
    kind: str, names: list[str], body: dict[str, Any], construct: str
) -> None:
    one = rule(kind, names, timespan="60s", **body)
    if construct:
        with pytest.raises(Refused, match=construct):
            TARGET.compile(one, "cloudtrail")
    else:
        assert ARN in TARGET.compile(one, "cloudtrail").text("dsl")


def test_an_event_without_an_id_takes_part(place: tuple[Node, Shape]) -> None:
    one = rule("event_count", ["A"], group_by=[ARN], timespan="60s", condition={"gte": 2})
    index = Index(place, one, [{key: value for key, value in event(at).items() if key != "eventID"} for at in (0, 1)])
    assert [hit["events"] for hit in index.told()] == [2]
    index.close()


MANY = 50_000


def test_as_many_events_as_this_in_one_group_are_no_trouble(node: Node) -> None:
    """Painless lets a function turn its loops a million times, and with 24 rules each event needs 24 turns."""
    names = [f"N{number}" for number in range(24)]
    together = rule("temporal", names, group_by=[ARN], timespan="1h")
    records = [event(second // 20, names[second % 24]) for second in range(MANY)]
    index = Index((node, "flat"), together, records)
    for one in (together, rule("temporal_ordered", names, group_by=[ARN], timespan="1h")):
        index.query = TARGET.compile(one, "cloudtrail")
        assert [(hit["key"], hit["events"]) for hit in index.told()] == [(["u"], MANY)]
        assert index.alerts(START + MANY / 20) == {("u",)}
    index.close()


def test_more_groups_than_a_page_holds_are_all_seen(place: tuple[Node, Shape]) -> None:
    one = rule("temporal_ordered", ["A", "B"], group_by=[ARN], timespan="60s")
    records = [event(number % 2, NAMES[number % 2 if number % 3 else 0], arn=f"u{number // 2}") for number in range(4400)]
    index = Index(place, one, records)
    assert index.alerts(START + 1) == completed(one, records, START - 3600, START + 1)
    assert 1000 < len(index.told()) < 2200
    index.close()


@pytest.mark.parametrize("keys", [["eventTime"], ["eventTime.of"], ["_id"], [ARN, ARN]])
def test_what_is_no_key_is_refused_by_name(keys: list[str]) -> None:
    one = rule("event_count", ["A"], group_by=keys, timespan="60s", condition={"gte": 2})
    with pytest.raises(Refused, match="the field"):
        TARGET.compile(one, "cloudtrail")


def test_the_time_of_an_event_is_not_counted() -> None:
    one = rule("value_count", ["A"], timespan="60s", condition={"gte": 2, "field": "eventTime"})
    with pytest.raises(Refused, match="the field eventTime"):
        TARGET.compile(one, "cloudtrail")
