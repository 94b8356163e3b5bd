"""Random rules on random records: what real OpenSearch nodes find against the meaning itself."""

from __future__ import annotations

import re
from ipaddress import ip_network
from random import Random
from typing import Any

import pytest
from opensearch_node import Node

from amazon_q_detections import predicate
from amazon_q_detections.condition import (
    And,
    Boolean,
    Cidr,
    Compare,
    Condition,
    Exists,
    Leaf,
    Matches,
    Not,
    Number,
    Or,
    SameAs,
    Test,
    Text,
    Wild,
    merged,
)
from amazon_q_detections.errors import Refused
from amazon_q_detections.regex import Regex
from amazon_q_detections.targets.opensearch import dsl, lucene, mapping, regexp
from amazon_q_detections.targets.opensearch.fields import Schema

SHORT = ["list", "o.p", "o.q.r", "rows.x", "rows.deep.y", "odd-name_7"]
LONG = ["o.long", "rows.long"]
FIELDS = ["scalar", *LONG, *SHORT]
SCHEMA = Schema("eventTime", (), frozenset({"scalar"}), frozenset(SHORT), frozenset(LONG))
OPERATORS: list[Any] = ["<", "<=", ">", ">="]

# Spellings that the contract leaves out are not among them.
WORDS = [
    "", "a", "A", "ab", "aB*", "a?b", "a b", " a", "Äb", "äB", "Σα", "a\\b", "\\", "*", "?", '"', "a:b", "(a)", "+a-", "a/b", "AND", "TO", "🙂b",
    "a\nb", "a\u3000b", "true", "FALSE", "7", "7.0", "-7", "0", "-0", "1.5", "1.50", "10.0.0.1", "2001:db8::1", "::1", "a.b.c", "{a}", "[a TO b]",
    "a~1", "a^2", "&&", "||", "!a", "<a", ">7", "=a", "@a", "#a", "a\tb", "x" * 300,
]  # fmt: skip
EXPRESSIONS = [
    "a", "b", ".", "", "^", "$", r"\A", r"\z", r"\b", r"\B", r"\d", r"\w", r"\W", r"\s", r"\S", "[^a]", "[a-c]", "[Ä-ä]", r"[\w.:-]", "(?i:AB)", "(?s:.)", "(?m:^)",
    "(?m:$)", "x{2,9}", r"[\\/\"#@&<>~^-]", "7", "z", r"\n", r"\x{1f642}",
]  # fmt: skip
OTHERS: list[Any] = [True, False, 0, 7, -7, 7.5, 1.5, 2**53 - 1, None]
NETWORKS = ["10.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/32", "::/64", "10.0.0.1/32"]


def value(random: Random) -> Any:
    return random.choice(OTHERS) if random.random() < 0.35 else random.choice(WORDS)


def held(random: Random) -> Any:
    """A value, an array of some, or an array of such arrays."""
    if random.random() < 0.75:
        return value(random)
    return [value(random) if random.random() < 0.8 else [value(random)] for _ in range(random.randint(0, 3))]


def some(random: Random, **makers: Any) -> dict[str, Any]:
    return {key: made() for key, made in makers.items() if random.random() < 0.7}


def long(random: Random) -> Any:
    return value(random) if random.random() < 0.6 else random.choice(WORDS) + "z" * 11_000 + random.choice(WORDS)


def record(random: Random) -> dict[str, Any]:
    def row() -> dict[str, Any]:
        return some(
            random, x=lambda: held(random), long=lambda: long(random), deep=lambda: some(random, y=lambda: held(random))
        )

    def inside() -> dict[str, Any]:
        return some(random, p=lambda: held(random), q=lambda: some(random, r=lambda: held(random)), long=lambda: long(random))

    return some(
        random,
        **{"odd-name_7": lambda: held(random)},
        scalar=lambda: value(random),
        list=lambda: [value(random) for _ in range(random.randint(0, 3))],
        o=inside,
        rows=lambda: [row() for _ in range(random.randint(0, 3))] if random.random() < 0.8 else row(),
    )


def text(random: Random) -> Text:
    parts: list[str | Wild] = []
    for _ in range(random.randint(1, 4)):
        word = random.choice(WORDS)
        parts.append(random.choice([Wild.ANY, Wild.ANY, Wild.ONE, word, word[: random.randint(0, 3)]]))
    return Text(merged(tuple(parts)), random.random() < 0.3)


