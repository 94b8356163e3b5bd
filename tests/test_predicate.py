"""docs/semantics.md, "Single events", row by row: what holds on which value of the field `a.b`."""

from typing import Any

import pytest
from sigma_text import holds, tree

from amazon_q_detections.errors import Refused

ABSENT = object()


def event(value: Any) -> dict[str, Any]:
    return {"eventName": "X", "a": {} if value is ABSENT else {"b": value}}


# (modifiers, value of the rule, values on which it holds, values on which it does not)
ROWS: dict[str, tuple[str, Any, list[Any], list[Any]]] = {
    "text equals case folded": ("", "AbC", ["abc", "ABC", ["x", "abc"]], ["abcd", "", None, ABSENT, {}, {"abc": 1}, [{"b": "abc"}]]),
    "text folds beyond ASCII": ("", "ÄÖé", ["äöÉ"], ["aoe"]),
    "text with regex signs is text": ("", "a.b+[c]", ["A.B+[C]"], ["axb+[c]", "aab"]),
    "quoted number is its text form": ("", "7", [7, "7"], ["7.0", 70, "07", True]),
    "number by value": ("", 7, [7, 7.0, "7", "7.0", "7.00", [1, 7]], ["07", "7.", " 7", "1e1", True, "seven", 8, None, ABSENT]),
    "fraction by value": ("", 1.5, [1.5, "1.5", "1.50"], ["15", "1,5"]),
    "zero has a sign or none": ("", 0, [0, "0", "-0", "0.0"], ["", "00", False]),
    "true and 'true'": ("", True, [True, "true", "TRUE"], [False, 1, "1", "yes", None, ABSENT]),
    "'false' and false": ("", "False", [False, "false"], [True, 0, "", None, ABSENT]),
    "star": ("", "a*z", ["az", "A--Z", "a\nz"], ["azb", "ba z", None]),
    "question mark": ("", "a?z", ["abz", "A\nZ", "a€z"], ["az", "abbz"]),
    "at least one character": ("", "?*", ["x", 7, True, ["", "x"]], ["", [], [""], None, ABSENT, {}]),
    "star alone is any scalar": ("", "*", ["", "x", 0, False], [None, ABSENT, {}, [], [None]]),
    "escaped wildcards": ("", r"\*\?", ["*?"], ["ab", "\\*\\?"]),
    "backslash before a star": ("", r"c:\\*", ["C:\\x", "c:\\"], ["c:x"]),
    "single backslash": ("", r"a\b", ["A\\B"], ["ab"]),
    "contains": ("|contains", "b*d", ["abcde", "BD"], ["b", "d-b"]),
    "startswith": ("|startswith", "ab", ["ABc", "ab"], ["cab"]),
    "endswith": ("|endswith", "yz", ["xYZ"], ["yzx"]),
    "contains all": ("|contains|all", ["ab", "cd"], ["xxcdab"], ["ab", "cd", ["ab1", "x"]]),
    "cased": ("|cased", "AbC", ["AbC"], ["abc", "ABC"]),
    "cased contains": ("|contains|cased", "bC", ["AbC"], ["Abc"]),
    "list is one of": ("", ["a", "b*", 7, None], ["A", "bcd", "7", None, ABSENT], ["c", "", {}]),
    "re anywhere": ("|re", "b.d", ["abcde", "b d"], ["B D", "b\nd", "bd"]),
    "re with anchors": ("|re", "^ab$", ["ab"], ["xab", "abx", "ab\n", "AB"]),
    "re ignoring case": ("|re|i", "^Ünd", ["üND x"], ["xünd"]),
    "re over lines": ("|re|m", "^b$", ["a\nb\nc"], ["abc"]),
    "re dot over lines": ("|re|s", "a.c", ["a\nc"], ["ac"]),
    "re sees text forms": ("|re", "^(true|7)$", [True, 7, "7"], [False, 71, None]),
    "re digits are ASCII": ("|re", r"^\d\w\s$", ["1a "], ["١a ", "1é "]),
    "wildcards see text forms": ("", "t*e", [True, "tree"], [False]),
    "cidr v4": ("|cidr", "10.0.0.0/8", ["10.1.2.3"], ["11.0.0.1", "q.amazonaws.com", "", "10.1.2", 167772161, None, ABSENT]),
    "cidr v6": ("|cidr", "2001:db8::/32", ["2001:db8::1", "2001:0DB8:0::1"], ["2001:db9::1", "10.0.0.1", "::ffff:10.0.0.1"]),
    "gt": ("|gt", 7, [8, "8", 7.5, [1, 8]], [7, "7", "x", "", True, None, ABSENT, "08"]),
    "gte": ("|gte", 7, [7, "7.0"], [6.9, "a7"]),
    "lt": ("|lt", 0, [-1, "-0.5"], [0, "-", False, None]),
    "lte": ("|lte", 0, [0, "-0"], [1]),
    "exists": ("|exists", True, ["", 0, False, {}, [], [None], [{}], {"c": None}], [None, ABSENT]),
    "exists not": ("|exists", False, [None, ABSENT], ["", 0, False, {}, []]),
    "null": ("", None, [None, ABSENT], ["", {}, [], "null"]),
    "empty string": ("", "", ["", ["x", ""]], [" ", None, ABSENT, {}, []]),
    "neq": ("|neq", "a", ["b", None, ABSENT, {}, ["b", "c"]], ["A", ["b", "a"]]),
    "base64": ("|base64", "foo", ["Zm9v"], ["foo"]),
    "wide": ("|wide|base64offset|contains", "foo", ["xxZgBvAG8A"], ["foo"]),
    "arrays in arrays": ("", "x", [[["x"]], [[], ["y", ["x"]]]], [[["y"]], [[{"b": "x"}]]]),
}  # fmt: skip

CASES = [
    pytest.param(modifiers, value, found, expected, id=f"{row}-{'holds' if expected else 'not'}-{number}")
    for row, (modifiers, value, good, bad) in ROWS.items()
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
    assert not some({"a": [{}, {"b": None}, 7]})


def test_a_keyword_is_in_any_string_value_but_not_in_a_key() -> None:
    found = holds("keywords", keywords=["evil", "b?d"])
    assert found({"x": {"y": ["so Evil!"]}})
    assert found({"x": "BAD"})
    assert not found({"evil": 1, "n": 7})


def test_conditions_nest() -> None:
    found = holds("(one or two) and not three", one={"a": 1}, two={"b|contains": "x"}, three=[{"c": "y"}, {"d": None}])
    assert found({"a": 1, "d": 1})
    assert found({"b": "xx", "c": "z", "d": ""})
    assert not found({"a": 1})
    assert not found({"a": 1, "d": 1, "c": "Y"})


@pytest.mark.parametrize(
    ("selection", "construct"),
    [
        ({"a": []}, "an empty list as value"),
        ({"a|fieldref|startswith": "b"}, "fieldref with a string modifier"),
        ({"eventTime|minute": 5}, "a part of a timestamp"),
        ({"a|expand": "%list%"}, "an unresolved placeholder"),
        ({"a|re": "(?=x)"}, "look-around"),
        ({"a|re": r"(x)\1"}, r"the escape \1"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(selection: dict[str, Any], construct: str) -> None:
    with pytest.raises(Refused) as caught:
        tree(selection=selection)
    assert construct in str(caught.value)


def test_a_list_of_conditions_is_refused() -> None:
    with pytest.raises(Refused, match="a list of conditions"):
        tree(["selection", "not selection"], selection={"a": 1})  # type: ignore[arg-type]
