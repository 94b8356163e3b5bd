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
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma_text import correlated, document, holds

from amazon_q_detections import record, timeline

TEXTS = ["", "a", "A", "ab", "aB*", "b?", "a\\b", "a_b", "a%b", "a[b", "'", '"q"', "AbAb", "ba ab", "x -ab", "x /AB", "a\nb"]
FIELDS = {
    "s": st.sampled_from(TEXTS),
    "x.t": st.sampled_from(TEXTS),
    "n": st.integers(-2, 12),
    "x.b": st.booleans(),
    "f": st.sampled_from([-0.5, 0.0, 0.5, 1.5, 7.0]),
    "ip": st.sampled_from(["10.0.0.1", "10.15.255.255", "10.16.0.0", "192.0.2.7", "192.0.2.8", "q.amazonaws.com", ""]),
}


class Asked(NamedTuple):
    """A detection item, and for its fields values on which it holds, or nearly does."""

    item: dict[str, Any]
    plants: dict[str, list[Any]]


class Value(NamedTuple):
    """A text as a rule writes it, and one that fits it."""

    written: str
    sample: str


text_field = st.sampled_from(["s", "x.t"])
literals = st.text("abAB_%'\"\\ [", min_size=1, max_size=3).map(lambda text: Value(text.replace("\\", "\\\\"), text))
SIGNS = {
    "a": "a",
    "B": "B",
    "b": "b",
    "*": "ab",
    "?": "B",
    r"\*": "*",
    r"\?": "?",
    r"\\": "\\",
    "_": "_",
    "%": "%",
    "'": "'",
    "[": "[",
}
patterns = st.lists(st.sampled_from(list(SIGNS)), min_size=1, max_size=4).map(
    lambda signs: Value("".join(signs), "".join(SIGNS[sign] for sign in signs))
)
one_text = literals | patterns
numbers = st.integers(-2, 12) | st.sampled_from([-0.5, 0.5, 1.5])


def around(sample: str) -> list[Any]:
    """A text as it is, in the other case, and with something beside it."""
    return [sample, sample, sample.swapcase(), f"x{sample}", f"{sample}x", f"x{sample}x", f"x{sample.swapcase()}x"]


def text(modifiers: str) -> st.SearchStrategy[Asked]:
    return st.builds(
        lambda field, value: Asked({field + modifiers: value.written}, {field: around(value.sample)}), text_field, one_text
    )


def texts() -> st.SearchStrategy[Asked]:
    def asked(field: str, values: list[Value | None]) -> Asked:
        plants = [plant for value in values if value for plant in around(value.sample)]
        return Asked({field: [value and value.written for value in values]}, {field: plants or [None]})

    return st.builds(asked, text_field, st.lists(one_text | st.none(), min_size=1, max_size=3))


def all_of(modifiers: str) -> st.SearchStrategy[Asked]:
    def asked(field: str, one: str, two: str) -> Asked:
        return Asked({field + modifiers: [one, two]}, {field: [one + two, two + one, f"{one.swapcase()}-{two}", one, two]})

    return st.builds(asked, text_field, st.sampled_from("abAB"), st.sampled_from("abAB"))


def empty(modifiers: str) -> st.SearchStrategy[Asked]:
    return text_field.map(lambda field: Asked({field + modifiers: ""}, {field: ["", "a", None]}))


def number(modifiers: str, field: str, values: st.SearchStrategy[Any] = numbers) -> st.SearchStrategy[Asked]:
    return values.map(
        lambda value: Asked({field + modifiers: value}, {field: [value, value, value + 1, value - 1, value + 0.5, value - 0.5]})
    )


def several_numbers() -> st.SearchStrategy[Asked]:
    return st.lists(numbers | st.none(), min_size=1, max_size=3).map(lambda values: Asked({"n": values}, {"n": [*values, 3]}))


def fixed(item: dict[str, Any], **plants: list[Any]) -> st.SearchStrategy[Asked]:
    return st.just(Asked(item, {field.replace("__", "."): values for field, values in plants.items()}))


