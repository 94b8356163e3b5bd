"""The parser of regular expressions, held against RE2 itself."""

import re
from collections.abc import Callable

import pytest
import re2
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sigma_text import tree

from amazon_q_detections.condition import Leaf, Matches
from amazon_q_detections.errors import Refused
from amazon_q_detections.regex import Regex
from amazon_q_detections.regex_parser import Flags
from amazon_q_detections.regex_tree import merged, outside

ALPHABET = "aB1_- \n.é٣[ksKIÉΣσ"

ATOMS = st.sampled_from(
    ["a", "b", "B", "1", "_", ".", r"\.", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", "[ab]", "[^ab]", r"[\d_]", r"[^\W1]", "[a-z]",
     "[]a]", "[a-]", "[^]]", "é", r"[\W]", r"[^\W]", r"[^\x00-\x7f]", r"[\x{80}-\x{10ffff}]", "[^É]", "[j-t]", "Σ", "K", r"\x41", r"\x{e9}", "^", "$", r"\A", r"\z", r"\b", r"\B", r"\n", r"\Qa.\E", "{", "a{,2}"]
)  # fmt: skip
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{0,2}", "*?", "+?"])).map(
            lambda two: f"({two[0]}){two[1]}"
        ),
        inner.map(lambda one: f"(?P<name>{one})")
        | inner.map(lambda one: f"(?i:{one})")
        | inner.map(lambda one: f"(?s-i:{one})"),
    ),
    max_leaves=5,
)
FLAGS = st.sets(st.sampled_from("ims")).map(frozenset)


def re2_finds(pattern: str, flags: Flags, text: str) -> bool:
    """What RE2 says; `m` must be said in RE2's Perl mode, where `$` is the end of the text."""
    prefix = f"(?{''.join(sorted(flags))})" if flags else ""
    return re2.search(prefix + pattern, text) is not None


@given(pattern=PATTERNS, flags=FLAGS, text=st.text(ALPHABET, max_size=6))
@settings(derandomize=True, max_examples=1500, deadline=None)
def test_verdicts_are_those_of_re2(pattern: str, flags: Flags, text: str) -> None:
    r"""Not asked: `\B` in a text beyond ASCII, where RE2 also looks between the bytes of one character."""
    assume(r"\B" not in pattern or text.isascii())
    try:
        expected = re2_finds(pattern, flags, text)
    except re2.error:
        assume(False)
    regex = Regex.parse(pattern, flags)
    assert regex.search(text) is expected
    assert (re.search(regex.python, text) is not None) is expected


ASCII = [chr(code) for code in range(128)]


@pytest.mark.parametrize("flags", ["", "i"])
@pytest.mark.parametrize(
    "pattern",
    [r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"[\w]", r"[\W]", r"[^\W]", r"[^\w]", r"[^\W1]", "[a-z]", "[^a-z]", "[Z-a]", "[!-~]",
     r"[\x{80}-\x{10FFFF}]", r"[^\x00-\x7f]", "k", "[K]", "[^k]", "."],
)  # fmt: skip
def test_one_character_is_matched_as_in_re2(pattern: str, flags: str) -> None:
    r"""Every ASCII character; `[\W]` under i once took s, k and i in, by way of the long s, the Kelvin sign and the dotless i."""
    regex = Regex.parse(pattern, frozenset(flags))
    assert [char for char in ASCII if regex.search(char)] == [
        char for char in ASCII if re2_finds(pattern, frozenset(flags), char)
    ]


@pytest.mark.parametrize(
    "pattern",
    ["(a{100}){11}", "(?:a{1000}b){2}", "((a{10}){10}){11}", "(a{2,}){501}", "(?:(?:a{100}){0}){100}", "(?:(?:a{100})*){11}", "{2}", "a|{2}",
     "(?:a{100}){10}", "(?:a{1000})+", "a{1000}", "^*a", "(?i)*", "a{,2}", "[a-c-e]", r"[\d-z]", "(?<n>a)", "a?{2}", "x{2}?", r"\Qa\E{2}"],
)  # fmt: skip
def test_a_pattern_is_taken_if_re2_takes_it(pattern: str) -> None:
    def taken(parse: Callable[[str], object], refusal: type[Exception]) -> bool:
        try:
            parse(pattern)
        except refusal:
            return False
        return True

    assert taken(Regex.parse, Refused) is taken(re2.compile, re2.error)


