"""Every rule's Logs Insights query, run command by command on records, and the rows of the contract; and what is refused by name."""

from __future__ import annotations

import re
from typing import Any

import insights_table
import pytest
from contract_rows import OUTSIDE, ROWS, event
from our_content import EVENTS, grouped, ids, raising, said_by
from sigma_text import holds, tree

from amazon_q_detections import record
from amazon_q_detections.conversion import schema_of
from amazon_q_detections.errors import Refused
from amazon_q_detections.fixture import Case
from amazon_q_detections.rule import Rule
from amazon_q_detections.targets.cloudwatch import CloudWatch, InsightsQuery
from sigma.backends.cloudwatch_logs_insights.query import Filters

SINGLES, CORRELATED = said_by("cloudwatch")
ROWS_OF_EVENTS = [insights_table.row(one) for one in EVENTS]
SCHEMA = schema_of("cloudwatch_cloudtrail")


def compiled(one: Rule) -> InsightsQuery:
    return CloudWatch().compile(one, "cloudtrail")


@pytest.mark.parametrize("one", SINGLES, ids=lambda one: one.stem)
def test_a_query_gives_the_rules_verdicts(one: Rule) -> None:
    wanted = raising(one)
    assert wanted
    assert {found["eventID"] for found in insights_table.run(compiled(one).texts["insights"], ROWS_OF_EVENTS)} == wanted


