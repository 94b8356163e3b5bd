"""docs/semantics.md, "Single events", row by row: what holds on which value of the field `a.b`."""

from typing import Any

import pytest
from contract_rows import ABSENT, ROWS, event
from sigma_text import holds

# The same for corners that only the evaluator is asked: a target may refuse them, or read a text in bytes or in doubles
CORNERS: dict[str, tuple[str, Any, list[Any], list[Any]]] = {
    "text folds one to one": ("", "ΟΔΟΣ", ["οδοσ", "ΟΔΟΣ"], ["ΟΔΟ"]),
    "text has no letter for two": ("", "straße", ["STRAßE"], ["STRASSE"]),
    "quoted number is no other spelling": ("", "7", [7, "7"], ["7.0", 7.0, 70, "07", True]),
    "one is not true": ("", 1, [1, "1", 1.0], [True, "true"]),
    "quoted numbers in a list": ("", ["7", "8"], [7, "8"], ["7.0", True]),
    "a number of thousands of digits": ("", 7, [7], ["7" * 5000, "7." + "0" * 5000 + "1e"]),
    "a number of a long fraction": ("", 7, ["7." + "0" * 5000], []),
    "stars between": ("", "a*b?c*d*e", ["aXbYcdee", "ab-c-d-e-e", "ABXCDE"], ["abcde", "aXbYcde!", "abXcd", "a-b-c-e-d"]),
    "stars between one and the same": ("", "*a*b*a*", ["aba", "ab-aba", "xaBxAbx"], ["ab", "ba", "aab"]),
    "stars that overlap": ("", "ab*ba", ["abba", "ab-ba"], ["aba"]),
    "star before a question mark": ("", "a*?", ["ab", "abc"], ["a"]),
    "contains nothing": ("|contains", "", ["", "x", 7], [None, ABSENT, {}, []]),
    "contains any of": ("|contains", ["b", "d"], ["abc", ["x", "D"]], ["ac", {}]),
    "startswith is not a shorter text": ("|startswith", "ab", ["ABc", "ab"], ["cab", "a"]),
    "startswith with a wildcard": ("|startswith", "a?c", ["abcd", "A-C"], ["ac", "xabc"]),
    "cidr of one address": ("|cidr", "10.0.0.1", ["10.0.0.1"], ["10.0.0.2", "10.0.0.01", "::ffff:10.0.0.1"]),
    "cidr of any": ("|cidr", ["10.0.0.0/8", "::/0"], ["10.0.0.1", "::1", "::ffff:11.0.0.1"], ["11.0.0.1", "fe80::1%eth0", "AWS Internal"]),
    "cidr in an array": ("|cidr", "10.0.0.0/8", [["x", "10.0.0.1"]], [["x"], {"10.0.0.1": 1}]),
    "gt a fraction": ("|gt", 1.5, [1.51, "2", "1.6"], [1.5, "1.5", "1.5x"]),
    "gt of thousands of digits": ("|gt", 7, ["9" * 5000], ["-" + "9" * 5000]),
    "exists, negated": ("|exists|neq", True, [None, ABSENT], ["", {}, []]),
    "neq of a list is none of them": ("|neq", ["a", "b"], ["c", None, ABSENT, ["c"]], ["A", "b", ["c", "b"]]),
    "neq null": ("|neq", None, ["", {}, [], False], [None, ABSENT]),
    "cased true is no boolean": ("|cased", "True", ["True"], [True, "true", "TRUE"]),
    "cased, then encoded": ("|cased|base64", "foo", ["Zm9v"], ["zm9v"]),
    "cased, then encoded at any offset": ("|cased|base64offset|contains", "foobar", ["Zm9vYmFy", "xxBmb29iYXxx"], ["zm9vYmFy", "xxBmb29iyXxx"]),
    "beyond ASCII, encoded": ("|base64", "schön", ["c2Now7Zu"], ["schön"]),
    "cased, then wide": ("|cased|wide", "aB", ["a\0B\0"], ["a\0b\0"]),
    "cased, then with any dash": ("|cased|windash|contains", " -F", ["x -F", "x /F"], ["x -f", "x /f"]),
    "windash": ("|windash|contains", " -f", ["x -f", "x /F", "x –f"], ["x f", "-f"]),
}  # fmt: skip

assert not ROWS.keys() & CORNERS.keys()
CASES = [
    pytest.param(modifiers, value, found, expected, id=f"{row}-{'holds' if expected else 'not'}-{number}")
    for row, (modifiers, value, good, bad) in {**ROWS, **CORNERS}.items()
    for expected, values in ((True, good), (False, bad))
    for number, found in enumerate(values)
]


@pytest.mark.parametrize(("modifiers", "value", "found", "expected"), CASES)
def test_a_row_of_the_contract(modifiers: str, value: Any, found: Any, expected: bool) -> None:
    assert holds(selection={f"a.b{modifiers}": value})(event(found)) is expected


@pytest.mark.parametrize(("modifiers", "value", "found", "expected"), CASES)
def test_not_is_exactly_the_rest(modifiers: str, value: Any, found: Any, expected: bool) -> None:
    assert holds("not selection", selection={f"a.b{modifiers}": value})(event(found)) is not expected


