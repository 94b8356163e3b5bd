"""Every rule's Logs Insights query, run command by command on records, and the rows of the contract; and what is refused by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from contract_rows import ABSENT, OUTSIDE, ROWS, event
from our_content import EVENTS, grouped, ids, raising, said_by
from sigma_text import holds, tree

from amazon_q_detections import record
from amazon_q_detections.conversion import schema_of
from amazon_q_detections.errors import Refused
from amazon_q_detections.fixture import Case
from amazon_q_detections.rule import Rule
from amazon_q_detections.targets.cloudwatch import CloudWatch, InsightsQuery, insights
from amazon_q_detections.targets.cloudwatch.insights import DIALECTS, Dialect
from sigma.backends.cloudwatch_logs_insights import syntax
from sigma.backends.cloudwatch_logs_insights.assumptions import ASSUMPTIONS
from sigma.backends.cloudwatch_logs_insights.query import Filters, piped

SINGLES, CORRELATED = said_by("cloudwatch")
ROWS_OF_EVENTS = [insights.row(one) for one in EVENTS]
SCHEMA = schema_of("cloudwatch_cloudtrail")


def compiled(one: Rule) -> InsightsQuery:
    return CloudWatch().compile(one, "cloudtrail")


@pytest.mark.parametrize("dialect", DIALECTS, ids=["compact", "spaced"])
@pytest.mark.parametrize("one", SINGLES, ids=lambda one: one.stem)
def test_a_query_gives_the_rules_verdicts(one: Rule, dialect: Dialect) -> None:
    wanted = raising(one)
    assert wanted
    query = compiled(one)
    assert {found["eventID"] for found in insights.run(query.text("insights"), ROWS_OF_EVENTS, 0, dialect)} == wanted
    assert {found["q_event"] for found in insights.run(query.deciding, ROWS_OF_EVENTS, 0, dialect)} == wanted, "the alarm"


@pytest.mark.parametrize(("one", "case"), CORRELATED, ids=ids(CORRELATED))
def test_a_correlation_keeps_its_two_promises(one: Rule, case: Case) -> None:
    """Runs a step apart: no group that the rule does not find, and every group whose span is short enough."""
    query = compiled(one)
    rows = [insights.row(event) for event in case.events]
    times = sorted(moment for event in case.events if (moment := record.time(event)) is not None)
    schedule, alerts = one.schedule, set()
    for offset in (0, schedule.step // 2):  # runs need not meet the events' seconds
        end = times[0] + schedule.delay - offset
        while end <= times[-1] + schedule.delay + one.timespan:
            alerts |= {tuple(found[name] for name in query.by) for found in insights.run(query.text("insights"), rows, end)}
            end += schedule.step
    wanted = grouped(one, case)
    assert bool(wanted) is case.expected
    assert alerts <= wanted, "sound"
    if times[-1] - times[0] <= one.timespan - schedule.step:
        assert alerts == wanted, "complete for spans up to timespan - step"


def padded(event: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a call with so many parameters that no field of or behind them is discovered, in CloudTrail's order of keys."""
    head = {key: value for key, value in event.items() if key in SCHEMA["discovered"]}
    given = event.get("requestParameters")
    if isinstance(given, dict):
        given = {"padding": {f"p{number}": "x" for number in range(insights.MOST_FIELDS)}, **given}
    tail = {key: value for key, value in event.items() if key not in (*head, "requestParameters")}
    return {**head, "requestParameters": given, **tail}


PADDED = [insights.row(padded(one)) for one in EVENTS]


@pytest.mark.parametrize("one", SINGLES, ids=lambda one: one.stem)
def test_a_call_with_many_parameters_hides_nothing(one: Rule) -> None:
    found = insights.run(compiled(one).deciding, PADDED)
    assert {row["q_event"] for row in found} == raising(one)