REGEXES = {
    "a": ["ba", "bA"], "^a": ["ab", "b\na", "ba"], "^b": ["a\nb", "b", "B"], "^(a|b)+$": ["abab", "abc", "aBa"], "[^a]": ["aba", "aaa", "aA"],
    "a.b": ["a-b", "a\nb", "A-b"], r"\\": ["a\\b", "a/b"], r"\[": ["a[b", "a(b"], "b[*?]": ["b*", "B?", "b"], r"\w\s": ["a b", "-b", "a\n"],
    "(?:ab){2}": ["abab", "aBaB", "ab-ab"], "^$": ["", "a", "a\n\nb"], r"^.{2,3}$": ["ab", "abab", "a\nb"], r"\bb": ["a b", "ab", "a B"],
}  # fmt: skip
NETWORKS = {
    "10.0.0.0/8": ["10.255.0.1", "11.0.0.0"],
    "10.1.0.0/16": ["10.1.255.255", "10.2.0.0"],
    "192.0.2.0/24": ["192.0.2.255", "192.0.3.0"],
    "192.0.2.7": ["192.0.2.7", "192.0.2.70"],
}


def expression(flags: str) -> st.SearchStrategy[Asked]:
    return st.sampled_from(list(REGEXES)).map(lambda pattern: Asked({f"s|re{flags}": pattern}, {"s": REGEXES[pattern]}))


def base64(data: bytes) -> list[Any]:
    encoded = b64encode(data).decode()
    return [encoded, encoded.swapcase(), f"x{encoded}", encoded[1:]]


def at_any_offset(data: bytes) -> list[Any]:
    return [f"x{b64encode(before + data + b'--').decode()}x" for before in (b"", b"-", b"--")] + ["x"]


KINDS: dict[str, st.SearchStrategy[Asked]] = {
    **{
        f"text{modifiers}": text(modifiers)
        for modifiers in (
            "", "|contains", "|startswith", "|endswith", "|cased", "|contains|cased", "|startswith|cased", "|endswith|cased",
            "|neq", "|contains|neq", "|startswith|neq", "|endswith|neq",
        )
    },
    "texts and null": texts(),
    "contains all": all_of("|contains|all"),
    **{f"nothing{modifiers}": empty(modifiers) for modifiers in ("", "|contains", "|startswith", "|neq")},
    **{f"number{modifiers} of {field}": number(modifiers, field) for field in "nf" for modifiers in ("", "|neq")},
    "whole number of fractions": number("", "f", st.integers(-2, 12)),
    "fraction of whole numbers": number("", "n", st.sampled_from([-0.5, 0.5, 1.5])),
    "numbers and null": several_numbers(),
    **{f"{op} of {field}": number(f"|{op}", field) for field in "nf" for op in ("gt", "gte", "lt", "lte")},
    **{f"{op} a fraction": number(f"|{op}", "f", st.sampled_from([-0.5, 0.5, 1.5])) for op in ("gt", "gte", "lt", "lte")},
    "boolean": st.booleans().map(lambda value: Asked({"x.b": value}, {})),
    "boolean|neq": st.booleans().map(lambda value: Asked({"x.b|neq": value}, {})),
    "exists": st.builds(lambda field, wanted: Asked({f"{field}|exists": wanted}, {}), st.sampled_from(list(FIELDS)), st.booleans()),
    "null": st.sampled_from(list(FIELDS)).map(lambda field: Asked({field: None}, {})),
    **{f"re{flags}": expression(flags) for flags in ("", "|i", "|m", "|s", "|i|m|s")},
    "cidr": st.sampled_from(list(NETWORKS)).map(lambda network: Asked({"ip|cidr": network}, {"ip": NETWORKS[network]})),
    **{f"fieldref{more}": fixed({f"s|fieldref{more}": "x.t"}, s=["ab", "AB", "b"], x__t=["ab", "B", "a"]) for more in ("", "|neq")},
    "base64": fixed({"s|base64": "ab"}, s=base64(b"ab")),
    "base64offset": fixed({"s|base64offset|contains": "abc"}, s=at_any_offset(b"abc")),
    "wide, base64offset": fixed({"s|wide|base64offset|contains": "ab"}, s=at_any_offset("ab".encode("utf-16le"))),
    "utf16be, base64": fixed({"s|utf16be|base64": "a"}, s=base64("a".encode("utf-16be"))),
    "windash": fixed({"s|windash|contains": " -a"}, s=["x -a", "x /Ab", "x \u2013a", "x -b", "x-a"]),
}  # fmt: skip
ITEMS = st.one_of(*KINDS.values())
CONDITIONS = st.sampled_from(
    ["one", "not one", "one and two", "one or two", "one and not two", "not (one or not two)", "not one and (two or three)", "1 of them", "all of them"]
)  # fmt: skip


