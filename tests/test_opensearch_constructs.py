"""The rows of the contract on real OpenSearch nodes, as query DSL and as Lucene text, and what is refused by name."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from functools import cache, partial
from itertools import product
from typing import Any

import pytest
from contract_rows import ABSENT, OUTSIDE, ROWS, event
from opensearch_node import Node
from sigma_text import holds, tree

from amazon_q_detections.condition import Condition, Leaf, Or, Text
from amazon_q_detections.errors import Refused
from amazon_q_detections.regex import Regex
from amazon_q_detections.targets.opensearch import dsl, fields, lucene, mapping, regexp
from amazon_q_detections.targets.opensearch.fields import Schema

NONE: frozenset[str] = frozenset()
# `a.b` may hold anything here, so whether it is there is a derived field.
SCHEMA = Schema("eventTime", (), NONE, NONE, NONE)
LONG = Schema("eventTime", (), frozenset({"c"}), frozenset({"a.b"}), frozenset({"long"}))
# The fixture of a node, and the template that is for its release; tests/test_opensearch_random.py tries the other one too.
PLACES: list[tuple[str, mapping.Shape]] = [("older", "nested"), ("node", "flat")]
Write = Callable[[Condition], dict[str, Any]]


def as_dsl(condition: Condition, schema: Schema = SCHEMA) -> dict[str, Any]:
    return dsl.refuse_too_many(dsl.Writer(schema).clause(condition))


def as_text(condition: Condition, schema: Schema = SCHEMA) -> dict[str, Any]:
    return {"query_string": {"query": lucene.Writer(schema).text(condition), "analyze_wildcard": True}}


def template(conditions: list[Condition], shape: mapping.Shape, schema: Schema = SCHEMA) -> dict[str, Any]:
    """That of an index for all *conditions*."""
    leaves: dict[str, set[str]] = {"eventName": set()}
    presence: dict[str, str] = {}
    for condition in conditions:
        for field, needed in schema.mapped(condition).items():
            leaves.setdefault(field, set()).update(needed)
        presence |= schema.present(condition)
    return mapping.template(leaves, presence, time=schema.time, shape=shape)


class Place:
    """An index on a node, with records that some conditions read; those that its template rejects are not in it."""

    def __init__(self, on: Node, name: str, body: dict[str, Any], records: list[dict[str, Any]]) -> None:
        self._on, self._name, self._records = on, name, records
        self.rejected = on.index(name, body, records)

    def agrees(
        self, query: dict[str, Any], matches: Callable[[dict[str, Any]], bool], outside: list[Any] | None = None
    ) -> None:
        """Whether *query* finds the records that match, those *outside* aside."""
        asked = {
            number
            for number, record in enumerate(self._records)
            if number not in self.rejected and not any(record is other for other in outside or [])
        }
        found = self._on.found(self._name, query) & asked
        wanted = {number for number in asked if matches(self._records[number])}
        assert [self._records[number] for number in sorted(found)] == [self._records[number] for number in sorted(wanted)]


@pytest.fixture(params=PLACES, ids="-".join, scope="module")
def make(request: pytest.FixtureRequest) -> Callable[..., Place]:
    """What makes an index for conditions and records on each node."""
    release, shape = request.param
    on = request.getfixturevalue(release)

    def made(name: str, conditions: list[Condition], records: list[dict[str, Any]], schema: Schema = SCHEMA) -> Place:
        return Place(on, f"{name}-{shape}", template(conditions, shape, schema), records)

    return made


VALUES: list[Any] = []
for _, _, good, bad in ROWS.values():
    VALUES.extend(
        value
        for value in (*good, *bad)
        if not any(value is other or (type(value) is type(other) and value == other) for other in VALUES)
    )
RECORDS = [event(one) for one in VALUES]
SAID = sorted(ROWS)


@pytest.fixture(scope="module")
def rows(make: Callable[..., Place]) -> Place:
    conditions = [tree(selection={f"a.b{modifiers}": value}) for modifiers, value, _, _ in map(ROWS.__getitem__, SAID)]
    return make("rows", conditions, RECORDS)


@pytest.mark.parametrize("write", [as_dsl, as_text])
@pytest.mark.parametrize("negated", [False, True], ids=["plain", "negated"])
@pytest.mark.parametrize("row", SAID)
def test_a_row_of_the_contract(rows: Place, row: str, negated: bool, write: Write) -> None:
    modifiers, value, _, _ = ROWS[row]
    selection = {f"a.b{modifiers}": value}
    text = "not selection" if negated else "selection"
    outside = [record for record in RECORDS if record["a"].get("b", ABSENT) in OUTSIDE.get(row, [])]
    rows.agrees(write(tree(text, selection=selection)), holds(text, selection=selection), outside)


def test_the_nested_template_rejects_an_object_where_a_value_is_mapped(rows: Place, request: pytest.FixtureRequest) -> None:
    objects = {number for number, value in enumerate(VALUES) if "{" in str(value)}
    assert rows.rejected == (set() if "flat" in request.node.name else objects)


def test_a_field_reference_compares_any_element_with_any(make: Callable[..., Place]) -> None:
    selection = {"a.b|fieldref": "c"}
    pairs = [("X", "x"), (7, "7"), (["a", "b"], ["c", "B"]), ("x", "y"), ("x", None), ("", ""), (ABSENT, "x")]
    place = make("pairs", [tree(selection=selection)], [{**event(mine), "c": other} for mine, other in pairs])
    place.agrees(as_dsl(tree(selection=selection)), holds(selection=selection))
    with pytest.raises(Refused, match="a field reference"):
        as_text(tree(selection=selection))


def test_a_field_reference_finds_nothing_in_an_index_from_before_a_field_was_mapped(make: Callable[..., Place]) -> None:
    place = make("pairs-before", [tree(selection={"a.b": "x"})], [{**event("x"), "c": "x"}])
    for selection in ({"a.b|fieldref": "c"}, {"c|fieldref": "a.b"}):
        place.agrees(as_dsl(tree(selection=selection)), lambda _: False)


HOSTILE = [
    'x" OR eventName:"X', "x) OR (y", "a\\", "a\\*b", "*:*", "a AND b", "NOT", "[a TO b]", "/re/", "a~2", "a^2", "{{x}}", "a\nb", "a\rb", "a\tb", "<script>",
    'q"\\"', "emoji 🙂", "&& ||", "a:b", "  ", "-x", "+x", "!x", "\\u0041", "%", "$x$", "`", "';--", "a\u3000b", "ΑΣ", "ΑΣ.Β", "\u00a0",
]  # fmt: skip


@pytest.fixture(scope="module")
def hostile(make: Callable[..., Place]) -> Place:
    return make("hostile", [tree(selection={"a.b": "x"})], [event(one) for one in HOSTILE])


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_only_a_value(hostile: Place, value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
    for modifier in ("", "|contains", "|startswith|cased"):
        selection = {f"a.b{modifier}": escaped}
        assert holds(selection=selection)(event(value))
        for write in (as_dsl, as_text):
            hostile.agrees(write(tree(selection=selection)), holds(selection=selection))


NETWORKS = ["::/0", "::/64", "::/80", "::8000:0:0/81", "8000::/1", "::fffe:0:0/96", "2001:db8::/32", "0.0.0.0/0", "10.0.0.0/8"]
ADDRESSES = [
    "10.0.0.1", "::", "::1", "::fffe:ffff:ffff", "::1:0:0:0", "::ffff:0:0:0", "fe80::1", "2001:db8::1", "8000::", "::8000:0:0", "::fffe:0:1",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "q.amazonaws.com",
]  # fmt: skip


@pytest.mark.parametrize("write", [as_dsl, as_text])
def test_no_ipv4_address_is_in_an_ipv6_network(make: Callable[..., Place], write: Write) -> None:
    selections: list[dict[str, Any]] = [{"a.b|cidr": network} for network in NETWORKS]
    place = make(f"networks-{write.__name__}", [tree(selection=one) for one in selections], [event(one) for one in ADDRESSES])
    for selection in selections:
        place.agrees(write(tree(selection=selection)), holds(selection=selection))


NUMBERS = [1e-7, 0.0000001, 123456789012345680, 1.5, -1.5, -7, 0, 7, 2**53 - 1, -0.0, 1e15, 0.1, 4503599627370496.5]


@pytest.mark.parametrize("write", [as_dsl, as_text])
@pytest.mark.parametrize("modifier", ["", "|gt", "|gte", "|lt", "|lte"])
def test_numbers_are_compared_by_value(make: Callable[..., Place], write: Write, modifier: str) -> None:
    selections: list[dict[str, Any]] = [{f"a.b{modifier}": number} for number in NUMBERS if abs(number) < 2**53]
    texts = [
        "0.0000001",
        "0.00000010",
        "-0",
        "1000000000000000",
        "9007199254740991",
        "9007199254740993",
        "-9007199254740993",
        2**60,
    ]
    records = [event(one) for one in (*NUMBERS[2:], *texts)]
    name = f"numbers-{write.__name__}{modifier.replace('|', '-')}"
    place = make(name, [tree(selection=one) for one in selections], records)
    for selection in selections:
        place.agrees(write(tree(selection=selection)), holds(selection=selection))


NAMES = ["a-b", "a.b-c", "a_b", "a._b", "@timestamp", "7", "a.7", "NOTE", "a.NOT", "x.exists_a", "TO", "a.b_c.d-e"]


@pytest.mark.parametrize("write", [as_dsl, as_text])
def test_field_names_need_no_escape(make: Callable[..., Place], write: Write) -> None:
    """Each is found under its name, and its presence under a name of its own."""
    selections: list[dict[str, Any]] = [{name: "x"} for name in NAMES] + [{f"{name}|exists": True} for name in NAMES]
    records = [{"n": {}}, *(nested(name, "x") for name in NAMES), *(nested(name, {}) for name in NAMES if "." in name)]
    place = make(f"names-{write.__name__}", [tree(selection=one) for one in selections], records)
    for selection in selections:
        place.agrees(write(tree(selection=selection)), holds(selection=selection))


def nested(name: str, value: Any) -> dict[str, Any]:
    for step in reversed(name.split(".")):
        value = {step: value}
    return value  # type: ignore[no-any-return]


PAYLOADS = [
    "short NEEDLE",
    "x" * 20_000 + "needle äÖ",
    "x" * 2_000_000,
    "",
    "NEEDLE" * 5_000,
    ["no", "y" * 11_000 + "needle"],
    7,
    None,
]
PATTERNS = [
    {"long|contains": "needle"}, {"long|contains|cased": "NEEDLE"}, {"long|contains": "ÄÖ"}, {"long|endswith": "äö"}, {"long|startswith": "xx"},
    {"long|startswith|cased": "NE"}, {"long": "*"}, {"long": "?*"}, {"long": "n*e"}, {"long": ""}, {"long": "short needle"}, {"long": None},
    {"long|exists": True}, {"long|contains|all": ["need", "short"]}, {"long": 7}, {"long|startswith": "7"},
]  # fmt: skip


def test_patterns_are_found_in_texts_of_any_length(make: Callable[..., Place]) -> None:
    write = partial(as_dsl, schema=LONG)
    place = make("long", [tree(selection=one) for one in PATTERNS], [{"long": one} for one in PAYLOADS], LONG)
    for selection in PATTERNS:
        for text in ("selection", "not selection"):
            place.agrees(write(tree(text, selection=selection)), holds(text, selection=selection))


EXPRESSIONS = [
    "^needle", "(?i)needle$", "NEEDLE(?-s:.)*$", "^NEEDLE{5,}", "needle (ä|Ö)", "^$", "^.$", "(?i)^short needle$", "y{20}needle", "^[^x]*$", r"\d", r"\*\?\\a b",
    r"(?m)^b\\c$", "a{3}b{2}|^7$", "^[a7]$", "x{30,}y", r"a\.b\|c", r"(?i)\bC\b", "()", "(?s).*.*",
]  # fmt: skip


def test_regular_expressions_are_found_in_texts_of_any_length(make: Callable[..., Place]) -> None:
    texts = [
        *PAYLOADS,
        "*?\\a b",
        "a\nb\\c\nd",
        "aaabb",
        "a.b|c",
        "b c d",
        "bcd",
        "a",
        "a{3}b",
        "long " * 3000 + r"*?\a b *? a.b|c",
    ]
    selections = [{"long|re": one} for one in EXPRESSIONS]
    place = make("long-re", [tree(selection=one) for one in selections], [{"long": one} for one in texts], LONG)
    for selection in selections:
        for text in ("selection", "not selection"):
            place.agrees(as_dsl(tree(text, selection=selection), LONG), holds(text, selection=selection))


# Of each family the largest that is not refused: the node's limit must lie beyond.
EXPRESSION_FAMILIES: list[Callable[[int], str]] = [
    lambda size: f"(AKIA|ASIA)[A-Z0-9]{{{size}}}",
    lambda size: f"x.{{{size}}}y",
    lambda size: f"foo.{{0,{size}}}bar",
    lambda size: f"^a{{0,{size}}}b",
    lambda size: f"((aab)?){{1,{size}}}b[^a]aa.bbb|(\\d{{3,9}}){{{size}}}",
    lambda size: f"^(a{{0,{size}}}b?){{0,{size}}}c",
    lambda size: ".*".join("abcdefghij"[place % 10] for place in range(size)),
    lambda size: "|".join(chr(0x4E00 + 7 * place) for place in range(size)),
    lambda size: f"日.{{{size}}}本|(é日){{{size}}}",
    lambda size: f"^(é|à|.){{0,{size}}}é$",
]


def largest_expression(family: Callable[[int], str]) -> str:
    return family(bisect_left(range(1, 1000), True, key=lambda size: not is_said({"a.b|re": family(size)})))


@pytest.mark.parametrize("write", [as_dsl, as_text])
def test_a_regular_expression_up_to_the_limit_is_taken(make: Callable[..., Place], write: Write) -> None:
    found = list(map(largest_expression, EXPRESSION_FAMILIES))
    assert "{16}" < found[0][-4:] < "{18}"
    place = make(f"expressions-{write.__name__}", [tree(selection={"a.b": "x"})], [event("AKIA" + "X9" * 9), event("foobar")])
    for one in found:
        place.agrees(write(tree(selection={"a.b|re": one})), holds(selection={"a.b|re": one}))


# With what each comes to: anchors gone, in lower case where case does not count, nothing that a node reads otherwise.
WRITTEN = {
    "foo": ".*foo.*",
    "^foo$": "foo",
    "^foo|bar$": "foo.*|.*bar",
    "(^|,)foo(,|$)": "(.*,)?foo(,.*)?",
    r"\bfoo\b": r"(.*[^\w])?foo([^\w].*)?",
    "foo.*bar.*$": ".*foo[^\n]*bar[^\n]*",
    "(?s)foo.+?bar.*": ".*foo.+bar.*",
    "(?i)^[A-Z0-9]{2,} É": r"[\da-z]{2,} é.*",
    "(?i:a)B": ".*[Aa]B.*",
    r'a"b#c@d/\\\.\t': '.*a\\"b\\#c\\@d/\\\\\\.\t.*',
    r"^[\w./-]+@[^\s]\d$": r"[\w\-./]+\@[^\s\f]\d".replace(r"\f", "\f"),
    "[!-~]": ".*[!-~].*",
    "": ".*",
}


@pytest.mark.parametrize("pattern", WRITTEN)
def test_a_regular_expression_in_lucenes_dialect(pattern: str) -> None:
    assert regexp.pattern(Regex.parse(pattern)).text == WRITTEN[pattern]


@pytest.mark.parametrize(
    "value",
    [
        {"a.b|contains": "x"},
        {"a.b": "x"},
        {"long|contains": "x"},
        {"c|exists": True},
        {"d": "x"},
        {"d|re": "^x$"},
        {"long|re": "x"},
    ],
)
def test_no_length_is_assumed_where_none_matters(value: dict[str, Any]) -> None:
    assert LONG.assumed([tree(selection=value)]) == ()


@pytest.mark.parametrize(
    "value", [{"d|contains": "x"}, {"d": "x*"}, {"d|re": "x"}, {"a.b|fieldref": "d"}, {"long|fieldref": "a.b"}]
)
def test_a_length_that_is_assumed_has_a_name(value: dict[str, Any]) -> None:
    assert LONG.assumed([tree(selection=value)]) == ("values_up_to_10922",)


BEYOND = "*x" + "?" * 12 + "x*"
FAMILIES: list[Callable[[int], str]] = [
    lambda size: "*x" + "?" * size + "x*",
    lambda size: f"*{'a' * size}*",
    lambda size: "ab*" * size,
    lambda size: "?*" * size,
    lambda size: f"{'a' * size}*",
    lambda size: f"{'a' * size}*b",
    lambda size: "*" + "".join(chr(0x4E00 + place) for place in range(size)),
    lambda size: "*" + "*".join(chr(0x10000 + 97 * place) for place in range(size)),
    lambda size: "*" + "?".join(chr(0x4E00 + 7 * place) for place in range(size)),
    lambda size: f"arn:aws:q:*:{'?' * size}:application/????????-*",
]


def is_said(selection: dict[str, Any]) -> bool:
    try:
        as_dsl(tree(selection=selection), LONG)
    except Refused:
        return False
    return True


@cache
def longest() -> list[str]:
    """Of each family the largest that is not refused: the node's limit must lie beyond."""
    return [
        family(bisect_left(range(1, 1000), True, key=lambda size: not is_said({"a.b": family(size)}))) for family in FAMILIES
    ]


