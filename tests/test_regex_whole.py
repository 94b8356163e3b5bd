"""Expressions without anchors for whole texts, held against RE2 on the expression as the rule has it."""

from itertools import product
from random import Random

import pytest
import re2

from amazon_q_detections.errors import Refused
from amazon_q_detections.regex import Regex
from amazon_q_detections.regex_algebra import anchored
from amazon_q_detections.regex_tree import Anchor, Char, Choice, Dot, Node, Repeat, Series, Set
from amazon_q_detections.regex_whole import whole

ATOMS = [
    "a", "b", "-", "\n", ".", "[ab]", "[^a]", r"\w", r"\W", "^", "$", r"\b", r"\B", "(?m:^)", "(?m:$)", "(?s:.)", "", "^", "$", r"\b",
]  # fmt: skip
REPEATS = ["*", "+", "?", "{2}", "{1,2}", "{0,3}", "{2,}", "*?"]
TEXTS = ["".join(chars) for size in range(5) for chars in product("ab-\n", repeat=size)]


def expression(random: Random, depth: int) -> str:
    kind = random.randrange(6)
    if depth == 0 or kind < 2:
        return random.choice(ATOMS)
    if kind == 2:
        return f"(?:{expression(random, depth - 1)}|{expression(random, depth - 1)})"
    if kind == 3:
        return f"(?:{expression(random, depth - 1)}){random.choice(REPEATS)}"
    return expression(random, depth - 1) + expression(random, depth - 1)


def written(node: Node) -> str:
    """The tree for RE2."""
    match node:
        case Char():
            return re2.escape(node.char)
        case Dot():
            return "(?s:.)" if node.newline else "[^\n]"
        case Set():
            spans = "".join(f"\\x{{{ord(low):x}}}-\\x{{{ord(high):x}}}" for low, high in node.ranges)
            return f"[{'^' if node.negated else ''}{spans}]"
        case Series():
            return "".join(map(written, node.items))
        case Choice():
            return f"(?:{'|'.join(map(written, node.options))})"
        case Repeat():
            return f"(?:{written(node.node)}){{{node.least},{'' if node.most is None else node.most}}}"
        case Anchor():
            raise AssertionError(node)


@pytest.mark.parametrize("seed", range(4))
def test_a_text_matches_as_a_whole_where_the_expression_is_found(seed: int) -> None:
    random = Random(seed)
    tried = found = refused = with_anchors = 0
    while tried < 400:
        pattern = expression(random, 4)
        texts = random.sample(TEXTS, 60)
        try:
            regex = Regex.parse(pattern)
            compiled = re2.compile(rf"\A(?:{written(whole(regex.tree))})\z")
        except Refused:
            refused += 1
            continue
        verdicts = [regex.search(text) for text in texts]
        assert [compiled.search(text) is not None for text in texts] == verdicts, pattern
        tried, found, with_anchors = tried + 1, found + sum(verdicts), with_anchors + anchored(regex.tree)
    assert min(found, tried * 60 - found) > 2000
    assert with_anchors > 100
    assert refused < tried / 4


@pytest.mark.parametrize("pattern", ["a^b", "a$b", r"a\Bb^", r"a\b\w", "(?m)^a^b", r"\b\B", "(a^|b^)c"])
def test_what_no_text_matches_is_refused(pattern: str) -> None:
    with pytest.raises(Refused, match="no text matches it"):
        whole(Regex.parse(pattern).tree)
    assert not any(map(Regex.parse(pattern).search, TEXTS))


def test_an_expression_that_becomes_too_large_is_refused() -> None:
    pattern = r"(\ba?\B|b?\b-?|\B.\b){40}"
    with pytest.raises(Refused, match="its anchors are"):
        whole(Regex.parse(pattern).tree)


def test_what_only_leaves_more_of_the_text_open_goes() -> None:
    assert whole(Regex.parse("a*b+c{2,5}(d|e?)").tree) == whole(Regex.parse("bc{2}").tree)