def expression(random: Random, depth: int = 3) -> str:
    """A regular expression of the words, with anchors and repeats anywhere."""
    kind = random.randrange(6)
    if depth == 0 or kind < 2:
        word = random.choice(WORDS)
        return random.choice([*EXPRESSIONS, re.escape(word[: random.randint(1, 3)]), re.escape(word)])
    if kind == 2:
        return f"({expression(random, depth - 1)}|{expression(random, depth - 1)})"
    if kind == 3:
        return f"({expression(random, depth - 1)}){random.choice(['*', '+', '?', '{2}', '{1,2}', '{2,}', '*?'])}"
    return expression(random, depth - 1) + expression(random, depth - 1)


def matches(random: Random) -> Matches:
    flags = frozenset(flag for flag in "ims" if random.random() < 0.3)
    while True:
        whole = random.choice(["{}", "{}", "^({})", "({})$", "^({})$"])
        try:
            regex = Regex.parse(whole.format(expression(random)), flags)
            regexp.pattern(regex)
        except Refused:
            continue
        return Matches(regex)


def random_test(random: Random) -> Test:
    kind = random.randrange(15)
    if kind > 11:
        return matches(random)
    if kind < 4:
        return text(random)
    if kind < 6:
        word = random.choice(WORDS)
        return Boolean(word.lower() == "true") if word.lower() in ("true", "false") else Text((word,) if word else ())
    numbers = [0, 7, -7, 1.5, 7.5, 1e-7, 2**53 - 1]
    tests: list[Test] = [
        Number(random.choice(numbers)),
        Boolean(random.random() < 0.5),
        Exists(),
        Compare(random.choice(OPERATORS), random.choice(numbers)),
        Cidr(ip_network(random.choice(NETWORKS))),
        SameAs(random.choice(SHORT)),
    ]
    return tests[kind - 6]


def condition(random: Random, depth: int = 3) -> Condition:
    kind = random.randrange(6)
    if depth == 0 or kind < 2:
        leaf = Leaf(random.choice(FIELDS), random_test(random))
        return Leaf("scalar", leaf.test) if SCHEMA.assumed([leaf]) else leaf
    if kind == 2:
        inner = condition(random, depth - 1)
        return inner.arg if isinstance(inner, Not) else Not(inner)
    joined: type[And | Or] = And if kind < 4 else Or
    args: list[Condition] = []
    for _ in range(random.randint(2, 4)):
        arg = condition(random, depth - 1)
        args.extend(arg.args if isinstance(arg, joined) else (arg,))
    return joined(tuple(args))


def every_field() -> dict[str, set[str]]:
    return {field: {"ip", "n", "wc", "wc_cs"} for field in FIELDS}


@pytest.mark.parametrize(("release", "shape"), [("older", "nested"), ("node", "nested"), ("node", "flat")])
@pytest.mark.parametrize("seed", range(4))
def test_random_rules_find_the_records_that_they_mean(
    request: pytest.FixtureRequest, release: str, shape: mapping.Shape, seed: int
) -> None:
    on: Node = request.getfixturevalue(release)
    random = Random(seed)
    records = [record(random) for _ in range(150)]
    presence = {name: field for field in FIELDS if (name := SCHEMA.presence(field))}
    name = f"random-{seed}-{shape}"
    assert not on.index(name, mapping.template(every_field(), presence, time=SCHEMA.time, shape=shape), records, shards=2)
    said = 0
    for _ in range(60):
        one = condition(random)
        holds = predicate.compile(one)
        wanted = [number for number, event in enumerate(records) if holds(event)]
        for query in queries(one):
            assert sorted(on.found(name, query)) == wanted, (one, query)
            said += 1
    assert said > 60
    on.call("DELETE", f"/{name}")


def queries(one: Condition) -> list[dict[str, Any]]:
    """The rule as query DSL and as Lucene text, as far as it can be said."""
    found: list[dict[str, Any]] = []
    try:
        found.append(dsl.refuse_too_many(dsl.Writer(SCHEMA).clause(one)))
        found.append({"query_string": {"query": lucene.Writer(SCHEMA).text(one), "analyze_wildcard": True}})
    except Refused:
        pass
    return found
