"""Every rule's SPL, run command by command on tables of events, and the rows of the contract; and what is refused by name."""

from __future__ import annotations

import re
from typing import Any

import pytest
from contract_rows import OUTSIDE, ROWS, event
from our_content import EVENTS, grouped, ids, raising, said_by
from sigma.collection import SigmaCollection
from sigma_text import document, holds, tree

from amazon_q_detections import record
from amazon_q_detections.condition import Condition
from amazon_q_detections.conversion import pipeline
from amazon_q_detections.errors import Refused
from amazon_q_detections.fixture import Case
from amazon_q_detections.rule import Rule
from amazon_q_detections.targets.splunk import Splunk, SplunkQuery, savedsearch, spl
from amazon_q_detections.targets.splunk.backend import FaithfulSplunkBackend, Parts, joined

SINGLES, CORRELATED = said_by("splunk")
ROWS_OF_EVENTS = [spl.row(one) for one in EVENTS]


def compiled(one: Rule) -> SplunkQuery:
    return Splunk().compile(one, "aws_addon")


def parts(condition: Condition) -> Parts:
    backend = FaithfulSplunkBackend(pipeline("splunk_aws_addon"))
    backend.meaning_of(SigmaCollection.from_dicts([document(selection={"eventName": "X"})]))  # so that the schema is known
    return backend.parts(condition)


def selection(condition: Condition) -> str:
    """The commands that select the events."""
    return joined(parts(condition).selection)


@pytest.mark.parametrize("one", SINGLES, ids=lambda one: one.stem)
@pytest.mark.parametrize("reading", spl.READINGS, ids=range(len(spl.READINGS)))
def test_a_search_gives_the_rules_verdicts(one: Rule, reading: spl.Reading) -> None:
    """However what Splunk's documents leave open is read, but for what the rule rests on by name."""
    wanted, query = raising(one), compiled(one)
    assert wanted
    found = spl.run(query.text("search"), ROWS_OF_EVENTS, reading=reading.under(query.assumptions))
    assert {row["eventID"] for row in found} == wanted


def groups(query: str, one: Rule, case: Case, now: float = 0.0) -> set[tuple[Any, ...]]:
    names = [field for _, field in compiled(one).parts.groups]
    rows = [spl.row(event) for event in case.events]
    return {tuple(found[name] for name in names) for found in spl.run(query, rows, now)}


@pytest.mark.parametrize(("one", "case"), CORRELATED, ids=ids(CORRELATED))
def test_a_correlation_finds_the_groups(one: Rule, case: Case) -> None:
    assert bool(grouped(one, case)) is case.expected
    assert groups(compiled(one).text("search"), one, case) == grouped(one, case)


def scheduled(one: Rule) -> str:
    """The search of the saved search, as Splunk reads it from the file, its macros taken out."""
    stanza = compiled(one).text("savedsearch")
    (search,) = re.findall(r"^search = ((?:.*\\\n)*.*)$", stanza, re.MULTILINE)
    joined = search.replace("\\\n", "\n")
    joined = joined.replace("`amazon_q_detections_index` ", "").replace(f"\n| `{one.stem}_filter`", "")
    return re.sub(r'\n\| eval rule_id="[^"]*", rule_version="\d+", rule_level="\w+"$', "", joined.replace(" \n", "\n"))


@pytest.mark.parametrize("one", SINGLES, ids=lambda one: one.stem)
def test_a_saved_search_is_the_search(one: Rule) -> None:
    wanted = {found["eventID"] for found in spl.run(compiled(one).text("search"), ROWS_OF_EVENTS)}
    assert {found["eventID"] for found in spl.run(scheduled(one), ROWS_OF_EVENTS)} == wanted


