"""The rows of the contract on a real OpenSearch node, as query DSL and as Lucene text, and what is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from contract_rows import ABSENT, OUTSIDE, ROWS, event
from opensearch_node import Node
from sigma_text import holds, tree

from amazon_q_detections.condition import Condition
from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.opensearch import dsl, fields, lucene, mapping

# `a.b` may hold anything here, so whether it is there is a derived field.
SCALARS: frozenset[str] = frozenset()
REFUSED = {row for row in ROWS if row.startswith("re ")}
NUMBERS = count()  # of indexes; each test makes its own

VALUES: list[Any] = []
for _, _, good, bad in ROWS.values():
    VALUES.extend(
        value
        for value in (*good, *bad)
        if not any(value is other or (type(value) is type(other) and value == other) for other in VALUES)
    )


def indexed(node: Node, name: str, condition: Condition, records: list[dict[str, Any]]) -> None:
    leaves = fields.mapped(condition, SCALARS) | {"eventName": set()}
    template = mapping.template(leaves, fields.present(condition, SCALARS), time="eventTime", shape="flat")
    node.index(name, template, records)


def as_dsl(condition: Condition) -> dict[str, Any]:
    return dsl.Writer(SCALARS).clause(condition)


def as_text(condition: Condition) -> dict[str, Any]:
    return {"query_string": {"query": lucene.Writer(SCALARS).text(condition), "analyze_wildcard": True}}


@pytest.mark.parametrize("write", [as_dsl, as_text])
@pytest.mark.parametrize("negated", [False, True], ids=["plain", "negated"])
@pytest.mark.parametrize("row", sorted(ROWS.keys() - REFUSED))
def test_a_row_of_the_contract(node: Node, row: str, negated: bool, write: Callable[[Condition], dict[str, Any]]) -> None:
    modifiers, value, _, _ = ROWS[row]
    selection = {f"a.b{modifiers}": value}
    text = "not selection" if negated else "selection"
    condition = tree(text, selection=selection)
    records = [event(one) for one in VALUES if one not in OUTSIDE.get(row, [])]
    name = f"row-{next(NUMBERS)}"
    indexed(node, name, condition, records)
    answer = node.search(name, {"query": write(condition), "size": 1000})
    found = sorted(int(hit["_id"]) for hit in answer["hits"]["hits"])
    matches = holds(text, selection=selection)
    wanted = [number for number, one in enumerate(records) if matches(one)]
    node.call("DELETE", f"/{name}")
    assert [records[number] for number in found] == [records[number] for number in wanted]


def test_a_field_reference_compares_any_element_with_any(node: Node) -> None:
    condition = tree(selection={"a.b|fieldref": "c"})
    pairs = [("X", "x"), (7, "7"), (["a", "b"], ["c", "B"]), ("x", "y"), ("x", None), ("", ""), (ABSENT, "x")]
    records = [{**event(mine), "c": other} for mine, other in pairs]
    indexed(node, "pairs", condition, records)
    answer = node.search("pairs", {"query": as_dsl(condition), "size": 100})
    matches = holds(selection={"a.b|fieldref": "c"})
    assert sorted(int(hit["_id"]) for hit in answer["hits"]["hits"]) == [n for n, one in enumerate(records) if matches(one)]
    with pytest.raises(Refused, match="a field reference"):
        as_text(condition)


HOSTILE = [
    'x" OR eventName:"X', "x) OR (y", "a\\", "a\\*b", "*:*", "a AND b", "NOT", "[a TO b]", "/re/", "a~2", "a^2", "{{x}}", "a\nb", "<script>",
    'q"\\"', "emoji 🙂", "&& ||", "a:b", "  ", "-x", "+x", "!x", "\\u0041", "%", "$x$", "`", "';--",
]  # fmt: skip


@pytest.mark.parametrize("write", [as_dsl, as_text])
@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("modifier", ["", "|contains", "|startswith|cased"])
def test_a_hostile_value_is_only_a_value(
    node: Node, write: Callable[[Condition], dict[str, Any]], value: str, modifier: str
) -> None:
    escaped = value.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
    condition = tree(selection={f"a.b{modifier}": escaped})
    name = f"hostile-{next(NUMBERS)}"
    indexed(node, name, condition, [event(one) for one in HOSTILE])
    answer = node.search(name, {"query": write(condition), "size": 100})
    found = sorted(int(hit["_id"]) for hit in answer["hits"]["hits"])
    matches = holds(selection={f"a.b{modifier}": escaped})
    node.call("DELETE", f"/{name}")
    assert [HOSTILE[number] for number in found] == [one for one in HOSTILE if matches(event(one))]
    assert value in [HOSTILE[number] for number in found]


@pytest.mark.parametrize(
    ("text", "selections", "construct"),
    [
        ("selection", {"selection": {"a|re": "x"}}, "a regular expression"),
        ("keywords", {"keywords": ["x"]}, "a keyword"),
        ("selection", {"selection": {'a"b': "x"}}, "the field name"),
        ("selection", {"selection": {"a:b": "x"}}, "the field name"),
    ],
)
def test_what_cannot_be_said_is_refused_by_name(text: str, selections: dict[str, Any], construct: str) -> None:
    with pytest.raises(Refused, match=construct):
        as_dsl(tree(text, **selections))