@pytest.mark.parametrize(("one", "case"), CORRELATED, ids=ids(CORRELATED))
def test_a_burst_of_calls_with_many_parameters_is_counted(one: Rule, case: Case) -> None:
    query = compiled(one)
    ends = {moment + one.schedule.delay for event in case.events if (moment := record.time(event)) is not None}
    plain, hidden = ([insights.row(make(event)) for event in case.events] for make in (dict, padded))
    for end in sorted(ends):
        one_by_one = [insights.run(query.deciding, rows, end) for rows in (plain, hidden)]
        assert one_by_one[0] == one_by_one[1]


REFUSED = {row for row in ROWS if row.startswith("re ")}
# There a JSON number 1 cannot be told from true (docs/semantics.md, bool_1_0).
BOOLEANS = {"true and 'true'": (0, 1, "0", "1"), "'false' and false": (0, 1, "0", "1"), "zero has a sign or none": (False,)}


@pytest.mark.parametrize("dialect", DIALECTS, ids=["compact", "spaced"])
@pytest.mark.parametrize("negated", [False, True], ids=["plain", "negated"])
@pytest.mark.parametrize("row", sorted(ROWS.keys() - REFUSED))
def test_a_row_of_the_contract(row: str, negated: bool, dialect: Dialect) -> None:
    """On all values but arrays, which are decided by the tables of the schema."""
    modifiers, value, good, bad = ROWS[row]
    text = "not selection" if negated else "selection"
    condition = tree(text, selection={f"a.b{modifiers}": value})
    matches = holds(text, selection={f"a.b{modifiers}": value})
    query = piped(Filters(SCHEMA).lines(condition))
    for one in (*good, *bad):
        odd = (*OUTSIDE.get(row, ()), *BOOLEANS.get(row, ()))
        untold = any(one is other or (one == other and type(one) is type(other)) for other in odd)
        if not untold and (row.startswith(("exists", "null")) or not isinstance(one, list)):
            found = bool(insights.run(query, [insights.row(event(one))], 0, dialect))
            assert found is matches(event(one)), (one, query)


TEXTS = ["abc", "ABC", "true", "TRUE", "1", "0", "7", "7.0", "a\nb", "x y", "10.1.2.3", "q.amazonaws.com", ABSENT]


@pytest.mark.parametrize("row", sorted(ROWS.keys() - REFUSED))
def test_a_row_of_the_contract_on_a_field_that_is_always_discovered(row: str) -> None:
    modifiers, value, *_ = ROWS[row]
    selection = {f"userIdentity.userName{modifiers}": value}
    query = piped(Filters(SCHEMA).lines(tree(selection=selection)))
    for one in TEXTS:
        found = {"userIdentity": {} if one is ABSENT else {"userName": one}}
        assert bool(insights.run(query, [insights.row(found)])) is holds(selection=selection)(found), (one, query)


@pytest.mark.parametrize("dialect", DIALECTS, ids=["compact", "spaced"])
@pytest.mark.parametrize("modifier", ["", "|contains", "|endswith", "|cased", "|startswith"])
@pytest.mark.parametrize("value", ["true", "false", "ru", "e", "t", "x", "ue"])
def test_a_boolean_is_seen_as_number_and_as_text(value: str, modifier: str, dialect: Dialect) -> None:
    selection = {f"a.b{modifier}": value}
    query = piped(Filters(SCHEMA).lines(tree(selection=selection)))
    for one in (True, False, "true", "TRUE", "no", "", None):
        found = bool(insights.run(query, [insights.row(event(one))], 0, dialect))
        assert found is holds(selection=selection)(event(one)), (one, query)


SOURCE = {"eventSource": "qbusiness.amazonaws.com"}
PHRASES = "requestParameters.blockedPhrasesConfigurationUpdate.blockedPhrasesToDelete"


def phrases(*found: Any) -> dict[str, Any]:
    return {"requestParameters": {"blockedPhrasesConfigurationUpdate": {"blockedPhrasesToDelete": list(found)}}}


def documents(*found: Any) -> dict[str, Any]:
    return {"requestParameters": {"documents": list(found)}}