@pytest.mark.parametrize(("one", "case"), CORRELATED, ids=ids(CORRELATED))
def test_a_correlation_keeps_its_two_promises(one: Rule, case: Case) -> None:
    """Runs a step apart: no group that the rule does not find, and every group whose span is short enough."""
    query = compiled(one)
    rows = [insights_table.row(event) for event in case.events]
    times = sorted(moment for event in case.events if (moment := record.time(event)) is not None)
    schedule, alerts = one.schedule, set()
    for offset in (0, schedule.step // 2):  # runs need not meet the events' seconds
        end = times[0] + schedule.delay - offset
        while end <= times[-1] + schedule.delay + one.timespan:
            alerts |= {
                tuple(found[name] for name in query.by) for found in insights_table.run(query.texts["insights"], rows, end)
            }
            end += schedule.step
    wanted = grouped(one, case)
    assert bool(wanted) is case.expected
    assert alerts <= wanted, "sound"
    if times[-1] - times[0] <= one.timespan - schedule.step:
        assert alerts == wanted, "complete for spans up to timespan - step"


REFUSED = {row for row in ROWS if row.startswith("re ")}
# Bound to a discovered field, where a boolean is 1 or 0, and only the tests `true` and `false` know it (assumption bool_1_0).
UNSEEN = (bool, dict, list)
# There a JSON number 1 cannot be told from true (docs/semantics.md, bool_1_0).
BOOLEANS = {"true and 'true'", "'false' and false"}


@pytest.mark.parametrize("negated", [False, True], ids=["plain", "negated"])
@pytest.mark.parametrize("row", sorted(ROWS.keys() - REFUSED))
def test_a_row_of_the_contract(row: str, negated: bool) -> None:
    """On strings, numbers, null and absence; objects and arrays are decided by the tables of the schema."""
    modifiers, value, good, bad = ROWS[row]
    text = "not selection" if negated else "selection"
    condition = tree(text, selection={f"a.b{modifiers}": value})
    matches = holds(text, selection={f"a.b{modifiers}": value})
    query = "\n| ".join(Filters(SCHEMA).lines(condition))
    for one in (*good, *bad):
        odd = OUTSIDE.get(row, [])
        if not isinstance(one, UNSEEN) and one not in odd and not (row in BOOLEANS and one in (0, 1, "1")):
            found = bool(insights_table.run(query, [insights_table.row(event(one))]))
            assert found is matches(event(one)), (one, query)


@pytest.mark.parametrize(
    ("found", "expected"), [(True, True), (False, False), ("true", True), ("TRUE", True), ("no", False), (None, False)]
)
def test_a_boolean_of_unknown_kind_is_seen_as_number_and_as_text(found: Any, expected: bool) -> None:
    query = "\n| ".join(Filters(SCHEMA).lines(tree(selection={"a.b": True})))
    assert bool(insights_table.run(query, [insights_table.row(event(found))])) is expected


ARRAYS = [
    ({"resources.type": "AWS::QBusiness::Index"}, {"resources": [{"type": "x"}, {"type": "aws::qbusiness::INDEX"}]}, True),
    ({"resources.type": "AWS::QBusiness::Index"}, {"resources": [{"type": "AWS::QBusiness::IndexOther"}]}, False),
    ({"resources.type|startswith": "AWS::QB"}, {"resources": [{"type": "AWS::QBusiness::Index"}]}, True),
    ({"resources.type|endswith": "index"}, {"resources": [{"type": "AWS::QBusiness::Index", "ARN": "x"}]}, True),
    ({"resources.type|contains": "business"}, {"resources": [{"ARN": "business", "type": "x"}]}, False),
    ({"resources.ARN": "arn:aws:s3:::a/b"}, {"resources": [{"ARN": "arn:aws:s3:::a/b"}]}, True),
    ({"resources.type|exists": True}, {"resources": [{"type": None}]}, False),
    ({"resources.type|exists": True}, {"resources": []}, False),
    ({"resources.type|exists": True}, {"resources": None}, False),
    ({"resources.type|exists": True}, {"resources": [{}, {"type": ""}]}, True),
    ({"resources.type|exists": True}, {"resources": [{"ARN": 'a "type": "x"'}]}, False),
]


@pytest.mark.parametrize(("selection", "found", "expected"), ARRAYS)
@pytest.mark.parametrize("negated", [False, True], ids=["plain", "negated"])
def test_an_array_is_decided_on_its_json_text(
    selection: dict[str, Any], found: dict[str, Any], expected: bool, negated: bool
) -> None:
    text = "not selection" if negated else "selection"
    assert holds(text, selection=selection)(found) is (expected is not negated)
    query = "\n| ".join(Filters(SCHEMA).lines(tree(text, selection=selection)))
    assert bool(insights_table.run(query, [insights_table.row(found)])) is (expected is not negated)


HOSTILE = [
    "x' or eventName = 'X", "x) or (y", "a\\", "a\\*b", "*", "a | stats count(*)", "`field`", "a/b/", "/", "(?i)", "a=b", '"', "'", "#", "{{x}}",
    "[a]", "a,b", "emoji 🙂", "é", "É", "a**b", "?", "^a$", "null", "a.b", "a-b", "  ", "$",
]  # fmt: skip


@pytest.mark.parametrize("field", ["a.b", "eventName"])
@pytest.mark.parametrize("modifier", ["", "|contains", "|endswith", "|startswith|cased"])
@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_only_a_value(value: str, modifier: str, field: str) -> None:
    escaped = value.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
    condition = tree(selection={f"{field}{modifier}": escaped, "awsRegion": "us-east-1"})
    query = "\n| ".join(Filters(SCHEMA).lines(condition))
    matches = holds(selection={f"{field}{modifier}": escaped})
    for one in HOSTILE:
        found = {**event(one), "awsRegion": "us-east-1", **({"eventName": one} if field == "eventName" else {})}
        assert bool(insights_table.run(query, [insights_table.row(found)])) is matches(found), (one, query)


@pytest.mark.parametrize("value", ["a\nb", "a\tb", "\x00", "\u2028"])
def test_a_control_character_has_no_documented_escape(value: str) -> None:
    with pytest.raises(Refused, match="the character"):
        Filters(SCHEMA).lines(tree(selection={"a.b": value}))


@pytest.mark.parametrize(
    ("text", "selections", "construct"),
    [
        ("selection", {"selection": {"a|re": "x"}}, "a regular expression"),
        ("keywords", {"keywords": ["x"]}, "a keyword"),
        ("selection", {"selection": {"a`b": "x"}}, "the field name"),
        ("selection", {"selection": {"resources.other": "x"}}, "goes through an array"),
        ("selection", {"selection": {"resources.type": 'a"b'}}, "on a JSON text"),
        ("selection", {"selection": {"resources.type|cidr": "10.0.0.0/8"}}, "a cidr on resources.type"),
        ("selection", {"selection": {"readOnly|startswith": "t"}}, "a pattern on readOnly"),
        ("selection", {"selection": {"a|fieldref": "resources.type"}}, "a field reference"),
    ],
)
def test_what_cannot_be_said_is_refused_by_name(text: str, selections: dict[str, Any], construct: str) -> None:
    with pytest.raises(Refused, match=construct):
        Filters(SCHEMA).lines(tree(text, **selections))


def test_a_title_cannot_leave_its_comment() -> None:
    main = {**next(one for one in SINGLES).main, "title": "x\n| stats count(*)\r# y\u2028z"}
    query = compiled(Rule("aws_hostile_rule", SINGLES[0].path, main)).texts["insights"]
    first, second, third, *_ = query.split("\n")
    assert first == "# x | stats count(*) # y z"
    assert second.startswith("# Sigma rule ")
    assert third.startswith("filter ")


def test_own_names_cannot_meet_discovered_ones() -> None:
    for one in (*SINGLES, *{one.stem: one for one, _ in CORRELATED}.values()):
        assert all(name.startswith("q_") for name in re.findall(r" as (\w+)", compiled(one).texts["insights"]))
