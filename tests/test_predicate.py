"""docs/semantics.md, "Single events", row by row: what holds on which value of the field `a.b`."""

from typing import Any

import pytest
from contract_rows import ABSENT, ROWS, event
from sigma_text import holds, tree

from amazon_q_detections.errors import Refused

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