def rows(*asked: Asked) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rows of any values, among them those that decide what is asked."""
    planted: dict[str, list[Any]] = {}
    for one in asked:
        for field, values in one.plants.items():
            planted.setdefault(field, []).extend(values)
    certain = {
        field: FIELDS[field] | st.sampled_from(values) | st.sampled_from([*values, None]) for field, values in planted.items()
    }
    possible = {field: st.none() | values for field, values in FIELDS.items() if field not in planted}
    return st.lists(st.fixed_dictionaries(certain, optional=possible), min_size=2, max_size=8)


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


def assert_as_sqlite(condition: str, rows: list[dict[str, Any]], **selections: dict[str, Any]) -> int:
    """Both give the same verdict on each of the rows; how many match."""
    query = sql([document(condition, **selections)]).replace("SELECT *", "SELECT rowid", 1)
    connection = database(FIELDS, rows)
    theirs = {found[0] - 1 for found in connection.execute(query)}
    connection.close()
    matches = holds(condition, **selections)
    assert {number for number, row in enumerate(rows) if matches(nested(row))} == theirs, query
    return len(theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_decided_as_by_sqlite(kind: str) -> None:
    seen = Counter(yes=0, no=0)

    @given(KINDS[kind].flatmap(lambda asked: st.tuples(st.just(asked), rows(asked))))
    @settings(derandomize=True, max_examples=50, deadline=None)
    def ask(question: tuple[Asked, list[dict[str, Any]]]) -> None:
        asked, found = question
        matches = assert_as_sqlite("selection", found, selection=asked.item)
        seen.update(yes=matches, no=len(found) - matches)

    ask()
    assert min(seen.values()) >= 5, seen


@given(
    st.tuples(ITEMS, ITEMS, ITEMS).flatmap(lambda asked: st.tuples(st.just([one.item for one in asked]), rows(*asked))),
    CONDITIONS,
)
@settings(derandomize=True, max_examples=600, deadline=None)
def test_conditions_are_decided_as_by_sqlite(
    question: tuple[list[dict[str, Any]], list[dict[str, Any]]], condition: str
) -> None:
    (one, two, three), found = question
    assert_as_sqlite(condition, found, one=one, two=two, three=three)


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
    moment = st.integers(0, 12).map(lambda tens: record.iso((1_767_225_600 + tens * 10) * record.SECOND))
    return st.lists(st.fixed_dictionaries({"timestamp": moment, **fields}), min_size=3, max_size=12)


WHO = st.sampled_from(["ann", "ann", "ann", "bob", None])
ROWS_IN_TIME = moments(
    eventName=st.sampled_from("AAABBC"),
    who=WHO,
    whom=WHO,
    doc=st.sampled_from(["x", "y", "z", None]),
    size=st.sampled_from([0, 1, 2, 5, 7, None]),
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
def test_correlated_groups_are_those_of_sqlite(which: str) -> None:
    kind, bases, keys = CORRELATIONS[which]
    body = {key.replace("_", "-"): value for key, value in keys.items()}
    main = {"title": "c", "correlation": {"type": kind, "rules": list(bases), "timespan": "40s", **body}}
    query = sql([*(document(name=name, selection=selection) for name, selection in bases.items()), main])
    meaning = correlated(kind, bases, timespan="40s", **keys)
    seen = Counter(yes=0, no=0)

    @given(rows=ROWS_IN_TIME)
    @settings(derandomize=True, max_examples=100, deadline=None)
    def ask(rows: list[dict[str, Any]]) -> None:
        if kind == "temporal_ordered":
            rows = list({row["timestamp"]: row for row in rows}.values())
        connection = database(["timestamp", "eventName", "who", "whom", "doc", "size"], rows)
        theirs = {tuple(json.loads(found["group_keys"]).values()) for found in connection.execute(query)}
        connection.close()
        events = [{**row, "eventTime": row["timestamp"]} for row in rows]
        assert {tuple(hit.group.values()) for hit in timeline.hits(meaning, events)} == theirs, query
        seen.update(["yes" if theirs else "no"])

    ask()
    assert min(seen.values()) >= 5, seen
