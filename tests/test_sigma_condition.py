"""What pySigma has parsed as a condition tree: what is folded, which selection a test comes from, and what is refused by name."""

from typing import Any

import pytest
from sigma_text import holds, tree

from amazon_q_detections import condition
from amazon_q_detections.condition import Leaf, Text, Wild
from amazon_q_detections.errors import Refused


def test_two_stars_are_one() -> None:
    assert tree(selection={"a": "a**b"}) == tree(selection={"a": "a*b"}) == Leaf("a", Text(("a", Wild.ANY, "b")))
    assert tree(selection={"a|contains": "**a"}) == Leaf("a", Text((Wild.ANY, "a", Wild.ANY)))


def test_a_test_knows_the_selection_that_it_comes_from() -> None:
    found = tree(
        "origin and 1 of some_* and not filter",
        origin={"a": ["x", None], "b|exists": True},
        some_maps=[{"c": 1}, {"d|contains|all": ["y", "z"]}],
        some_more={"e|windash|contains": "-q"},
        filter={"f|cidr": "10.0.0.0/8"},
    )
    named = {leaf.field: leaf.selection for leaf in condition.leaves(found)}
    assert named == {
        "a": "origin", "b": "origin", "c": "some_maps", "d": "some_maps", "e": "some_more", "f": "filter",
    }  # fmt: skip
    assert all(leaf.selection for leaf in condition.leaves(found))


def test_a_selections_name_is_no_part_of_the_meaning() -> None:
    assert tree("one", one={"a": "x"}) == tree("two", two={"a": "x"})


@pytest.mark.parametrize(
    ("selection", "construct"),
    [
        ({"a": []}, "an empty list as value"),
        ({"a|fieldref|startswith": "b"}, "fieldref with a string modifier"),
        ({"eventTime|minute": 5}, "a part of a timestamp"),
        ({"a|expand": "%list%"}, "an unresolved placeholder"),
        ({"a|re": "(?=x)"}, "look-around"),
        ({"a|re": r"(x)\1"}, r"the escape \1"),
        ({"a|re": 7}, "it is no text"),
        ({"a|re": ["x", None]}, "it is no text"),
        ({"eventTime|minute|gt": 5}, "a part of a timestamp"),
        ({"|minute": 5}, "a part of a timestamp"),
        ([{"a": []}, {"a": 1}], "an empty list as value"),
        ({"a|expand|base64": "%list%"}, "expand with base64"),
        ({"a|base64offset|expand": "%list%"}, "expand with base64offset"),
        ({"a|expand|wide": "%list%"}, "expand with wide"),
        ({"a|expand|utf16": "%list%"}, "expand with utf16"),
        ({"a|utf16be|expand": "%list%"}, "expand with utf16be"),
        ({"a|expand|windash": "-%list%"}, "expand with windash"),
        ({"a|expand|fieldref": "%list%"}, "expand with fieldref"),
        ({"a|re|expand": "x%list%"}, "expand with re"),
        ({"a|re|startswith": "x"}, "re with startswith"),
        ({"a|re|endswith": "x|y"}, "re with endswith"),
        ({"a|fieldref|endswith": "b"}, "fieldref with a string modifier"),
        ({"a|fieldref|contains": "b"}, "fieldref with a string modifier"),
        ({"a|cased|fieldref": "b"}, "fieldref with cased"),
        ({"|startswith": "x"}, "a keyword with startswith"),
        ({"|endswith|all": ["x", "y"]}, "a keyword with endswith"),
        ({"a|base64offset|contains": "x"}, "base64offset of so short a value"),
        ({"a|base64offset": ["long", ""]}, "base64offset of so short a value"),
        ({"a|base64offset|contains": "schön"}, "base64offset of a value beyond ASCII"),
        ({"a|utf16|base64offset|contains": "text"}, "utf16 with base64offset"),
        ({"a|utf16|base64": "text"}, "utf16 with base64"),
        ({"a|base64": r"a\*b"}, "an escaped wildcard under base64"),
        ({"a|base64": r"a\?b"}, "an escaped wildcard under base64"),
        ({"a|cidr": "fe80::1%eth0"}, "the network fe80::1%eth0"),
        ({"a|cidr": ["10.0.0.0/8", "fe80::%eth0/64"]}, "the network fe80::%eth0/64"),
        ({"a": 9007199254740993}, "a whole number near 9007199254740992"),
        ({"a": [1, -9007199254740993]}, "a whole number near -9007199254740992"),
        ({"a|gte": 10**20 + 1}, "a whole number near 100000000000000000000"),
        ([9007199254740993], "a whole number near 9007199254740992"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(selection: Any, construct: str) -> None:
    with pytest.raises(Refused) as caught:
        tree(selection=selection)
    assert construct in str(caught.value)


@pytest.mark.parametrize(
    ("condition", "name"), [("notify", "notify"), ("selection and not_mine", "not_mine"), ("1 of not*", "not_mine"), ("not", "not")]
)  # fmt: skip
def test_a_selection_whose_name_begins_with_not_is_refused(condition: str, name: str) -> None:
    """pySigma reads `not_mine` as `not _mine`, and so the opposite where there is a selection `_mine`."""
    with pytest.raises(Refused, match=f"the selection name '{name}'"):
        tree(condition, **{"selection": {"a": 1}, name: {"b": 1}, name.removeprefix("not") or "x": {"b": 2}})


def test_other_selections_may_begin_like_an_operator() -> None:
    found = holds("android and order or 1 of Not* or knot", android={"a": 1}, order={"b": 1}, Nothing={"c": 1}, knot={"d": 1})
    assert found({"a": 1, "b": 1})
    assert found({"c": 1})
    assert found({"d": 1})
    assert not found({"a": 1})


def test_a_list_of_conditions_is_refused() -> None:
    with pytest.raises(Refused, match="a list of conditions"):
        tree(["selection", "not selection"], selection={"a": 1})  # type: ignore[arg-type]