@pytest.mark.parametrize("write", [as_dsl, as_text])
def test_a_pattern_up_to_the_limit_is_found(make: Callable[..., Place], write: Write) -> None:
    records = [event(pattern.replace("*", "").replace("?", "z")) for pattern in longest()] + [event("q"), event("xaxbz")]
    place = make(f"limits-{write.__name__}", [tree(selection={"a.b": one}) for one in longest()], records)
    for pattern in longest():
        place.agrees(write(tree(selection={"a.b": pattern})), holds(selection={"a.b": pattern}))


# What a node counts as one clause, two, and as many as there are characters.
CLAUSES: list[tuple[int, Callable[[int], dict[str, Any]]]] = [
    (1000, lambda number: {"a.b": f"x{number}*"}),
    (1000, lambda number: {"a.b": number}),
    (500, lambda number: {"a.b|gt": number}),
    (500, lambda number: {"a.b|cidr": f"10.{number // 200}.{number % 200}.0/24"}),
    (500, lambda number: {"a.b|exists": True, "c": f"x{number}*"}),
    (40, lambda number: {"long|contains": f"abcdefghijklmnop{number}"}),
]


@pytest.mark.parametrize("kind", range(len(CLAUSES)))
def test_as_many_clauses_as_are_let_through_are_taken(make: Callable[..., Place], kind: int) -> None:
    most, selection = CLAUSES[kind]
    selections = {f"s{number}": selection(number) for number in range(most)}
    place = make(f"clauses-{kind}", [tree("1 of s*", **selections)], [event("x1"), event("y")], LONG)
    place.agrees(as_dsl(tree("1 of s*", **selections), LONG), holds("1 of s*", **selections))


