"""A rule's regular expressions in Perl's dialect: run as SPL's functions run them, they find what they are meant to."""

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest
import re2
from hypothesis import assume, given, settings
from test_regex import AROUND, CHANGES, FLAGS, PLANTED, Planted
from test_regex_whole import TEXTS
from test_regex_whole import expression as with_anchors

from amazon_q_detections.errors import Refused
from amazon_q_detections.regex import Regex
from amazon_q_detections.regex_parser import Flags
from amazon_q_detections.targets.splunk import backtracking, perl
from amazon_q_detections.targets.splunk.spl import regular


def finds(expression: str, text: str) -> bool:
    return regular.found(expression, bytes_only=False)(text)


def test_what_is_found_is_what_the_rule_finds() -> None:
    seen: Counter[bool] = Counter()

    @given(one=PLANTED, flags=FLAGS, before=AROUND, after=AROUND, change=CHANGES)
    @settings(derandomize=True, max_examples=2000, deadline=None)
    def ask(one: Planted, flags: Flags, before: str, after: str, change: Callable[[str], str]) -> None:
        text = before + change(one.text) + after
        assume(r"\B" not in one.kinds or text.isascii())
        try:
            regex = Regex.parse(one.pattern, flags)
        except Refused:
            assume(False)
        expected = regex.search(text)
        seen[expected] += 1
        assert finds(perl.expression(regex), text) is expected
        assert finds(perl.expression(regex, but_null=True), text) is expected
        assert not finds(perl.expression(regex, but_null=True), "null")

    ask()
    assert min(seen.values()) > 300


@pytest.mark.parametrize("seed", range(3))
def test_anchors_hold_where_they_stand(seed: int) -> None:
    random = Random(seed)
    for _ in range(300):
        try:
            regex = Regex.parse(with_anchors(random, 4))
        except Refused:
            continue
        written = perl.expression(regex)
        if "]|[^" in written:  # two negated classes, which the module regex takes for one that is wrong
            continue
        for text in random.sample(TEXTS, 60):
            assert finds(written, text) is regex.search(text), (regex.pattern, written, text)


SHOWN = [
    (r".*foo.*", "foo"),
    (r".+foo.{2,}", r"[^\n]foo[^\n]{2}"),
    (r"a+|b*c", "a|c"),
    (r".*", r"\A"),
    (r"^arn:.*:user/.*admin$", r"\Aarn:(?>[^\n]*?:user/)[^\n]*admin\z"),
    (r"(?s)a.*b.+c", "(?s)a(?>.*?b).+c"),
    (r"a.*b(?s:.*)c", r"(?s)a(?>[^\n]*?b).*c"),
    (r"a(?s:.*)b.*c", r"(?s)a.*b[^\n]*c"),  # a later b may have its c on its line
    (r"a.*\n.*c", r"a[^\n]*\n[^\n]*c"),
    (r"a.*bc?.*d", r"a[^\n]*bc?[^\n]*d"),  # what stands between has no one length
    (r"(?i)curl [a-z]+/", r"(?i)curl [A-Za-z\x{17f}\x{212a}]+/"),
    (r"(?i)a(?-i:[a-z]+)/", "(?i)a(?-i:[a-z]+)/"),
    (r"(?i)a\W", "[Aa][^0-9A-Z_a-z]"),
    (r"(?i)a[0-9.]+b", "(?i)a[.0-9]+b"),
    (r"a(?i)b", "a[Bb]"),
    (r"\bsudo\b", "(?<![0-9A-Z_a-z])sudo(?![0-9A-Z_a-z])"),
    (r"\b-\B.", r"(?<=[0-9A-Z_a-z])-(?![0-9A-Z_a-z])[^\n]"),
    ('\\$x`|"|a\\|b', r"[$]x\x{60}|\x{22}|a[|]b"),
]


@pytest.mark.parametrize(("pattern", "written"), SHOWN, ids=[pattern for pattern, _ in SHOWN])
def test_an_expression_reads_so(pattern: str, written: str) -> None:
    assert perl.expression(Regex.parse(pattern)) == written


@pytest.mark.parametrize("but_null", [False, True], ids=["plain", "but null"])
@pytest.mark.parametrize("pattern", ["(?s)a.*b", "(?s).+x.{3}y", "(?i)x[a-z]*y", "a[^b]*c", "(?im)^.*a$"])
def test_a_repeated_character_is_no_group(pattern: str, but_null: bool) -> None:
    """A repeated group is a step inside the one before, of which Splunk allows 1,000 (limits.conf, [rex] depth_limit)."""
    written = perl.expression(Regex.parse(pattern), but_null=but_null)
    assert not any(sign in written for sign in (")*", ")+", "){"))


COSTLY = [
    ("a.*b.*c.*d", False),
    (r"^.*\.(exe|dll)$", False),
    ("[a-z]+@[a-z]+x", False),  # the first repeat need not be made at a start
    ("x[a-z]+@[a-z]+y", True),
    ("(?:ab)+c", False),
    ("x(?:ab)*c", True),
    ("x(a|b){20}y", True),
    ("x(?:a|bc){3}y", False),
    (r"(\d{1,3}\.){3}\d{1,3}", False),
]


@pytest.mark.parametrize(("pattern", "costly"), COSTLY, ids=[pattern for pattern, _ in COSTLY])
def test_an_expression_that_splunk_may_give_up_on_is_known(pattern: str, costly: bool) -> None:
    assert perl.costly(Regex.parse(pattern)) is costly
    assert perl.costly(Regex.parse("x.*y"), but_null=True)


LONG = ["ab" * 3000, "a" + "b" * 5000, "a-b" * 2000 + "\n" + "abc" * 1000]


@pytest.mark.parametrize("value", LONG, ids=len)
def test_a_long_value_is_walked_in_one_way(value: str) -> None:
    """Else whoever pads a value is not seen."""
    for pattern in ("a.*b.*c.*d", "(?s)a.*b.*c.*d", "(?i)A.*-.*b.*x$"):
        regex = Regex.parse(pattern)
        for text in (value, f"{value}abcd", f"{value}\nabcdx", f"abcd{value}"):
            assert finds(perl.expression(regex), text) is regex.search(text)


def test_what_is_shortened_is_found_in_the_same_texts() -> None:
    for pattern in ("(a|b)*(?:c+|d)", "a?b?", "(?:ab){2,}", "x(?:y?)", "(^a)*b", r"(a|^b){2,5}c"):
        regex = Regex.parse(pattern)
        assert backtracking.shortened(regex.tree) != regex.tree
        for text in ["", "a", "b", "ab", "abab", "ababab", "bbc", "bac", "ac", "c", "d", "xy", "x", "aab"]:
            found = re2.search(pattern, text) is not None
            assert finds(perl.expression(regex), text) is found, (pattern, text)
