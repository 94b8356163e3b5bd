"""The parser of regular expressions, held against RE2 itself."""

import pytest
import re2
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from amazon_q_detections.errors import Refused
from amazon_q_detections.regex import Flags, Regex, merged, outside

ALPHABET = "aB1_- \n.é٣["

ATOMS = st.sampled_from(
    ["a", "b", "B", "1", "_", ".", r"\.", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", "[ab]", "[^ab]", r"[\d_]", r"[^\W1]", "[a-z]",
     "[]a]", "[a-]", "[^]]", "é", r"\x41", r"\x{e9}", "^", "$", r"\A", r"\z", r"\b", r"\B", r"\n", r"\Qa.\E", "{", "a{,2}"]
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
    try:
        expected = re2_finds(pattern, flags, text)
    except re2.error:
        assume(False)
    assert Regex.parse(pattern, flags).search(text) is expected


@pytest.mark.parametrize(
    ("pattern", "construct"),
    [
        ("(?=a)", "a look-around"), ("(?!a)", "a look-around"), ("(?<=a)", "a look-around"), ("(?<!a)b", "a look-around"),
        (r"(a)\1", r"the escape \1"), ("(?P=name)", "a group of this kind"), ("(?>a)", "a group of this kind"),
        ("(?(1)a)", "a group of this kind"), ("a++", "a possessive repeat"), ("a{2}{3}", "a repeat of a repeat"),
        ("a**", "a repeat of a repeat"), ("*a", "a repeat of nothing"), ("a{1001}", "the count {1001}"), ("a{3,2}", "the count {3,2}"),
        (r"\Z", r"the escape \Z"), (r"\pL", r"the escape \p"), (r"\u0041", r"the escape \u"), ("[[:alpha:]]", "a named class"),
        ("[b-a]", "a range"), ("[a", "a missing ]"), ("(a", "a missing )"), ("a)", "an unmatched )"), ("a\\", "a trailing backslash"),
        (r"\x{110000}", "a character code"), ("(?x)a", "a group of this kind"), ("(?#note)", "a group of this kind"),
    ],
)  # fmt: skip
def test_what_re2_has_not_is_refused_by_name(pattern: str, construct: str) -> None:
    with pytest.raises(Refused) as caught:
        Regex.parse(pattern)
    assert construct in caught.value.reason


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
