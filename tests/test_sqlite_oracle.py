"""Our evaluator held against an implementation that is not ours: pySigma's SQLite backend, run on SQLite.

Events are flat rows of dotted columns. What is not asked of SQLite, and why; other tests decide it:
- arrays and objects, so paths through arrays, `exists` of `{}` and array keys: a column holds one scalar (test_predicate, test_timeline)
- keywords: the backend refuses them (test_predicate)
- letters beyond ASCII: LIKE and NOCASE fold ASCII only (test_casing, test_regex)
- a quoted `'7'` against 7, `true` against "true", 7 against "7": it keeps the types apart (test_predicate)
- a boolean or number under wildcards, `re` or `fieldref`: it writes a boolean as 1 (test_predicate)
- a network of several prefixes joined with `and`: it forgets the parentheses, so such are asked alone
- IPv6, and texts that look like addresses: it compares prefixes of the text (test_predicate)
- the NUL bytes of a bare `wide` or `utf16`: no query can hold them, so they are asked within base64 (test_predicate)
- expressions that Python's `re`, its REGEXP here, reads in a way that RE2 does not (test_regex)
- the case of group-by keys and of counted values: it folds them (test_timeline)
- equal times in temporal_ordered: strictly later there, so times are distinct where that is asked (test_timeline)
- negative amounts: it sums whole windows only, we every span (test_timeline)
- `not` in an extended condition: it waits until the timespan after a member is over, we take any span (test_timeline)
- value_avg, value_median, value_percentile, `lt`, `eq` …: we refuse them, since any span counts (test_timeline)
- the bounds of bursts: it gives each window (test_timeline)
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma_text import correlated, document, holds

from amazon_q_detections import record, timeline

TEXTS = [
    "",
    "a",
    "A",
    "ab",
    "aB*",
    "b?",
    "a\\b",
    "a_b",
    "a%b",
    "a[b",
    "'",
    '"q"',
    "AbAb",
    "ba ab",
    "x -ab",
    "x /AB",
    "YWI=",
    "xYQBiA",
    "AGE=",
    "a\nb",
]
FIELDS = {
    "s": st.sampled_from(TEXTS),
    "x.t": st.sampled_from(TEXTS),
    "n": st.integers(-2, 12),
    "x.b": st.booleans(),
    "f": st.sampled_from([-0.5, 0.0, 0.5, 1.5, 7.0]),
    "ip": st.sampled_from(
        ["10.0.0.1", "10.1.0.1", "10.15.255.255", "10.16.0.0", "192.0.2.7", "192.0.2.8", "q.amazonaws.com", ""]
    ),
}
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={field: st.none() | values for field, values in FIELDS.items()}),
    min_size=1,
    max_size=6,
)

text_values = st.text("abAB_%'\"\\ [", max_size=3).map(lambda text: text.replace("\\", "\\\\"))
patterns = st.lists(
    st.sampled_from(["a", "B", "*", "?", r"\*", r"\?", r"\\", "_", "%", "'", "b", "["]), min_size=1, max_size=4
).map("".join)
numbers = st.integers(-2, 12) | st.sampled_from([-0.5, 0.5, 1.5])
networks = st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24", "192.0.2.7"])
one_text = text_values | patterns
text_field = st.sampled_from(["s", "x.t"])
modifiers = st.sampled_from(
    [
        "",
        "|contains",
        "|startswith",
        "|endswith",
        "|cased",
        "|contains|cased",
        "|startswith|cased",
        "|endswith|cased",
        "|neq",
        "|contains|neq",
    ]
)

ITEMS = st.one_of(
    st.builds(lambda field, modifier, value: {field + modifier: value}, text_field, modifiers, one_text.filter(bool)),
    st.builds(lambda field, values: {field: values}, text_field, st.lists(one_text.filter(bool) | st.none(), min_size=1, max_size=3)),
    st.builds(lambda field, values: {f"{field}|contains|all": values}, text_field, st.lists(st.sampled_from("abAB"), min_size=2, max_size=2)),
    st.builds(lambda field, modifier: {field + modifier: ""}, text_field, st.sampled_from(["", "|contains", "|startswith", "|neq"])),
    st.builds(lambda field, modifier, value: {field + modifier: value}, st.sampled_from("nf"), st.sampled_from(["", "|neq"]), numbers),
    st.builds(lambda values: {"n": values}, st.lists(numbers | st.none(), min_size=1, max_size=3)),
    st.builds(lambda field, op, value: {f"{field}|{op}": value}, st.sampled_from("nf"), st.sampled_from(["gt", "gte", "lt", "lte"]), numbers),
    st.builds(lambda modifier, value: {"x.b" + modifier: value}, st.sampled_from(["", "|neq"]), st.booleans()),
    st.builds(lambda field, wanted: {f"{field}|exists": wanted}, st.sampled_from(list(FIELDS)), st.booleans()),
    st.builds(lambda field: {field: None}, st.sampled_from(list(FIELDS))),
    st.builds(
        lambda flags, pattern: {f"s|re{flags}": pattern},
        st.sampled_from(["", "|i", "|m", "|s", "|i|m|s"]),
        st.sampled_from(["a", "^a", "^b", "^(a|b)+$", "[^a]", "a.b", r"\\", r"\[", "b[*?]", r"\w\s", "(?:ab){2}", "^$", r"^.{2,3}$", r"\bb"]),
    ),
    st.builds(lambda network: {"ip|cidr": network}, networks),
    st.sampled_from([{"s|fieldref": "x.t"}, {"s|fieldref|neq": "x.t"}]),
    st.sampled_from(
        [{"s|base64": "ab"}, {"s|base64offset|contains": "ab"}, {"s|wide|base64offset|contains": "ab"}, {"s|utf16be|base64": "a"}, {"s|windash|contains": " -a"}]
    ),
)  # fmt: skip
CONDITIONS = st.sampled_from(
    ["one", "not one", "one and two", "one or two", "one and not two", "not (one or not two)", "not one and (two or three)", "1 of them", "all of them"]
)  # fmt: skip


def nested(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as a record: `x.t` becomes a nested key."""
    event: dict[str, Any] = {}
    for field, value in row.items():
        *parents, last = field.split(".")
        place = event
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return event