JOB = "_data_source_sync_job_execution_id"
NAME = "requestParameters.documents.attributes.name"
ARRAYS = [
    ({"resources.type": "AWS::QBusiness::Index"}, {"resources": [{"type": "x"}, {"type": "aws::qbusiness::INDEX"}]}, True),
    ({"resources.type": "AWS::QBusiness::Index"}, {"resources": [{"type": "AWS::QBusiness::IndexOther"}]}, False),
    ({"resources.type|startswith": "AWS::QB"}, {"resources": [{"type": "AWS::QBusiness::Index"}]}, True),
    ({"resources.type|endswith": "index"}, {"resources": [{"type": "AWS::QBusiness::Index", "ARN": "x"}]}, True),
    ({"resources.type|contains": "business"}, {"resources": [{"ARN": "business", "type": "x"}]}, False),
    ({"resources.ARN": "arn:aws:s3:::a/b"}, {"resources": [{"ARN": "arn:aws:s3:::a/b"}]}, True),
    ({"resources.type": ["x", "AWS::QBusiness::Index"]}, {"resources": [{"type": "y"}, {"type": "AWS::QBusiness::Index"}]}, True),
    ({"resources.type": ["x", "AWS::QBusiness::Index"]}, {"resources": [{"type": "y"}, {"ARN": "x"}]}, False),
    ({"resources.type|contains": "cafe"}, {"resources": [{"type": "\ucafe"}]}, False),
    ({"resources.type|contains": "cafe"}, {"resources": [{"type": "\ucafe\n\"cafe"}]}, True),
    ({"resources.type|exists": True}, {"resources": [{"type": None}]}, False),
    ({"resources.type|exists": True}, {"resources": []}, False),
    ({"resources.type|exists": True}, {"resources": None}, False),
    ({"resources.type|exists": True}, {"resources": [{}, {"type": ""}]}, True),
    ({"resources.type|exists": True}, {"resources": [{"ARN": 'a "type": "x"'}]}, False),
    ({"resources|exists": True}, {"resources": []}, True),
    ({PHRASES: True}, phrases("a,true b"), False),
    ({PHRASES: True}, phrases("see [true] a"), False),
    ({PHRASES: True}, phrases("x", True), True),
    ({PHRASES: "7"}, phrases("x,7 y"), False),
    ({PHRASES: "7"}, phrases("x", 7), True),
    ({f"{PHRASES}|contains": "n"}, phrases("a,", None), False),
    ({f"{PHRASES}|contains": "n"}, phrases("a,", None, "an"), True),
    ({PHRASES: "b"}, phrases('a","b'), False),
    ({PHRASES: "b"}, phrases('a"', "c", "B"), True),
    ({PHRASES: "b"}, {"requestParameters": {"blockedPhrasesConfigurationUpdate": {}}}, False),
    ({PHRASES: "b"}, {"requestParameters": None}, False),
    ({"resources.type": "?*"}, {"resources": [{"type": -7}]}, True),
    ({"resources.type": "*"}, {"resources": [{"type": -7}]}, True),
    ({"resources.type": "*"}, {"resources": [{"type": {}}]}, False),
    ({"resources.type|contains": "e x"}, {"resources": [{"type": "\ucafe x"}]}, False),
    ({PHRASES: "?*"}, phrases(), False),
    ({PHRASES: "?*"}, phrases("", ""), False),
    ({PHRASES: "?*"}, phrases("", "x"), True),
    ({f"{PHRASES}|exists": True}, phrases(), True),
    ({f"{PHRASES}|exists": True}, {"requestParameters": {"blockedPhrasesConfigurationUpdate": {}}}, False),
    ({PHRASES: "hidden"}, {"requestParameters": {"blockedPhrasesConfigurationUpdate": {"blockedPhrasesToDelete": "HIDDEN"}}}, True),
    ({NAME: JOB}, documents({"id": "1", "attributes": [{"name": "a", "value": {"stringListValue": ["b", "c"]}}, {"name": JOB}]}), True),
    ({NAME: JOB}, documents({"id": "1"}, {"attributes": [{"value": {"stringValue": "x]"}, "name": JOB}]}), True),
    ({NAME: JOB}, documents({"attributes": [{"name": "a"}], "accessConfiguration": {"accessControls": [{"name": JOB}]}}), False),
    ({NAME: JOB}, documents({"attributes": [{"name": "a", "value": {"stringValue": JOB}}]}), False),
    ({NAME: JOB}, documents({"attributes": [], "title": f'"name":"{JOB}"'}), False),
    ({"requestParameters.documents.id|exists": True}, documents({"id": None}, {"title": "x"}), False),
    ({"requestParameters.documents.id|exists": True}, documents({}, {}, {"id": ""}), True),
    ({"requestParameters.documents.id": "x"}, documents({}, {"id": "y"}, {"id": "X"}), True),
    ({"requestParameters.documents.id": "x"}, documents({"accessConfiguration": {"user": {"id": "x"}}}), False),
]  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS, ids=["compact", "spaced"])
@pytest.mark.parametrize("negated", [False, True], ids=["plain", "negated"])
@pytest.mark.parametrize(("selection", "found", "expected"), ARRAYS)
def test_an_array_is_decided_on_its_json_text(
    selection: dict[str, Any], found: dict[str, Any], expected: bool, negated: bool, dialect: Dialect
) -> None:
    text = "source and not selection" if negated else "source and selection"
    assert holds(text, selection=selection, source=SOURCE)({**SOURCE, **found}) is (expected is not negated)
    filters = Filters(SCHEMA, frozenset(SOURCE.values()))
    query = piped(filters.lines(tree(text, selection=selection, source=SOURCE)))
    got = insights.run(query, [insights.row({**SOURCE, **found})], 0, dialect)
    assert bool(got) is (expected is not negated), query