@given(pattern=PATTERNS | st.text(r"\*?.+ab|", min_size=1, max_size=8), flags=FLAGS)
@settings(derandomize=True, max_examples=300, deadline=None)
def test_the_pattern_of_a_rule_arrives_as_it_is_written(pattern: str, flags: Flags) -> None:
    """pySigma keeps a pattern as a Sigma string, which knows wildcards and escapes of its own."""
    try:
        re.compile(pattern)
        Regex.parse(pattern, flags)
    except (re.error, Refused):
        assume(False)
    leaf = tree(selection={"|".join(["a", "re", *sorted(flags)]): pattern})
    assert isinstance(leaf, Leaf)
    assert isinstance(leaf.test, Matches)
    assert (leaf.test.regex.pattern, leaf.test.regex.flags) == (pattern, flags)


@pytest.mark.parametrize(
    ("pattern", "construct"),
    [
        ("(?=a)", "a look-around"), ("(?!a)", "a look-around"), ("(?<=a)", "a look-around"), ("(?<!a)b", "a look-around"),
        (r"(a)\1", r"the escape \1"), ("(?P=name)", "a group of this kind"), ("(?>a)", "a group of this kind"),
        ("(?(1)a)", "a group of this kind"), ("a++", "a possessive repeat"), ("a{2}{3}", "a repeat of a repeat"),
        ("a**", "a repeat of a repeat"), ("*a", "a repeat of nothing"), ("a{1001}", "the count {1001}"), ("a{3,2}", "the count {3,2}"),
        (r"\Z", r"the escape \Z"), (r"\pL", r"the escape \p"), (r"\u0041", r"the escape \u"), ("[[:alpha:]]", "a named class"),
        ("[b-a]", "a range"), ("[a", "a missing ]"), ("(a", "a missing )"), ("a)", "an unmatched )"), ("a\\", "a trailing backslash"),
        ("(" * 101 + ")" * 101, "a group inside 100 others"), ("(a{99}){99}", "more than 1000 repeats inside each other"),
        ("a{" + "9" * 5000 + "}", "the count {999"), (r"\p{Greek}", r"the escape \p"), (r"\C", r"the escape \C"), ("{2}", "a repeat of nothing"),
        (r"\x{110000}", "a character code"), ("(?x)a", "a group of this kind"), ("(?#note)", "a group of this kind"),
    ],
)  # fmt: skip
def test_what_re2_has_not_is_refused_by_name(pattern: str, construct: str) -> None:
    with pytest.raises(Refused) as caught:
        Regex.parse(pattern)
    assert construct in caught.value.reason


@pytest.mark.parametrize(
    ("pattern", "place"), [("ab(?=c)", 3), (r"abc\1", 4), ("[a", 1), ("x(a", 2), ("ab)", 3), (r"[ab\p]", 4), ("ab++", 3)]
)
def test_a_refusal_says_where(pattern: str, place: int) -> None:
    with pytest.raises(Refused, match=f"at character {place} is outside the RE2 subset"):
        Regex.parse(pattern)


def test_groups_beside_each_other_are_not_deep() -> None:
    assert Regex.parse("(a)" * 150).search("a" * 150)


def test_a_regex_is_a_value() -> None:
    assert len({Regex.parse("a(b|c)"), Regex.parse("a(b|c)"), Regex.parse("a(b|c)", frozenset("i"))}) == 2


@given(text=st.text(ALPHABET, max_size=6), pattern=PATTERNS)
@settings(derandomize=True, max_examples=200, deadline=None)
def test_a_quoted_text_finds_itself(text: str, pattern: str) -> None:
    assert Regex.parse(rf"\A\Q{text}\E\z").search(text)


def test_ranges_are_merged_and_turned_inside_out() -> None:
    assert merged([("c", "d"), ("a", "b"), ("x", "x"), ("x", "z")]) == (("a", "d"), ("x", "z"))
    ranges = merged([("b", "c"), ("\0", "\0")])
    assert outside(outside(ranges)) == ranges
    assert outside(()) == (("\0", "\U0010ffff"),)


def test_flags_end_with_their_group() -> None:
    assert Regex.parse("(?:(?i)a)b").search("Ab")
    assert not Regex.parse("(?:(?i)a)b").search("AB")
    assert Regex.parse("a(?i)b").search("aB")