def test_a_list_of_values_is_one_clause(make: Callable[..., Place]) -> None:
    selection = {"a.b": [f"x{number}" for number in range(60_000)]}
    place = make("values", [tree(selection=selection)], [event("x1"), event("y")])
    place.agrees(as_dsl(tree(selection=selection)), holds(selection=selection))


def test_two_fields_never_have_one_name_without_dots() -> None:
    names = ["".join(signs) for size in range(1, 6) for signs in product("a._-", repeat=size)]
    assert len({fields.flat(name) for name in names}) == len(names)
    assert not any("." in fields.flat(name) for name in names)


def test_a_list_of_more_values_than_a_node_takes_is_refused() -> None:
    with pytest.raises(Refused, match=r"65537 values of a\.b"):
        as_dsl(Or(tuple(Leaf("a.b", Text((f"x{number}",))) for number in range(65_537))))


@pytest.mark.parametrize(
    ("text", "selections", "construct"),
    [
        ("selection", {"selection": {"a|re": "foo.{0,50}bar"}}, "the regular expression"),
        ("selection", {"selection": {"a|re": "a^b"}}, "the regular expression"),
        ("selection", {"selection": {"a|re": "x" * 1000}}, "the regular expression"),
        ("selection", {"selection": {"a|re": "^x{1000}$"}}, "the regular expression"),
        ("selection", {"selection": {"a|re": "[^\0-\U0010ffff]"}}, "the regular expression"),
        ("keywords", {"keywords": ["x?y"]}, "a keyword"),
        ("selection", {"selection": {'a"b': "x"}}, "the field name"),
        ("selection", {"selection": {"a:b": "x"}}, "the field name"),
        ("selection", {"selection": {"-a": "x"}}, "the field name"),
        ("selection", {"selection": {"a.-b": "x"}}, "the field name"),
        *(("selection", {"selection": {word: "x"}}, "the field name") for word in ("AND", "OR", "NOT")),
        ("selection", {"selection": {"_id": "x"}}, "the field name"),
        ("selection", {"selection": {"_source|exists": True}}, "the field name"),
        ("selection", {"selection": {"exists_a": "x"}}, "the field name"),
        ("selection", {"selection": {"a..b": "x"}}, "the field name"),
        ("selection", {"selection": {".".join("a" * 21): "x"}}, "the field name"),
        ("selection", {"selection": {"eventTime|startswith": "2026"}}, "the field eventTime"),
        ("selection", {"selection": {"eventTime|exists": True}}, "the field eventTime"),
        ("selection", {"selection": {"eventTime.of": "x"}}, "the field eventTime"),
        ("selection", {"selection": {"eventTime|fieldref": "a"}}, "the field eventTime"),
        ("selection", {"selection": {"a": "x" * 10_923}}, "a value of more than"),
        ("selection", {"selection": {"a": ["y", "x" * 10_923]}}, "a value of more than"),
        ("selection", {"selection": {"a": "🙂" * 5_462}}, "a value of more than"),
        ("selection", {"selection": {"a": BEYOND}}, "a pattern of this kind"),
        ("selection", {"selection": {"a|cased": BEYOND}}, "a pattern of this kind"),
        ("selection", {"selection": {"a": "x" * 1000 + "*"}}, "a pattern of more than"),
        ("selection", {"selection": {"a|cidr": "::ffff:10.0.0.0/104"}}, "the network"),
        ("selection", {"selection": {"a|gt": 2**53}}, "the number"),
        ("selection", {"selection": {"a": -(2**53)}}, "the number"),
        ("selection", {"selection": {"a|lt": 1e300}}, "the number"),
        ("1 of s*", {f"s{number}": {"a": f"x{number}*"} for number in range(1001)}, "clauses"),
    ],
)
@pytest.mark.parametrize("write", [as_dsl, as_text])
def test_what_cannot_be_said_is_refused_by_name(text: str, selections: dict[str, Any], construct: str, write: Write) -> None:
    with pytest.raises(Refused, match=construct):
        write(tree(text, **selections))