def database(columns: Iterable[str], rows: Sequence[Mapping[str, Any]]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    connection.create_function(
        "REGEXP", 2, lambda pattern, text: text is not None and re.search(pattern, str(text)) is not None
    )
    names = list(columns)
    connection.execute(f"CREATE TABLE logs ({', '.join(f'`{name}`' for name in names)})")
    for row in rows:
        marks = ", ".join("?" for _ in names)
        connection.execute(f"INSERT INTO logs VALUES ({marks})", [row.get(name) for name in names])
    return connection


def sql(documents: list[dict[str, Any]]) -> str:
    (query,) = sqliteBackend(collate_nocase=True).convert(SigmaCollection.from_dicts(documents))
    return str(query)


@given(one=ITEMS, two=ITEMS, three=ITEMS, condition=CONDITIONS, rows=ROWS)
@settings(derandomize=True, max_examples=600, deadline=None)
def test_verdicts_are_those_of_sqlite(
    one: dict[str, Any], two: dict[str, Any], three: dict[str, Any], condition: str, rows: list[dict[str, Any]]
) -> None:
    selections = {"one": one, "two": two, "three": three}
    query = sql([document(condition, **selections)]).replace("SELECT *", "SELECT rowid", 1)
    connection = database(FIELDS, rows)
    theirs = {found[0] - 1 for found in connection.execute(query)}
    connection.close()
    matches = holds(condition, **selections)
    assert {number for number, row in enumerate(rows) if matches(nested(row))} == theirs, query


@pytest.mark.parametrize(
    "network", ["10.0.0.0/12", "10.0.0.0/15", "10.15.255.254/31", "192.0.2.0/29", ["10.1.0.0/17", "192.0.2.8/30"], "0.0.0.0/0"]
)
def test_networks_are_those_of_sqlite(network: str | list[str]) -> None:
    rows = [
        {"ip": f"{start}.{end}"}
        for start in ("10.0.0", "10.1.127", "10.1.128", "10.15.255", "10.16.0", "192.0.2")
        for end in (0, 7, 8, 11, 12, 254, 255)
    ]
    rows += [{"ip": "q.amazonaws.com"}, {"ip": ""}, {}] if network != "0.0.0.0/0" else []
    connection = database(FIELDS, rows)
    theirs = {
        found[0] - 1
        for found in connection.execute(sql([document(selection={"ip|cidr": network})]).replace("SELECT *", "SELECT rowid", 1))
    }
    connection.close()
    matches = holds(selection={"ip|cidr": network})
    assert {number for number, row in enumerate(rows) if matches(row)} == theirs


def moments(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rows ten seconds or a multiple apart, some at one time."""
    moment = st.integers(0, 14).map(lambda tens: record.iso((1_767_225_600 + tens * 10) * record.SECOND))
    return st.lists(st.fixed_dictionaries({"timestamp": moment, **fields}), max_size=10)


WHO = st.sampled_from(["ann", "bob", None])
ROWS_IN_TIME = moments(
    eventName=st.sampled_from("ABC"),
    who=WHO,
    whom=WHO,
    doc=st.sampled_from(["x", "y", "z", None]),
    size=st.sampled_from([0, 1, 2, 7, None]),
)
A, B, C = {"eventName": "A"}, {"eventName": "B"}, {"eventName": "C"}
CORRELATIONS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "event_count": ("event_count", {"a": A}, {"group_by": ["who"], "condition": {"gte": 3}}),
    "event_count of two rules": ("event_count", {"a": A, "b": B}, {"condition": {"gt": 3}}),
    "event_count of rules that overlap": ("event_count", {"a": A, "ab": {"eventName": ["A", "B"]}}, {"condition": {"gte": 3}}),
    "event_count by two keys": ("event_count", {"a": A}, {"group_by": ["who", "whom"], "condition": {"gte": 2}}),
    "value_count": ("value_count", {"a": A}, {"group_by": ["who"], "condition": {"gte": 2, "field": "doc"}}),
    "value_sum": ("value_sum", {"a": A, "b": B}, {"group_by": ["who"], "condition": {"gte": 9, "field": "size"}}),
    "value_sum more than": ("value_sum", {"a": A}, {"condition": {"gt": 7, "field": "size"}}),
    "temporal": ("temporal", {"a": A, "b": B}, {"group_by": ["who"]}),
    "temporal of three": ("temporal", {"a": A, "b": B, "c": C}, {}),
    "temporal with an alias": (
        "temporal",
        {"a": A, "b": B},
        {"group_by": ["user"], "aliases": {"user": {"a": "who", "b": "whom"}}},
    ),
    "temporal, extended": ("temporal", {"a": A, "b": B, "c": C}, {"group_by": ["who"], "condition": "a and (b or c)"}),
    "temporal_ordered": ("temporal_ordered", {"a": A, "b": B}, {"group_by": ["who"]}),
    "temporal_ordered of three": ("temporal_ordered", {"a": A, "b": B, "c": C}, {}),
}


@pytest.mark.parametrize("which", CORRELATIONS)
@given(rows=ROWS_IN_TIME)
@settings(derandomize=True, max_examples=60, deadline=None)
def test_correlated_groups_are_those_of_sqlite(rows: list[dict[str, Any]], which: str) -> None:
    kind, bases, keys = CORRELATIONS[which]
    if kind == "temporal_ordered":
        rows = list({row["timestamp"]: row for row in rows}.values())
    body = {key.replace("_", "-"): value for key, value in keys.items()}
    main = {"title": "c", "correlation": {"type": kind, "rules": list(bases), "timespan": "40s", **body}}
    query = sql([*(document(name=name, selection=selection) for name, selection in bases.items()), main])
    connection = database(["timestamp", "eventName", "who", "whom", "doc", "size"], rows)
    theirs = {tuple(json.loads(found["group_keys"]).values()) for found in connection.execute(query)}
    connection.close()
    events = [{**row, "eventTime": row["timestamp"]} for row in rows]
    ours = {tuple(hit.group.values()) for hit in timeline.hits(correlated(kind, bases, timespan="40s", **keys), events)}
    assert ours == theirs, query