@pytest.mark.parametrize(("one", "case"), CORRELATED, ids=ids(CORRELATED))
def test_a_scheduled_correlation_finds_every_group_and_no_other(one: Rule, case: Case) -> None:
    """Runs a step apart over the events in the look-back, from before the first until nothing more can be found."""
    times = sorted(moment for event in case.events if (moment := record.time(event)) is not None)
    schedule, query = savedsearch.schedule_of(one), scheduled(one)
    now, alerts = times[0] + schedule.delay, set()
    while now <= times[-1] + schedule.delay + 2 * schedule.step:
        earliest, latest = now - schedule.delay - schedule.step - one.timespan, now - schedule.delay
        inside = tuple(event for event in case.events if earliest <= (record.time(event) or 0) < latest)
        alerts |= groups(query, one, Case(case.name, case.expected, inside), now)
        now += schedule.step
    assert alerts == grouped(one, case)


REFUSED = {row for row in ROWS if row.startswith("re ")}


@pytest.mark.parametrize("negated", [False, True], ids=["plain", "negated"])
@pytest.mark.parametrize("row", sorted(ROWS.keys() - REFUSED))
def test_a_row_of_the_contract(row: str, negated: bool) -> None:
    """On scalars; a field of an array has another name in Splunk, which the pipeline gives it."""
    modifiers, value, good, bad = ROWS[row]
    text = "not selection" if negated else "selection"
    made = parts(tree(text, selection={f"a.b{modifiers}": value}))
    matches = holds(text, selection={f"a.b{modifiers}": value})
    for one in (*good, *bad):
        if not isinstance(one, list) and one not in OUTSIDE.get(row, []):
            for reading in spl.READINGS:
                read = reading.under(made.assumptions)
                found = bool(spl.run(joined(made.selection), [spl.row(event(one))], reading=read))
                assert found is matches(event(one)), (one, made.selection, read)


HOSTILE = [
    'x" OR eventName="X', "x) OR (y", "a\\", "a\\*b", "*", "a | delete", "`macro`", "$token$", "a\nb", "[ search x ]", "{{x}}", "a=b",
    "'", "%", "#", "a\\\"b", "emoji 🙂", "null", "success", "a,b", "\t", "(?i)", "\\x41", "a**b", "?",
]  # fmt: skip


@pytest.mark.parametrize("modifier", ["", "|contains", "|endswith", "|startswith|cased"])
@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_only_a_value(value: str, modifier: str) -> None:
    escaped = value.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
    condition = tree(selection={f"a.b{modifier}": escaped, "eventName": "X"})
    query = selection(condition)
    assert "`" not in query
    assert not re.search(r"\$[^)\]]*\$", query)
    matches = holds(selection={f"a.b{modifier}": escaped})
    for one in HOSTILE:
        assert bool(spl.run(query, [spl.row(event(one))])) is matches(event(one)), (one, query)
    assert matches(event(value))


@pytest.mark.parametrize(
    ("text", "selections", "construct"),
    [
        ("keywords", {"keywords": ["x"]}, "a keyword"),
        ("selection", {"selection": {'a"b': "x"}}, "the field name"),
        ("selection", {"selection": {"a`b": "x"}}, "the field name"),
        ("selection", {"selection": {"a{}.b|fieldref": "c"}}, "a field reference on the array"),
    ],
)
def test_what_cannot_be_said_is_refused_by_name(text: str, selections: dict[str, Any], construct: str) -> None:
    with pytest.raises(Refused, match=construct):
        parts(tree(text, **selections))


def test_success_is_absence_in_the_add_on() -> None:
    """A failed console login has errorCode `failure` there, and no errorCode in the record."""
    login = {"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Failure"}}
    query = selection(tree(selection={"errorCode": None}))
    assert query == '(NOT errorCode=* OR errorCode IN ("success", "failure"))'
    assert spl.run(query, [spl.row(login)])
    assert not spl.run(query, [spl.row({**login, "errorCode": "AccessDenied"})])


def test_a_rule_on_the_word_success_does_not_match_absence() -> None:
    query = selection(tree(selection={"errorCode": "Success"}))
    assert not spl.run(query, [spl.row({"eventName": "X"})])
    assert spl.run(query, [spl.row({"eventName": "X", "errorCode": "SUCCESS"})])