@pytest.mark.parametrize(
    ("selection", "construct"),
    [
        ({"long|contains": "x"}, "a pattern on long"),
        ({"long|re": "x"}, "a pattern on long"),
        ({"a": [f"x{number}" for number in range(1001)]}, "a text of 1001 clauses"),
        ({"a": ["x" * 10_000, "y" * 10_000, "z" * 10_000, "w" * 10_000]}, "a text of 40"),
        ({"a": ["🙂" * 5_000, "🙃" * 5_000, "🙂🙃" * 2_500, "🙃🙂" * 2_500]}, "a text of 40"),
    ],
)
def test_what_lucene_text_cannot_say_the_dsl_does(selection: dict[str, Any], construct: str) -> None:
    assert as_dsl(tree(selection=selection), LONG)
    with pytest.raises(Refused, match=construct):
        as_text(tree(selection=selection), LONG)


@pytest.mark.parametrize(
    ("selection", "construct"),
    [
        ({"long|contains": r"a\\b"}, "a backslash"),
        ({"long|wide|contains": "ab"}, "a NUL"),
        ({"long|utf16be": "ab*"}, "a NUL"),
        ({"long|re": "a\0"}, "a NUL"),
    ],
)
def test_what_a_long_text_is_not_searched_for_is_refused(selection: dict[str, Any], construct: str) -> None:
    with pytest.raises(Refused, match=f"{construct} in a pattern on long"):
        as_dsl(tree(selection=selection), LONG)


def test_nul_is_found_in_a_text_that_is_not_long(make: Callable[..., Place]) -> None:
    selections: list[dict[str, Any]] = [{"a.b": "\0*"}, {"a.b": "?\0"}, {"a.b|utf16be|contains": "o"}, {"long|wide": "foo"}]
    records: list[dict[str, Any]] = [*map(event, ["\0", "\0o\0", "o\0", "\0\0o", "o"]), {"long": "f\0o\0o\0"}, {"long": "foo"}]
    place = make("nul", [tree(selection=one) for one in selections], records, LONG)
    for selection in selections:
        for write in (as_dsl, as_text):
            place.agrees(write(tree(selection=selection), LONG), holds(selection=selection))