OBJECTS = [
    ("requestParameters.x-y.z", {"requestParameters": {"x-y": {"z": {}}}}, True),
    ("requestParameters.x-y.z", {"requestParameters": {"x-y": {"z": None}}}, False),
    ("requestParameters.authConfiguration", {"requestParameters": {"configuration": {"authConfiguration": {"x": 1}}}}, False),
    ("requestParameters.authConfiguration", {"requestParameters": {"authConfiguration": {}}}, True),
    ("requestParameters.in.not", {"requestParameters": {"in": {"not": "x"}}}, True),
    ("userIdentity.sessionContext", {"userIdentity": {"sessionContext": {}}}, True),
]


@pytest.mark.parametrize(("field", "found", "expected"), OBJECTS)
def test_whether_an_object_is_there_is_decided_at_its_place(field: str, found: dict[str, Any], expected: bool) -> None:
    query = piped(Filters(SCHEMA).lines(tree(selection={f"{field}|exists": True})))
    assert bool(insights.run(query, [insights.row(found)])) is expected, query


def test_a_field_of_a_service_whose_arrays_are_not_known_rests_on_an_assumption() -> None:
    theirs, ours = Filters(SCHEMA, frozenset({"ec2.amazonaws.com"})), Filters(SCHEMA, frozenset(SOURCE.values()))
    for filters in (theirs, ours):
        filters.lines(tree(selection={"requestParameters.x.y": "z", "eventName": "A", "recipientAccountId": "1"}))
    assert ("no_array" in theirs.needs.assumptions, "no_array" in ours.needs.assumptions) == (True, False)


