"""Single events in SPL: what a query looks like, and, run in the package spl, that it keeps a rule's meaning."""

import json
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.backends.splunk.splunk import SplunkBackend
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaFeatureNotSupportedByBackendError

from amazon_q_detections import conversion, predicate
from amazon_q_detections.condition import (
    And,
    Boolean,
    Cidr,
    Compare,
    Condition,
    Exists,
    Keyword,
    Leaf,
    Matches,
    Not,
    Number,
    Or,
    SameAs,
    Text,
    Wild,
    conjuncts,
)
from amazon_q_detections.errors import Refused
from amazon_q_detections.regex import Regex
from amazon_q_detections.targets.splunk import spl
from amazon_q_detections.targets.splunk.assumptions import ASSUMPTIONS
from amazon_q_detections.targets.splunk.backend import FaithfulSplunkBackend, Parts

PIPELINE = conversion.pipeline("splunk_aws_addon")
MAPPINGS: list[Any] = [item.transformation for item in PIPELINE.items if hasattr(item.transformation, "mapping")]
SOURCE = "qbusiness.amazonaws.com"


def backend() -> FaithfulSplunkBackend:
    made = FaithfulSplunkBackend(PIPELINE)
    made.init_processing_pipeline()
    made.last_processing_pipeline.state["schema"] = conversion.schema_of("splunk_aws_addon")
    return made


def renamed(condition: Condition) -> Condition:
    """With the pipeline's names of arrays."""
    match condition:
        case Leaf(test=SameAs() as same):
            return Leaf(in_splunk(condition.field), SameAs(in_splunk(same.field)))
        case Leaf():
            return Leaf(in_splunk(condition.field), condition.test)
        case Not():
            return Not(renamed(condition.arg))
        case And() | Or():
            return replace(condition, args=tuple(renamed(arg) for arg in condition.args))
    return condition


def in_splunk(field: str) -> str:
    for mapping in MAPPINGS:
        field = mapping.apply_field_name(field) or field
    return field


def parts(condition: Condition) -> Parts:
    return backend().parts(renamed(condition))


def written(condition: Condition) -> str:
    return parts(condition).text


def of_service(condition: Condition) -> Condition:
    """Pinned to Amazon Q Business, so that the kinds of its fields are known."""
    return And((Leaf("eventSource", text(SOURCE)), *conjuncts(condition)))


def converted(detection: dict[str, Any]) -> str:
    rule = {
        "title": "t",
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "detection": {"selection": detection, "condition": "selection"},
    }
    (query,) = FaithfulSplunkBackend(PIPELINE).convert(SigmaCollection.from_dicts([rule]))
    return "\n".join(line for line in query.splitlines() if not line.startswith(("| eval principal", "| table")))


SHOWN = [
    ({"eventSource": "q.amazonaws.com"}, 'eventSource="q.amazonaws.com"'),
    ({"eventName": ["A", "Create*"]}, 'eventName IN ("A", "Create*")'),
    ({"eventName": "a.b*"}, "*\n| where isnotnull(mvfind(mvappend('eventName'), \"(?is)\\\\Aa\\\\.b\"))"),
    ({"errorCode": None}, '(NOT errorCode=* OR errorCode IN ("success", "failure"))'),
    ({"errorCode|exists": True}, '(errorCode=* NOT errorCode IN ("success", "failure"))'),
    ({"resources.type": "AWS::QBusiness::Index"}, 'resources{}.type="AWS::QBusiness::Index"'),
    ({"readOnly": False}, 'readOnly="false"'),
    ({"userAgent|contains": "curl"}, "*\n| where isnotnull(mvfind(mvappend('userAgent'), \"(?is)curl\"))"),
    (
        {"userAgent|startswith": ["a.b", "c|d"]},
        "*\n| where isnotnull(mvfind(mvappend('userAgent'), \"(?is)\\\\A(?:a\\\\.b|c[|]d)\"))",
    ),
    (
        {"eventName": "X", "userAgent|endswith": '"$x$`'},
        'eventName="X"\n| where isnotnull(mvfind(mvappend(\'userAgent\'), "(?is)\\\\x{22}[$]x[$]\\\\x{60}\\\\z"))',
    ),
    (
        {"requestParameters.a.b": None, "userAgent|cased": "Q"},
        '*\n| where isnull(json_extract(_raw, "requestParameters.a.b"))\n    AND isnotnull(mvfind(mvappend(\'userAgent\'), "\\\\AQ\\\\z"))',
    ),
    (
        {"eventSource": SOURCE, "requestParameters.documents.accessConfiguration|exists": True},
        f'eventSource="{SOURCE}"\n| where isnotnull(mvfind(mvappend(json_extract(_raw, '
        '"requestParameters.documents{}.accessConfiguration")), "[^\\\\s\\\\[\\\\],nul]"))',
    ),
    (
        {"eventSource": SOURCE, "requestParameters.documents.id|exists": True},
        f'eventSource="{SOURCE}"\n| where isnotnull(mvfind(mvappend(json_extract(_raw, '
        '"requestParameters.documents{}.id", "requestParameters.documents{}.id")), "[^\\\\s\\\\[\\\\],nul]"))',
    ),
    ({"userAgent": "a*b*c"}, "*\n| where isnotnull(mvfind(mvappend('userAgent'), \"(?is)\\\\Aa(?>.*?b).*c\\\\z\"))"),
    (
        {"userAgent|contains": "aws*b*c"},
        "*\n| where isnotnull(mvfind(mvappend('userAgent'), \"(?is)\\\\A(?>.*?aws)(?>.*?b).*c\"))",
    ),
    (
        {"x.y|gt": 0.0000001},
        "*\n| where if(tonumber(if(match('x.y', \"\\\\A[-+.0-9eE]+\\\\z\"), 'x.y', null()))>0.0000001, 1, 0)=1",
    ),
    ({"sourceIPAddress|cidr": "10.1.0.0/16"}, None),
]


