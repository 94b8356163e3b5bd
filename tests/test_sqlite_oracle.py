"""Our evaluator held against an implementation that is not ours: pySigma's SQLite backend, run on SQLite.

Events are flat rows of dotted columns. SQLite decides what is asked here; it cannot decide, and we do not ask it:
- arrays and objects (a column holds one scalar), and so paths through arrays, exists of `{}`, keywords;
- letters beyond ASCII (LIKE and NOCASE fold ASCII only), and `[` in a cased pattern (GLOB reads it as a class);
- a number against a text that spells it (its columns keep the types apart);
- networks that do not end at a byte, IPv6, and texts that look like addresses (it compares prefixes);
- the case of group-by keys and counted values (it folds them), and equal times in temporal_ordered (strictly later there).
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma_text import correlated, document, holds

from amazon_q_detections import record, timeline

TEXTS = ["", "a", "A", "ab", "aB*", "b?", "a\\b", "a_b", "a%b", "'", '"q"', "AbAb", "ba ab"]
FIELDS = {
    "s": st.sampled_from(TEXTS),
    "x.t": st.sampled_from(TEXTS),
    "n": st.integers(-2, 12),
    "x.b": st.booleans(),
    "ip": st.sampled_from(["10.0.0.1", "10.1.0.1", "192.0.2.7", "q.amazonaws.com"]),
}
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={field: st.none() | values for field, values in FIELDS.items()}),
    min_size=1,
    max_size=6,
)

text_values = st.text("abAB_%'\"\\ ", max_size=3).map(lambda text: text.replace("\\", "\\\\"))
patterns = st.lists(st.sampled_from(["a", "B", "*", "?", r"\*", r"\?", "_", "%", "'", "b"]), min_size=1, max_size=4).map(
    "".join
)
one_text = text_values | patterns
text_field = st.sampled_from(["s", "x.t"])
modifiers = st.sampled_from(["", "|contains", "|startswith", "|endswith", "|cased", "|contains|cased", "|neq"])

ITEMS = st.one_of(
    st.builds(lambda field, modifier, value: {field + modifier: value}, text_field, modifiers, one_text.filter(bool)),
    st.builds(lambda field, values: {field: values}, text_field, st.lists(one_text.filter(bool) | st.none(), min_size=1, max_size=3)),
    st.builds(lambda field, values: {f"{field}|contains|all": values}, text_field, st.lists(st.sampled_from("abAB"), min_size=2, max_size=2)),
    st.builds(lambda field: {field: ""}, text_field),
    st.builds(lambda value: {"n": value}, st.integers(-2, 12)),
    st.builds(lambda op, value: {f"n|{op}": value}, st.sampled_from(["gt", "gte", "lt", "lte"]), st.integers(-2, 12)),
    st.builds(lambda value: {"x.b": value}, st.booleans()),
    st.builds(lambda field, wanted: {f"{field}|exists": wanted}, st.sampled_from(list(FIELDS)), st.booleans()),
    st.builds(lambda field: {field: None}, st.sampled_from(list(FIELDS))),
    st.builds(lambda pattern: {"s|re": pattern}, st.sampled_from(["a", "^a", "b$", "^(a|b)+$", "[^a]", "a.b"])),
    st.builds(lambda network: {"ip|cidr": network}, st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24"])),
    st.just({"s|fieldref": "x.t"}),
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


TIMES = st.lists(
    st.fixed_dictionaries(
        {
            "timestamp": st.integers(0, 14).map(lambda tens: record.iso(1_767_225_600 + tens * 10)),
            "eventName": st.sampled_from("ABC"),
            "who": st.sampled_from(["ann", "bob", None]),
            "doc": st.sampled_from(["x", "y", "z", None]),
        }
    ),
    max_size=10,
)
A, B = {"eventName": "A"}, {"eventName": "B"}
CORRELATIONS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("event_count", {"a": A}, {"group_by": ["who"], "condition": {"gte": 3}}),
    ("event_count", {"a": A, "b": B}, {"condition": {"gt": 3}}),
    ("value_count", {"a": A}, {"group_by": ["who"], "condition": {"gte": 2, "field": "doc"}}),
    ("temporal", {"a": A, "b": B}, {"group_by": ["who"]}),
]


@given(rows=TIMES, which=st.sampled_from(range(len(CORRELATIONS))))
@settings(derandomize=True, max_examples=300, deadline=None)
def test_correlated_groups_are_those_of_sqlite(rows: list[dict[str, Any]], which: int) -> None:
    kind, bases, keys = CORRELATIONS[which]
    body = {key.replace("_", "-"): value for key, value in keys.items()}
    main = {"title": "c", "correlation": {"type": kind, "rules": list(bases), "timespan": "40s", **body}}
    query = sql([*(document(name=name, selection=selection) for name, selection in bases.items()), main])
    connection = database(["timestamp", "eventName", "who", "doc"], rows)
    theirs = {tuple(json.loads(found["group_keys"]).values()) for found in connection.execute(query)}
    connection.close()
    events = [{**row, "eventTime": row["timestamp"]} for row in rows]
    ours = {tuple(hit.group.values()) for hit in timeline.hits(correlated(kind, bases, timespan="40s", **keys), events)}
    assert ours == theirs, query