PARSED = "requestParameters.x"
ASSUMED: list[tuple[dict[str, Any], str]] = [
    ({"eventName": "A"}, "aws_casing"),
    ({"eventName": ["A", "B"]}, "aws_casing"),
    ({"eventName|cased": "A"}, ""),
    ({"eventName|exists": True}, ""),
    ({"userAgent": "x"}, "text_end"),
    ({"userAgent": ["x", "y"]}, "text_end"),
    ({"userIdentity.sessionContext.x|contains": "a"}, ""),
    ({"additionalEventData.x|contains": "x"}, "no_array"),
    ({"userAgent": ""}, "empty_kept text_end"),
    ({"userAgent": "*"}, "empty_kept"),
    ({"userAgent": "a*b*"}, ""),
    ({"userAgent": "a?b*"}, "characters"),
    ({"userAgent|contains": "a.*$b"}, ""),
    ({"userAgent|contains": "$"}, ""),
    ({"userAgent|contains": "\\\\$"}, ""),
    ({"userAgent|endswith": "$"}, "text_end"),
    ({"userAgent|endswith": "\\\\"}, "text_end"),
    ({"userAgent|contains": "é"}, "characters"),
    ({"userAgent|contains|cased": "é"}, ""),
    ({"userAgent": 7}, "text_end"),
    ({PARSED: 7}, "plain_numbers text_end"),
    ({PARSED: "7"}, "plain_numbers text_end"),
    ({PARSED: 1}, "bool_1_0 plain_numbers text_end"),
    ({PARSED: ["7", "b"]}, "plain_numbers text_end"),
    ({PARSED: ["1", "b"]}, "bool_1_0 plain_numbers text_end"),
    ({f"{PARSED}|gt": 7}, "bool_1_0"),
    ({PARSED: True}, "bool_1_0 text_end"),
    ({f"{PARSED}|contains": "tr"}, "bool_1_0"),
    ({f"{PARSED}|exists": True}, "empty_kept json_text null_absent"),
    ({f"{PARSED}|fieldref": "userAgent"}, "bool_1_0 null_absent"),
    ({"requestParameters.indexId|exists": True}, "empty_kept null_absent"),
    ({"resources.type": "x"}, "json_text"),
]


@pytest.mark.parametrize(("selection", "named"), ASSUMED)
def test_a_query_names_what_it_rests_on(selection: dict[str, Any], named: str) -> None:
    filters = Filters(SCHEMA, frozenset(SOURCE.values()))
    filters.lines(tree(selection=selection))
    assert " ".join(sorted(filters.needs.assumptions)) == named
    assert filters.needs.assumptions <= set(ASSUMPTIONS)


@pytest.mark.parametrize(("selection", "named"), [({"userAgent|contains": "x"}, True), ({"userAgent|exists": True}, False)])
def test_a_negation_rests_on_an_assumption_where_a_guard_stands_in_it(selection: dict[str, Any], named: bool) -> None:
    filters = Filters(SCHEMA)
    filters.lines(tree("not selection", selection=selection))
    assert ("not_total" in filters.needs.assumptions) is named


def test_a_field_that_is_compared_with_one_of_the_parsed_record_waits_for_it() -> None:
    selection = {"userAgent|fieldref": PARSED}
    query = piped(Filters(SCHEMA).lines(tree(selection=selection)))
    found = {"userAgent": "a", "requestParameters": {"x": "A"}}
    assert insights.run(query, [insights.row(found)]), query


@pytest.mark.parametrize("dialect", DIALECTS, ids=["compact", "spaced"])
@pytest.mark.parametrize("negated", [False, True], ids=["plain", "negated"])
@pytest.mark.parametrize("selection", [{"a.b|fieldref": "c.d"}, {"a.b|gt": 7}, {"a.b|cidr": "10.0.0.0/8"}, {"a.b": 7}])
def test_an_object_passes_no_test_that_functions_decide(selection: dict[str, Any], negated: bool, dialect: Dialect) -> None:
    text = "not selection" if negated else "selection"
    query = piped(Filters(SCHEMA).lines(tree(text, selection=selection)))
    for one in ({}, {"b": 8}, "10.0.0.1", "8", "7", None):
        for other in ({}, {"b": 8}, "8", None):
            found = {"a": {"b": one}, "c": {"d": other}}
            got = bool(insights.run(query, [insights.row(found)], 0, dialect))
            assert got is holds(text, selection=selection)(found), (found, query)


@pytest.mark.parametrize(("one", "other"), [("7", "7.0"), ("7", "07"), ("1e1", "10")])
def test_two_fields_are_compared_as_texts_and_not_as_numbers(one: str, other: str) -> None:
    query = piped(Filters(SCHEMA).lines(tree(selection={"a.b|fieldref": "c.d"})))
    assert not insights.run(query, [insights.row({"a": {"b": one}, "c": {"d": other}})])
    assert insights.run(query, [insights.row({"a": {"b": one}, "c": {"d": one}})])


def test_a_number_below_zero_has_no_sign_which_is_not_documented() -> None:
    assert Filters(SCHEMA).lines(tree(selection={"userAgent|lt": -7.5})) == [
        "filter (isNumeric(userAgent) and userAgent < (0 - 7.5))"
    ]