@pytest.mark.parametrize(
    ("mine", "other", "expected"),
    [
        ("X", "x", True),
        (7, "7", True),
        (True, "TRUE", True),
        (["a", "b"], ["c", "B"], True),
        ("x", "y", False),
        ("x", None, False),
        (None, None, False),
        (ABSENT, ABSENT, False),
        ({}, {}, False),
        ("", "", True),
    ],
)
def test_a_field_reference(mine: Any, other: Any, expected: bool) -> None:
    record = {**event(mine), **({} if other is ABSENT else {"c": other})}
    assert holds(selection={"a.b|fieldref": "c"})(record) is expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"a": [{"b": {"c": "x"}}, {"b": None}]}, True),
        ({"a": [{"b": [{"c": ["y", "x"]}]}]}, True),
        ({"a": [[{"b": {"c": "x"}}]]}, True),
        ({"a": [{"b": {"c": "y"}}, {}]}, False),
        ({"a": []}, False),
        ({"a": "x"}, False),
        ({"a.b.c": "x"}, False),
        ({}, False),
    ],
)
def test_a_path_goes_through_arrays_by_any_element(record: dict[str, Any], expected: bool) -> None:
    assert holds(selection={"a.b.c": "x"})(record) is expected


def test_exists_through_an_array_is_any_element() -> None:
    some = holds(selection={"a.b|exists": True})
    assert some({"a": [{}, {"b": {}}]})
    assert some({"a": [{"b": None}, {"b": 1}]})
    assert some({"a": [{"b": 1}, {"b": None}]})
    assert not some({"a": [{}, {"b": None}, 7]})


def test_a_keyword_is_in_any_string_value_but_not_in_a_key() -> None:
    found = holds("keywords", keywords=["evil", "b?d"])
    assert found({"x": {"y": ["so Evil!"]}})
    assert found({"x": "BAD"})
    assert not found({"evil": 1, "n": 7})


@pytest.mark.parametrize(
    ("keywords", "good", "bad"),
    [
        (["a*c"], "xABCx", "xab"),
        ({"|all": ["one", "two"]}, "two one", "one"),
        (["true"], "it is True", "tru"),
        ([7], "a7b", "8"),
    ],
)
def test_keywords(keywords: Any, good: str, bad: str) -> None:
    found = holds("keywords", keywords=keywords)
    assert found({"x": good})
    assert not found({"x": bad, "n": 7, "b": True})


@pytest.mark.parametrize("values", [["evil", "x", "y"], ["x", "evil", "y"], ["x", "y", "evil"]])
@pytest.mark.parametrize("keywords", ["evil", ["none", "evil"]])
def test_a_keyword_is_found_in_the_first_and_in_the_last_string(values: list[str], keywords: Any) -> None:
    found = holds("keywords", keywords=keywords)
    assert found({"list": values})
    assert found(dict(zip("abc", values, strict=True)))
    assert not found({"list": ["x", "y"]})


def test_keywords_of_either_case_are_looked_for_together() -> None:
    found = holds("1 of k*", kone={"|cased": "Evil"}, ktwo=["bad", "w?rse"])
    assert found({"x": "Evil"})
    assert found({"x": "BAD"})
    assert found({"x": ["-", "much Worse"]})
    assert not found({"x": "evil", "y": "wrse"})


def test_tests_of_every_kind_on_one_field_are_each_asked() -> None:
    selections = [
        {"a": ["One", "T*o", 3, True]},
        {"a|cased": "Four"},
        {"a|re": "^f+ive$"},
        {"a|cidr": ["10.0.0.0/8", "2001:db8::/32"]},
        {"a|gt": 100},
        {"a|lte": -1.5},
        {"a|contains|cased": "Six"},
    ]
    found = holds("1 of s*", **{f"s{number}": selection for number, selection in enumerate(selections)})
    good = ["ONE", "two", 3, "3.0", "true", True, "Four", "ffive", "10.1.2.3", "2001:db8::1", 101, "100.5", -1.5, "-2", "a Six"]
    bad = ["on", "two!", 4, "03", False, "four", "Five", "11.0.0.1", "2001:db9::1", 100, -1, "a six", "10.1.2.3%", None, {}, []]
    assert [value for value in good if not found({"a": value})] == []
    assert [value for value in bad if found({"a": value})] == []
    assert found({"a": [*bad, *good[-1:]]})


def test_a_cased_keyword() -> None:
    found = holds("keywords", keywords={"|cased": ["Evil"]})
    assert found({"x": "an Evil plan"})
    assert not found({"x": "an evil plan"})


def test_conditions_nest() -> None:
    found = holds("(one or two) and not three", one={"a": 1}, two={"b|contains": "x"}, three=[{"c": "y"}, {"d": None}])
    assert found({"a": 1, "d": 1})
    assert found({"b": "xx", "c": "z", "d": ""})
    assert not found({"a": 1})
    assert not found({"a": 1, "d": 1, "c": "Y"})


def test_an_alternative_may_look_at_more_than_a_scalar() -> None:
    found = holds("there or word", there={"a|exists": True}, word={"a.b": "x"})
    assert found({"a": {}})
    assert found({"a": [{"b": "x"}]})
    assert not found({"a": None})
    found = holds("same or word", same={"a|fieldref": "b"}, word={"a": "x"})
    assert found({"a": "q", "b": "Q"})
    assert found({"a": "X"})
    assert not found({"a": "q", "b": "r"})


def test_a_whole_number_that_a_double_holds_is_itself() -> None:
    found = holds(selection={"a": 2**53})
    assert found({"a": 9007199254740992})
    assert found({"a": "9007199254740992"})
    assert not found({"a": 9007199254740993})
    assert not found({"a": "9007199254740993"})


def test_re_with_contains_is_found_anywhere_as_it_is_without() -> None:
    found = holds(selection={"a|re|contains": "b|^c"})
    assert found({"a": "xbx"})
    assert found({"a": "cx"})
    assert not found({"a": "xc"})


def test_a_long_text_without_a_match_costs_one_walk() -> None:
    """The time of a naive match grows with the fourth power here: it would not end in the lifetime of a test run."""
    assert not holds(selection={"a": "*x*x*x*y"})({"a": "x" * 100_000})
    assert not holds(selection={"a|re": ".*x.*y"})({"a": "z" * 100_000})