@pytest.mark.parametrize(("detection", "text"), SHOWN, ids=lambda value: next(iter(value)) if isinstance(value, dict) else "")
def test_a_query_reads_so(detection: dict[str, Any], text: str | None) -> None:
    query = converted(detection)
    assert text is None or query == text


def test_alternatives_stand_on_their_own_lines() -> None:
    query = written(
        And((Leaf("eventName", text("A")), Or((Leaf("a", Exists()), And((Leaf("b", Exists()), Leaf("c", text("x"))))))))
    )
    assert query.splitlines()[:3] == [
        'eventName="A"',
        '| where isnotnull(json_extract(_raw, "a"))',
        '        OR (isnotnull(json_extract(_raw, "b")) AND isnotnull(mvfind(mvappend(\'c\'), "(?i)\\\\Ax\\\\z")))',
    ]


def text(*parts: str | Wild, cased: bool = False) -> Text:
    return Text(tuple(part for part in parts if part != ""), cased)


# Values that would change a query, a regular expression or a .conf file if they were not written with care.
HOSTILE = [
    'a"b', "a\\", "\\", "a\\\\b", "a|b", "`m`", "```c```", "$x$", "$", "%x%", "#", "{{x}}", "[search x]", "a]", "(", ")", "a,b",
    "a=b", "*", "?", "a*b", "a?b", "\n", "a\nb", "\t", "\r\n", "a b", " a", "", "null", "NULL", "AND", "or", "10.0.0.0/8", "::/0",
    "\u00dc", "\u202e", "\x00", "\x7f", "\U0001f600", "\\z", "\\Q", "(?i)", "^a$", "a\\", "'", "''", "-", "/", "x\\\n",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
@pytest.mark.parametrize("shape", ["whole", "part", "start", "end"])
@pytest.mark.parametrize("cased", [False, True], ids=["folded", "cased"])
def test_a_hostile_value_is_only_a_value(value: str, shape: str, cased: bool) -> None:
    """Equal, and near misses: on each of the hostile values as an event's value."""
    before = (Wild.ANY,) if shape in ("part", "end") else ()
    after = (Wild.ANY,) if shape in ("part", "start") else ()
    parts: tuple[str | Wild, ...] = (*before, *([value] if value else []), *after)
    parts = (Wild.ANY,) if parts == (Wild.ANY, Wild.ANY) else parts
    condition = And((Leaf("eventName", text("Op")), Leaf("userAgent", Text(parts, cased))))
    query = written(condition)
    holds = predicate.compile(condition)
    for other in [*HOSTILE, value + "x", "x" + value, value.swapcase(), f"x{value}x"]:
        event = {"eventTime": "2026-11-24T00:00:00Z", "eventName": "Op", "userAgent": other}
        assert bool(spl.run(query, [spl.row(event)])) is holds(event), (query, other)


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
def test_a_hostile_value_stays_on_its_line(value: str) -> None:
    query = written(And((Leaf("eventName", text("Op")), Leaf("userAgent", text(value or "x")))))
    assert "\n" not in "".join(part for part in query.split("\n| "))
    assert not any(char in query for char in "`$%#\x00\u202e") or "[$]" in query
    assert not any(line.endswith("\\") for line in query.split("\n"))


# Texts without a match, of the kind that tries an expression in many ways.
STARS = [("aws", "b", "c"), ("a", "a", "a", "a", "z"), ("ab", ".", "ab", ".", "y"), ("a", "b", "c", "d", "e", "f")]
SHAPES = {"inside": ("*", "*"), "whole": ("", ""), "start": ("", "*"), "end": ("*", "")}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("runs", STARS, ids="*".join)
def test_several_stars_take_one_way_through_a_long_value(runs: tuple[str, ...], shape: str) -> None:
    """Else the expression reaches the match_limit of limits.conf, [rex], and does not match: whoever pads a value is not seen."""
    first, last = SHAPES[shape]
    inner = [part for run in runs for part in (Wild.ANY, *(Wild.ONE if char == "." else char for char in run))][1:]
    found = text(*([Wild.ANY] if first else []), *merged(inner), *([Wild.ANY] if last else []))
    for padding in ("x", "aws", "ab", "a", "bcd"):
        fill = padding * (20_000 // len(padding))
        for value in (fill, runs[0] + fill, fill.join(runs[:-1]) + fill, fill.join(runs), f"{fill.join(runs)}\n{fill}"):
            value = value.replace(".", "-")
            assert agree(Leaf("userAgent", found), [{"userAgent": value}])
            assert agree(And((Leaf("userAgent", Exists()), Not(Leaf("userAgent", found)))), [{"userAgent": value}])


def merged(parts: list[str | Wild]) -> list[str | Wild]:
    """Neighbouring letters as one part."""
    made: list[str | Wild] = []
    for part in parts:
        if made and isinstance(part, str) and isinstance(made[-1], str):
            made[-1] += part
        else:
            made.append(part)
    return made


LISTED_STARS = [
    text("null", Wild.ANY, "b", Wild.ANY, "c"),
    text(Wild.ANY, "u", Wild.ANY, "l"),
    text(Wild.ANY, "n", Wild.ONE, Wild.ANY),
]


@pytest.mark.parametrize("found", LISTED_STARS, ids=str)
@pytest.mark.parametrize("wanted", [True, False], ids=["holds", "not"])
def test_several_stars_in_an_array_that_may_hold_null(found: Text, wanted: bool) -> None:
    values: list[Any] = [None, "null", "nullbc", "ul", "u-l", "l-u", "xnx", "n", "u" * 20_000, "ul" * 10_000, "un" * 10_000]
    leaf = Leaf("requestParameters.documents.id", found)
    events = [{"requestParameters": {"documents": [{"id": None}, {"id": value}]}} for value in values]
    assert agree(leaf if wanted else Not(leaf), events)


PLAIN_DECIMALS = [
    (Number(0.0000001), r"\A0\.00000010*\z"),
    (Number(1.2345678901234567e19), r"\A12345678901234567168(\.0+)?\z"),
    (Number(-1e22), r"\A-10000000000000000000000(\.0+)?\z"),
    (Compare(">=", 1e-7), ">=0.0000001,"),
    (Compare("<", 2**53 - 1), "<9007199254740991,"),
    (Compare("<", -2.5e-8), "<-0.000000025,"),
]


@pytest.mark.parametrize(("test", "shown"), PLAIN_DECIMALS, ids=str)
def test_a_number_is_written_in_plain_decimals(test: Number | Compare, shown: str) -> None:
    assert shown.replace("\\", "\\\\") in written(Leaf("a.b", test))


@pytest.mark.parametrize("value", [float("inf"), float("nan")], ids=str)
@pytest.mark.parametrize("kind", [Number, lambda value: Compare("<", value)], ids=["equal", "compared"])
def test_a_number_that_is_none_is_refused(kind: Any, value: float) -> None:
    with pytest.raises(Refused, match=f"the number {value}"):
        written(Leaf("a.b", kind(value)))


@pytest.mark.parametrize("wanted", [True, False], ids=["holds", "not"])
@pytest.mark.parametrize("value", [True, False], ids=str)
def test_a_boolean_is_its_text_in_any_case(value: bool, wanted: bool) -> None:
    """Beside a test that only `where` can say, so that it stands there too."""
    leaf = Leaf("requestParameters.z", Boolean(value))
    one = Or((leaf if wanted else Not(leaf), Leaf("userAgent", text(Wild.ANY, "x y"))))
    values = [True, False, "true", "TRUE", "False", "truex", "xtrue", "false\n", "", 1, 0, None, {}]
    assert agree(one, [{}, *({"requestParameters": {"z": found}} for found in values)])


@pytest.mark.parametrize("value", [2**53, -(2**53), 2**53 + 1, 1e22], ids=str)
def test_a_number_that_a_double_takes_for_its_neighbour_is_compared_with_nothing(value: float) -> None:
    """`> 9007199254740992` would be false of 9007199254740993; equality is by the spelling, and exact."""
    with pytest.raises(Refused, match=f"a comparison with {int(value)}: SPL tells whole numbers apart up to 9007199254740991"):
        written(Leaf("a.b", Compare(">", value)))
    assert written(Leaf("a.b", Number(value)))


@pytest.mark.parametrize("relation", ["<", "<=", ">", ">="])
def test_numbers_up_to_the_largest_are_told_apart(relation: Any) -> None:
    values = [2**53 - 2, 2**53 - 1, 2**53, 2**53 + 1, 10**30, str(2**53 + 1), -(2**53) - 1]
    for wanted in (Leaf, lambda *args: Not(Leaf(*args))):
        events = [{"requestParameters": {"z": one}} for one in values]
        assert agree(wanted("requestParameters.z", Compare(relation, 2**53 - 1)), events)


@pytest.mark.parametrize("relation", ["<", "<=", ">", ">="])
def test_what_only_looks_like_a_number_is_compared_as_none(relation: Any) -> None:
    values = ["inf", "-inf", "nan", "NaN", "0x7", "7x", "7 8", "--7", "e", "", "true", None]
    for number in (-1, 0, 7):
        for wanted in (Leaf, lambda *args: Not(Leaf(*args))):
            assert agree(
                wanted("requestParameters.z", Compare(relation, number)), [{"requestParameters": {"z": one}} for one in values]
            )
            assert agree(
                wanted("requestParameters.userGroups", Compare(relation, number)),
                [{"requestParameters": {"userGroups": values}}],
            )


def test_alternatives_stand_on_their_own_lines_where_they_are_long() -> None:
    fields = [f"requestParameters.configuration.additionalProperties.{name}" for name in ("one", "two", "three")]
    names = [f"{verb}ChatControlsConfiguration" for verb in ("Get", "Update", "Delete", "Create")]
    either, listed = (
        Or(tuple(Leaf(field, text("x")) for field in fields)),
        Or(tuple(Leaf("eventName", text(name)) for name in names)),
    )
    assert written(of_service(And((either, listed)))).splitlines()[:9] == [
        f'eventSource="{SOURCE}"',
        f'    ({fields[0]}="x"',
        f'        OR {fields[1]}="x"',
        f'        OR {fields[2]}="x")',
        "    eventName IN (" + f'"{names[0]}",',
        f'        "{names[1]}",',
        f'        "{names[2]}",',
        f'        "{names[3]}")',
        "| eval principal=coalesce('userIdentity.arn', 'userIdentity.onBehalfOf.userId', 'userIdentity.principalId', "
        "'userIdentity.invokedBy', \"unknown\")",
    ]


@pytest.mark.parametrize("field", ['a"b', "a'b", "a|b", "a`b", "a\\b", "a$b", "a[b", "a\nb", "a]b"], ids=ascii)
@pytest.mark.parametrize("test", [text("x"), text(Wild.ANY, "x"), Exists()], ids=["plain", "contains", "exists"])
def test_a_hostile_field_name_is_refused(field: str, test: Text | Exists) -> None:
    with pytest.raises(Refused, match="the field name"):
        written(Leaf(field, test))


def test_an_odd_field_name_is_quoted() -> None:
    assert written(Leaf("requestParameters.aws:ResourceTag/team", text("red"))).startswith(
        '"requestParameters.aws:ResourceTag/team"="red"\n'
    )
    assert "mvappend('requestParameters.with space')" in written(Leaf("requestParameters.with space", text(Wild.ANY, "x")))


REFUSED = [
    (Leaf("a{}.b{}", text(Wild.ANY)), "a pattern that null fits, on the array a{}.b{}"),
    (Not(Leaf("a{}.b{}", text("nul", Wild.ONE))), "a pattern that null fits, on the array a{}.b{}"),
    (Keyword(text("x")), "a keyword"),
    (Leaf("resources.ARN", SameAs("a")), "a field reference on the array"),
    (Leaf("a", SameAs("resources.ARN")), "a field reference on the array"),
    (Leaf("a.b:c", Exists()), "special character"),
    (Leaf("a:b.c", Exists()), "special character"),
]


@pytest.mark.parametrize(("condition", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_what_has_no_exact_form_is_refused(condition: Condition, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        written(condition)
    assert reason in str(refused.value)


def test_a_refusal_is_a_sigma_error_to_pysigma() -> None:
    with pytest.raises(SigmaFeatureNotSupportedByBackendError, match="a keyword"):
        converted(["x"])


def test_a_backend_without_a_pipeline_still_converts() -> None:
    rule = {"title": "t", "logsource": {"product": "aws"}, "detection": {"s": {"eventName": "A"}, "condition": "s"}}
    assert FaithfulSplunkBackend().convert(SigmaCollection.from_dicts([rule])) == ['eventName="A"']


STOCK_FAULTS = [
    ("one character", {"userAgent": "a?c"}, "abbc"),
    ("a literal asterisk", {"userAgent": r"a\*c"}, "abc"),
]


@pytest.mark.parametrize(
    ("detection", "wrong"), [fault[1:] for fault in STOCK_FAULTS], ids=[fault[0] for fault in STOCK_FAULTS]
)
def test_the_stock_backend_matches_too_much(detection: dict[str, Any], wrong: str) -> None:
    """Stock Splunk writes `*` for both, so that the value beside the rule matches; ours does not."""
    rule = {"title": "t", "logsource": {"product": "aws"}, "detection": {"s": detection, "condition": "s"}}
    (stock,) = SplunkBackend().convert(SigmaCollection.from_dicts([rule]))
    assert stock.replace("\\", "") == 'userAgent="a*c"'
    event = {"eventTime": "2026-11-24T00:00:00Z", "userAgent": wrong}
    assert not spl.run(converted(detection), [spl.row(event)])


def test_the_stock_backend_asks_for_a_field_that_is_never_absent() -> None:
    rule = {"title": "t", "logsource": {"product": "aws"}, "detection": {"s": {"errorCode": None}, "condition": "s"}}
    (stock,) = SplunkBackend().convert(SigmaCollection.from_dicts([rule]))
    assert not spl.run(stock, [spl.row({"eventTime": "2026-11-24T00:00:00Z"})])
    assert spl.run(converted({"errorCode": None}), [spl.row({"eventTime": "2026-11-24T00:00:00Z"})])


@pytest.mark.parametrize("wanted", [True, False], ids=["holds", "not"])
@pytest.mark.parametrize("cased", [False, True], ids=["folded", "cased"])
def test_alternatives_keep_their_own_ends(cased: bool, wanted: bool) -> None:
    """Though they stand in one expression."""
    shapes = [("a b",), ("c d", Wild.ANY), (Wild.ANY, "e f"), (Wild.ANY, "g h", Wild.ANY), (Wild.ONE, "i")]
    values = [
        f"{before}{one}{after}" for one in ("a b", "c d", "e f", "g h", "i") for before in ("", "x") for after in ("", "y")
    ]
    values += map(str.upper, values[:])
    for first in shapes:
        for second in shapes:
            either = Or(tuple(Leaf("sourceIPAddress", text(*parts, cased=cased)) for parts in (first, second)))
            events = [{"eventTime": "2026-11-24T00:00:00Z", "sourceIPAddress": value} for value in values]
            found = spl.run(written(either if wanted else Not(either)), [spl.row(event) for event in events])
            holds = predicate.compile(either)
            assert [row["sourceIPAddress"] for row in found] == [
                one["sourceIPAddress"] for one in events if holds(one) is wanted
            ]


@pytest.mark.parametrize("wanted", [True, False], ids=["holds", "not"])
def test_alternatives_keep_their_own_case(wanted: bool) -> None:
    either = Or((Leaf("userAgent", text("a b", cased=True)), Leaf("userAgent", text("c d")), Leaf("userAgent", text("e", "f"))))
    events = [{"userAgent": value} for one in ("a b", "c d", "ef") for value in (one, one.upper(), one.title())]
    assert agree(either if wanted else Not(either), [*events, {}])
    backwards = Or(tuple(reversed(either.args)))
    assert agree(backwards if wanted else Not(backwards), [*events, {}])


def test_nothing_is_negated_twice() -> None:
    """The documents do not say what `NOT NOT` means in a search."""
    denied = Not(Or((Not(Leaf("eventName", text("A"))), Leaf("userAgent", text(Wild.ANY, "x")))))
    query = written(denied)
    assert query.startswith('eventName="A"\n| where NOT (')
    assert "NOT NOT" not in query
    assert agree(denied, [{"eventName": name, "userAgent": value} for name in "AB" for value in ("x", "y")])


NETWORKS = ["10.0.0.0/8", "192.0.2.0/24", "198.51.100.7/32", "172.16.0.0/12", "0.0.0.0/0", "203.0.113.64/27", "128.0.0.0/1"]


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_is_exact_at_its_edges(network: str) -> None:
    addresses = ip_network(network)
    edges = [int(addresses.network_address), int(addresses.broadcast_address)]
    near = {edge + step for edge in edges for step in (-1, 0, 1)}
    values = [str(ip_address(number)) for number in near if 0 <= number < 2**32]
    values += [
        "q.amazonaws.com",
        "10.0.0.1.example",
        "10.0.0.01",
        "10.0.0.256",
        " 10.0.0.1",
        "10x0x0x1",
        "192.0.2x1",
        "::1",
        "AWS Internal",
    ]
    assert agree(Leaf("sourceIPAddress", Cidr(addresses)), [{"sourceIPAddress": value} for value in values])


@pytest.mark.parametrize("wanted", [True, False], ids=["holds", "not"])
@pytest.mark.parametrize("network", ["10.0.0.0/8", "2001:db8::/32"])
def test_any_address_of_an_array_is_in_a_network(network: str, wanted: bool) -> None:
    addresses = ["10.0.0.1", "2001:db8::1", "2001:db9::1", "q.amazonaws.com", "", None, {}]
    leaf = Leaf("requestParameters.userGroups", Cidr(ip_network(network)))
    lists = [[], None, *([one] for one in addresses), *([one, other] for one in addresses for other in addresses)]
    assert agree(leaf if wanted else Not(leaf), [{"requestParameters": {"userGroups": one}} for one in lists])


@pytest.mark.parametrize("network", ["10.0.0.0/8", "10.0.0.0/25", "10.0.0.128/25"])
def test_every_octet_is_a_number_up_to_255(network: str) -> None:
    octets = [*map(str, range(300)), "00", "01", "001", "-1", "+1", "1e1", "0x1", "1.0", ""]
    values = [value for octet in octets for value in (f"10.{octet}.0.0", f"10.0.0.{octet}", f"{octet}.0.0.1")]
    leaf = Leaf("sourceIPAddress", Cidr(ip_network(network)))
    events = [{"eventTime": "2026-11-24T00:00:00Z", "sourceIPAddress": value} for value in values]
    found = spl.run(written(leaf), [spl.row(event) for event in events])
    assert {row["sourceIPAddress"] for row in found} == {
        event["sourceIPAddress"] for event in filter(predicate.compile(leaf), events)
    }


def agree(condition: Condition, events: list[dict[str, Any]]) -> bool:
    """Whether query and meaning say the same of every event, however Splunk's documents are read."""
    made, holds = parts(of_service(condition)), predicate.compile(condition)
    for event in events:
        record = {"eventTime": "2026-11-24T00:00:00Z", "eventSource": SOURCE, **event}
        if "no_such_error" in made.assumptions and event.get("errorCode", "") in ("success", "failure", None):
            continue
        for reading in spl.READINGS:
            read = reading.under(made.assumptions)
            got = bool(spl.run(made.text, [spl.row(record)], reading=read))
            assert got is holds(record), (made.text, json.dumps(record), read)
    return True


@pytest.mark.parametrize("wanted", [True, False], ids=["holds", "not"])
@pytest.mark.parametrize("one", [None, "null", "", "a", "A", 7, "7", True, "true", {}], ids=json.dumps)
def test_two_fields_are_the_same(one: Any, wanted: bool) -> None:
    leaf = Leaf("requestParameters.z", SameAs("userAgent"))
    others = [None, "null", "NULL", "", "a", "A", "b", 7, True]
    events = [{"userAgent": other, "requestParameters": {"z": one}} for other in others]
    assert agree(leaf if wanted else Not(leaf), [*events, {"userAgent": one}, {"requestParameters": {"z": one}}, {}])


@pytest.mark.parametrize("test", [Number(7), Number(1.5), Number(0), Compare(">=", 7), Compare("<", 0.5)], ids=str)
@pytest.mark.parametrize("wanted", [True, False], ids=["holds", "not"])
def test_a_number_is_compared_by_value(test: Number | Compare, wanted: bool) -> None:
    values = [7, 7.0, "7", "7.0", "7.00", -7, "-7", 0, "-0", 1.5, "1.50", 10, "10", None, "null", "x", "", True, [], {}]
    leaf = Leaf("requestParameters.z", test)
    assert agree(leaf if wanted else Not(leaf), [{}, *({"requestParameters": {"z": value}} for value in values)])
    lists: list[Any] = [[], None, *([value] for value in values), ["x", 7], ["1", None, "-7"]]
    many = Leaf("requestParameters.userGroups", test)
    assert agree(many if wanted else Not(many), [{"requestParameters": {"userGroups": value}} for value in lists])


NULLS_AND_EMPTIES = [None, "null", "NULL", "", "x", "nul", 0, 7, True, False, 1.5]


def documents(values: list[Any]) -> Iterator[dict[str, Any]]:
    for value in values:
        yield {"requestParameters": {"documents": [{"id": value}]}}
        yield {"requestParameters": {"documents": [{"id": None}, {"id": value}]}}
        yield {"requestParameters": {"documents": [{"other": 1}, {"id": value, "accessConfiguration": {"id": "x"}}]}}
    yield {"requestParameters": {"documents": []}}
    yield {"requestParameters": {"documents": None}}
    yield {"requestParameters": {"documents": [{}]}}
    yield {"requestParameters": {"documents": [None]}}
    yield {"requestParameters": None}
    yield {}


@pytest.mark.parametrize(
    "test",
    [
        Exists(),
        text(Wild.ANY),
        text(Wild.ONE, Wild.ANY),
        text("null"),
        text("n", Wild.ANY),
        text("NULL", cased=True),
        text(),
        text("x"),
    ],
    ids=["exists", "any", "not empty", "null", "n*", "NULL cased", "empty", "x"],
)
@pytest.mark.parametrize("wanted", [True, False], ids=["holds", "not"])
def test_null_is_told_from_text_in_arrays(test: Text | Exists, wanted: bool) -> None:
    leaf = Leaf("requestParameters.documents.id", test)
    assert agree(leaf if wanted else Not(leaf), list(documents([*NULLS_AND_EMPTIES, '\\"null\\"', 'a","null","b'])))


@pytest.mark.parametrize(
    "test", [Exists(), text(Wild.ANY), text(Wild.ONE, Wild.ANY), text("n", Wild.ANY)], ids=["exists", "any", "not empty", "n*"]
)
def test_null_is_told_from_text_in_arrays_of_texts(test: Text | Exists) -> None:
    lists: list[Any] = [[value] for value in NULLS_AND_EMPTIES] + [[], None, [None, None], [None, ""], [None, "x"], ["", ""]]
    events = [{"requestParameters": {"userGroups": value}} for value in [*lists, ['a","null","b']]]
    assert agree(Leaf("requestParameters.userGroups", test), [*events, {"requestParameters": {}}])


# What CloudTrail writes in the place of a value that it hides, of whatever kind.
MARKERS = ["HIDDEN_DUE_TO_SECURITY_REASONS", "***"]
OBJECTS = [{}, {"a": None}, {"a": []}, {"null": "]"}]
PLACES: list[tuple[str, list[Any]]] = [
    ("requestParameters.documents.accessConfiguration", [*OBJECTS, *MARKERS]),  # an object, by the model
    ("requestParameters.documents.attributes", [[], [{}], [{"name": None}], [None]]),  # an array of objects
    ("requestParameters.documents.member", [*OBJECTS, "", "x", "null", "[]", "[null]", 0, False, 1.5]),  # in no model
    ("requestParameters.topicConfigurationsToDelete.exampleChatMessages", [[], [""], ["x", None], [None]]),  # of texts
]


def inside(field: str, values: list[Any]) -> list[dict[str, Any]]:
    """Events with each of the values, and null, in an array, alone and beside a null, and without a value."""
    _, array, key = field.split(".")
    found = [{array: [{key: value}]} for value in [*values, None]]
    found += [{array: [{key: None}, {key: value}]} for value in [*values, None]]
    found += [{array: [{"title": f'"{key}": {{}}'}]}, {array: []}, {array: None}, {array: [None]}, {}]
    return [{"requestParameters": parameters} for parameters in found]


@pytest.mark.parametrize("wanted", [True, False], ids=["holds", "not"])
@pytest.mark.parametrize(("field", "values"), PLACES, ids=[field for field, _ in PLACES])
def test_what_exists_inside_an_array_is_read_from_the_record(field: str, values: list[Any], wanted: bool) -> None:
    leaf = Leaf(field, Exists())
    assert agree(leaf if wanted else Not(leaf), inside(field, values))


FITTING_NULL: list[Any] = [
    text(Wild.ANY), text(Wild.ONE, Wild.ANY), text("null"), text("n", Wild.ANY), *(Matches(Regex.parse(one)) for one in ("", "^n", "[ln]$")),
]  # fmt: skip


@pytest.mark.parametrize("wanted", [True, False], ids=["holds", "not"])
@pytest.mark.parametrize(("field", "values"), PLACES[:3], ids=[field for field, _ in PLACES[:3]])
@pytest.mark.parametrize("test", FITTING_NULL, ids=["any", "not empty", "null", "n*", "re", "re ^n", "re [ln]$"])
def test_an_object_in_an_array_is_no_text(test: Any, field: str, values: list[Any], wanted: bool) -> None:
    leaf = Leaf(field, test)
    assert agree(leaf if wanted else Not(leaf), inside(field, values))


@pytest.mark.parametrize("value", [{}, {"a": None}, {"a": []}, [], [{}], [[]], None, "x", 0, False], ids=json.dumps)
def test_an_object_or_array_exists_though_no_field_shows_it(value: Any) -> None:
    assert agree(Leaf("requestParameters.configuration", Exists()), [{"requestParameters": {"configuration": value}}, {}])


@pytest.mark.parametrize("test", [Exists(), text(Wild.ANY), text(Wild.ONE, Wild.ANY)], ids=["exists", "any", "not empty"])
@pytest.mark.parametrize("field", ["requestParameters.userGroups", "requestParameters.documents"])
@pytest.mark.parametrize("marker", MARKERS)
def test_a_marker_in_the_place_of_an_array_is_a_value(marker: str, field: str, test: Exists | Text) -> None:
    assert agree(Leaf(field, test), [{"requestParameters": {field.split(".")[1]: value}} for value in (marker, None)])


SCALARS = ["userAgent", "requestParameters.x.y", "requestParameters.z"]
LISTS = [
    "requestParameters.documents.id",
    "resources.type",
    "requestParameters.userGroups",
    "requestParameters.documents.attributes.name",
    "requestParameters.documents.member",  # in no model, so that objects may be there
]
words = st.sampled_from([
    "null", "NULL", "nu", "2001:db8::1", "a", "A", "ab", "7", "7.0", "-7", "true", "a.b", "q.amazonaws.com", 'a"b', "a\\b", "x|y", "", "\u00fc", "10.0.0.1",
])  # fmt: skip
scalars = st.one_of(words, st.sampled_from([True, False, 7, 7.0, -7, 0, 1.5, None]))
texts = st.builds(
    lambda parts, cased: Text(
        tuple(part for i, part in enumerate(parts) if i == 0 or isinstance(part, Wild) != isinstance(parts[i - 1], Wild)), cased
    ),
    st.lists(st.one_of(st.sampled_from(list(Wild)), words.filter(bool)), min_size=0, max_size=3),
    st.booleans(),
)
numbers = st.sampled_from([7, 7.0, -7, 0, 1.5])
EXPRESSIONS = [
    "a", "^$", "n.*l$", "^n", "l", "[^u]", "(?i)A", "^7", r"\d", r"\b[A-Z]", "a|b", '"', r"\\", "x.y", ".", "", "(?i)ü", "^(true|null)$",
]  # fmt: skip
anywhere = st.one_of(
    texts,
    st.builds(Number, numbers),
    st.builds(Boolean, st.booleans()),
    st.just(Exists()),
    st.builds(Compare, st.sampled_from(["<", "<=", ">", ">="]), numbers),
    st.sampled_from([Cidr(ip_network("10.0.0.0/8")), Cidr(ip_network("2001:db8::/32"))]),
    st.sampled_from([Matches(Regex.parse(pattern)) for pattern in EXPRESSIONS]),
)
on_scalars = st.one_of(anywhere, st.builds(SameAs, st.sampled_from(SCALARS)))
leaves = st.one_of(
    st.builds(Leaf, st.sampled_from(SCALARS), on_scalars),
    st.builds(Leaf, st.sampled_from(LISTS), anywhere),
    st.sampled_from(
        [Leaf("errorCode", Exists()), Not(Leaf("errorCode", Exists())), Leaf("errorCode", text("AccessDenied", Wild.ANY))]
    ),
    st.builds(Leaf, st.just("errorCode"), texts),
)


def joined(kind: type[And] | type[Or]) -> Any:
    """Flat, as the parser gives them."""
    return lambda args: kind(tuple(part for arg in args for part in (arg.args if isinstance(arg, kind) else (arg,))))


conditions: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(joined(And)),
        st.lists(inner, min_size=2, max_size=3).map(joined(Or)),
        inner.map(lambda arg: arg.arg if isinstance(arg, Not) else Not(arg)),
    ),
    max_leaves=6,
)
maybe_lists = st.one_of(st.none(), st.lists(scalars, max_size=2))
events = st.fixed_dictionaries(
    {},
    optional={
        "userAgent": scalars,
        "errorCode": st.sampled_from(
            ["AccessDenied", "AccessDeniedException", "Throttling", "null", "success", "failure", None]
        ),
        "resources": st.one_of(
            st.none(), st.lists(st.fixed_dictionaries({}, optional={"type": scalars, "ARN": words}), max_size=2)
        ),
        "requestParameters": st.one_of(
            st.none(),
            st.fixed_dictionaries(
                {},
                optional={
                    "z": scalars,
                    "x": st.one_of(st.none(), st.fixed_dictionaries({}, optional={"y": scalars})),
                    "userGroups": maybe_lists,
                    "documents": st.one_of(
                        st.none(),
                        st.lists(
                            st.one_of(
                                st.none(),
                                st.fixed_dictionaries(
                                    {},
                                    optional={
                                        "id": scalars,
                                        "member": st.one_of(scalars, st.sampled_from([*OBJECTS, {"a": ["null", "x"]}])),
                                        "attributes": st.one_of(
                                            st.none(),
                                            st.lists(st.fixed_dictionaries({}, optional={"name": scalars}), max_size=2),
                                        ),
                                    },
                                ),
                            ),
                            max_size=2,
                        ),
                    ),
                },
            ),
        ),
    },
)


@settings(max_examples=600, deadline=None)
@given(conditions, st.lists(events, min_size=1, max_size=4))
def test_a_query_says_what_the_rule_says(condition: Condition, found: list[dict[str, Any]]) -> None:
    assert agree(condition, found)


@pytest.mark.parametrize("name", ASSUMPTIONS)
def test_an_assumption_is_a_sentence_and_a_search(name: str) -> None:
    sentence, confirms = ASSUMPTIONS[name]
    assert sentence.endswith(".")
    assert confirms.startswith("| ")


RESTS_ON = [
    (Leaf("eventName", text("A")), ()),
    (Leaf("eventName", Exists()), ("empty_text", "json_extract_missing")),
    (Leaf("requestParameters", Exists()), ("json_extract_missing", "json_extract_object")),
    (Leaf("a.b", Exists()), ("empty_text", "json_extract_missing", "json_extract_object", "no_array")),
    (Not(Leaf("errorCode", Exists())), ("no_such_error",)),
    (Leaf("errorCode", text(Wild.ANY, "Denied")), ()),
    (Leaf("userAgent", text()), ("empty_text",)),
    (Leaf("userAgent", text("ä", Wild.ANY)), ("unicode",)),
    (Leaf("userAgent", text("a", Wild.ONE)), ("unicode",)),
    (Leaf("userAgent", SameAs("sourceIPAddress")), ("empty_text", "json_extract_missing", "unicode")),
    (Leaf("userIdentity.x", Number(7)), ("plain_numbers",)),
    (Leaf("sourceIPAddress", Cidr(ip_network("2001:db8::/32"))), ("cidr_v6",)),
    (Leaf("resources.ARN", Exists()), ()),
    (of_service(Leaf("requestParameters.documents.attributes", Exists())), ("json_extract_list",)),
]


@pytest.mark.parametrize(("condition", "assumptions"), RESTS_ON, ids=range(len(RESTS_ON)))
def test_a_query_names_what_it_rests_on(condition: Condition, assumptions: tuple[str, ...]) -> None:
    assert parts(condition).assumptions == assumptions