@pytest.mark.parametrize("field", ["userAgent", "eventName", PARSED])
def test_a_list_of_values_whose_case_counts_does_not_fold_them(field: str) -> None:
    query = piped(Filters(SCHEMA).lines(tree(selection={f"{field}|cased": ["ab", "c d", "É"]})))
    for value, expected in [("ab", True), ("c d", True), ("É", True), ("AB", False), ("C d", False), ("é", False)]:
        found = {"eventName": value, "userAgent": value, "requestParameters": {"x": value}}
        assert bool(insights.run(query, [insights.row(found)])) is expected, (value, query)


HOSTILE = [
    "x' or eventName = 'X", "x) or (y", "a\\", "a\\*b", "*", "a | stats count(*)", "`field`", "a/b/", "/", "(?i)", "a=b", '"', "'", "{{x}}",
    "[a]", "a,b", "emoji 🙂", "é", "É", "a**b", "?", "^a$", "null", "a.b", "a-b", "  ", "$", "7", "7.0", "true",
]  # fmt: skip


@pytest.mark.parametrize("field", ["a.b", "eventName"])
@pytest.mark.parametrize("modifier", ["", "|contains", "|endswith", "|startswith|cased"])
@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_only_a_value(value: str, modifier: str, field: str) -> None:
    escaped = value.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
    condition = tree(selection={f"{field}{modifier}": escaped, "awsRegion": "us-east-1"})
    query = piped(Filters(SCHEMA).lines(condition))
    matches = holds(selection={f"{field}{modifier}": escaped})
    for one in HOSTILE:
        found = {**event(one), "awsRegion": "us-east-1", **({"eventName": one} if field == "eventName" else {})}
        assert bool(insights.run(query, [insights.row(found)])) is matches(found), (one, query)


@pytest.mark.parametrize("value", ["7 ", " 7", "1f", "0x1F", "NaN", "infinity", "-7", "a ", "1e3"])
def test_what_may_read_as_a_number_is_compared_as_text(value: str) -> None:
    query = piped(Filters(SCHEMA).lines(tree(selection={"eventName|cased": value})))
    assert query == f"filter eventName like /^{value}$/"


@pytest.mark.parametrize("value", ["a\nb", "a\tb", "\x00", "\u2028", "a#b"])
def test_a_character_without_a_documented_escape_is_refused(value: str) -> None:
    with pytest.raises(Refused, match="the character"):
        Filters(SCHEMA).lines(tree(selection={"a.b": value}))


@pytest.mark.parametrize(
    ("text", "selections", "construct"),
    [
        ("selection", {"selection": {"a|re|m": "^x"}}, "an anchor at lines"),
        ("selection", {"selection": {"a|re": r"\x07"}}, "the character"),
        ("selection", {"selection": {"resources.type|re": "x"}}, "a matches on a JSON text"),
        ("keywords", {"keywords": ["x"]}, "a keyword"),
        ("selection", {"selection": {"a`b": "x"}}, "the field name"),
        ("selection", {"selection": {"a\\": "x"}}, "the field name"),
        ("selection", {"selection": {"a#b": "x"}}, "the field name"),
        ("selection", {"selection": {"a\u2028b": "x"}}, "the field name"),
        ("selection", {"selection": {"resources.other": "x"}}, "goes through an array"),
        ("selection", {"selection": {"resources.type": 'a"b'}}, "on a JSON text"),
        ("selection", {"selection": {"resources.type|contains": "7"}}, "it fits numbers"),
        ("selection", {"selection": {"resources.type": "t*e"}}, "it fits numbers"),
        ("selection", {"selection": {"resources.type": "?"}}, "it fits numbers"),
        ("selection", {"selection": {"resources.type": "b?"}}, "the wildcard"),
        ("selection", {"selection": {"resources.type|cidr": "10.0.0.0/8"}}, "a cidr on a JSON text"),
        ("selection", {"selection": {"resources.type": "it's"}}, "on a JSON text"),
        ("selection", {"selection": {"a|fieldref": "resources.type"}}, "goes through an array"),
        ("selection", {"selection": {"requestParameters.documents.id": "x"}}, "pin eventSource"),
        ("selection", {"selection": {"requestParameters.items.0.name": "x"}}, "numbers the elements"),
        ("selection", {"selection": {"@message|contains": "x"}}, "fields of its own"),
        ("selection", {"selection": {"a{{b}}": "x"}}, "the field name"),
        ("selection", {"selection": {"a..b": "x"}}, "the field name"),
    ],
)
def test_what_cannot_be_said_is_refused_by_name(text: str, selections: dict[str, Any], construct: str) -> None:
    with pytest.raises(Refused, match=construct):
        Filters(SCHEMA).lines(tree(text, **selections))


def test_a_title_cannot_leave_its_comment() -> None:
    main = {**next(one for one in SINGLES).main, "title": "x\n| stats count(*)\r# y\u2028z {{p}} ${q}"}
    query = compiled(Rule("aws_hostile_rule", SINGLES[0].path, main)).text("insights")
    first, second, third, *_ = query.split("\n")
    assert first == "# x | stats count(*) # y z { {p}} $ {q}"
    assert second.startswith("# Sigma rule ")
    assert third == "# selection_source"


def test_a_rule_of_several_selections_names_them_before_their_filters() -> None:
    selections = {
        "selection_source": {"eventName": "A", "errorCode": None},
        "selection_\r| limit 0": {"userAgent|contains": "a"},
        "filter_x": {"requestParameters.x": "b"},
        "filter_y": {"requestParameters.y": "b"},
    }
    assert Filters(SCHEMA).lines(tree("all of selection_* and not 1 of filter_*", **selections)) == [
        "# selection_source",
        "filter eventName = 'A'",
        "filter not ispresent(errorCode)",
        "# selection_ | limit 0",
        "filter userAgent like /(?i)a/",
        "fields jsonParse(@message) as q_record",
        "# filter_x, filter_y",
        "filter not ((ispresent(q_record.requestParameters.x) and q_record.requestParameters.x like /(?i)^b$/)"
        " or (ispresent(q_record.requestParameters.y) and q_record.requestParameters.y like /(?i)^b$/))",
    ]


def test_a_query_of_one_selection_has_no_comment_that_tells_nothing() -> None:
    assert Filters(SCHEMA).lines(tree(selection={"eventName": "A"})) == ["filter eventName = 'A'"]


@pytest.mark.parametrize("word", ["IN", "not", "Like"])
def test_a_key_that_is_a_word_of_the_language_stands_in_backticks(word: str) -> None:
    (_, line) = Filters(SCHEMA).lines(tree(selection={f"requestParameters.{word}.x|contains": "y"}))
    assert line == f"filter q_record.requestParameters.`{word}`.x like /(?i)y/"


@pytest.mark.parametrize(("text", "line"), [("a\x00b\u200b{\u200b{c", "a b { {c"), ("${x} {{{", "$ {x} { { {"), ("\u2028", "")])
def test_a_text_of_a_rule_keeps_to_its_line_and_is_no_parameter(text: str, line: str) -> None:
    assert syntax.harmless(text) == line


def test_each_json_text_has_a_name_of_its_own() -> None:
    fields = ["x.a-b", "x.a_b", "x.a:b", "y.a_b", "x_a.b"]
    query = piped(Filters(SCHEMA).lines(tree(selection={f"{field}|exists": True for field in fields})))
    names = re.findall(r" as (\w+)", query)
    assert len({*names}) == len(names) == len(fields) + 1, query
    found = {"x": {"a-b": {}, "a_b": {}, "a:b": {}}, "y": {"a_b": {}}, "x_a": {"b": {}}}
    assert insights.run(query, [insights.row(found)])
    assert not insights.run(query, [insights.row({**found, "y": {}})])


def test_own_names_cannot_meet_discovered_ones() -> None:
    for one in (*SINGLES, *{one.stem: one for one, _ in CORRELATED}.values()):
        assert all(name.startswith("q_") for name in re.findall(r" as (\w+)", compiled(one).text("insights")))
