"""Regular expressions, held against RE2 and Python's `re`, each on the pattern as the rule has it."""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

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

# Each with a text that it matches, alone.
ATOMS = {
    "a": "a", "b": "b", "B": "B", "1": "1", "_": "_", ".": "-", r"\.": ".", r"\d": "1", r"\D": "é", r"\w": "B", r"\W": "٣", r"\s": "\n",
    r"\S": "a", "[ab]": "b", "[^ab]": "B", r"[\d_]": "_", r"[^\W1]": "s", "[a-z]": "k", "[]a]": "a", "[a-]": "-", "[^]]": "\n", "é": "é",
    r"[\W]": "é", r"[^\W]": "a", r"[^\x00-\x7f]": "٣", "[^É]": "é", "[j-t]": "k", "Σ": "Σ", "K": "K", r"\x41": "A", "^": "", "$": "",
    r"\A": "", r"\b": "", r"\B": "", r"\n": "\n", "{": "{",
}  # fmt: skip
# Python has not, or reads otherwise.
OF_RE2 = {r"\z": "", r"\Qa.\E": "a.", "a{,2}": "a{,2}", r"[\x{80}-\x{10ffff}]": "é", r"\x{e9}": "é"}
REPEATS = {"*": 2, "+": 1, "?": 0, "{2}": 2, "{1,}": 3, "{0,2}": 1, "*?": 0, "+?": 2}
GROUPS = ["(?:{})", "({})", "(?i:{})", "(?s-i:{})", "(?P<name>{})"]
# Around the whole, with what its text has more: else nearly all would be found somewhere.
WHOLES = {"{}": "", "^(?:{})$": "", "^(?:{})B": "B"}


class Planted(NamedTuple):
    """A pattern, a text that is likely to match it, and what it is made of."""

    pattern: str
    text: str
    kinds: frozenset[str]


def joined(parts: list[Planted]) -> Planted:
    kinds = frozenset().union(*(part.kinds for part in parts))
    return Planted("".join(part.pattern for part in parts), "".join(part.text for part in parts), kinds)


def planted(atoms: dict[str, str]) -> st.SearchStrategy[Planted]:
    """Patterns of *atoms*, their texts put together as the patterns are."""
    single = st.sampled_from([Planted(pattern, text, frozenset({pattern})) for pattern, text in atoms.items()])

    def either(one: Planted, two: Planted) -> Planted:
        return Planted(f"(?:{one.pattern}|{two.pattern})", two.text, one.kinds | two.kinds | {"|"})

    def repeated(one: Planted, sign: str) -> Planted:
        return Planted(f"({one.pattern}){sign}", one.text * REPEATS[sign], one.kinds | {sign})

    def grouped(one: Planted, group: str) -> Planted:
        return Planted(group.format(one.pattern), one.text + WHOLES.get(group, ""), one.kinds | {group})

    parts = st.recursive(
        single,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(joined),
            st.builds(either, inner, inner),
            st.builds(repeated, inner, st.sampled_from(list(REPEATS))),
            st.builds(grouped, inner, st.sampled_from(GROUPS)),
        ),
        max_leaves=5,
    )
    return st.builds(grouped, parts, st.sampled_from(list(WHOLES)))


PLANTED = planted(ATOMS | OF_RE2)
FLAGS = st.sets(st.sampled_from("ims")).map(frozenset)
AROUND = st.text(ALPHABET, max_size=2)
# As it is, in the other case, without its last character, or nothing of it.
CHANGES = st.sampled_from([str, str, str.swapcase, lambda text: text[:-1], lambda _: ""])


def re2_finds(pattern: str, flags: Flags, text: str) -> bool:
    """What RE2 says; `m` must be said in RE2's Perl mode, where `$` is the end of the text."""
    prefix = f"(?{''.join(sorted(flags))})" if flags else ""
    return re2.search(prefix + pattern, text) is not None


def assert_each_verdict_was_seen(seen: Counter[tuple[str, bool]]) -> None:
    rare = {(kind, verdict) for kind, _ in seen for verdict in (True, False) if seen[kind, verdict] < 5}
    assert not rare


def test_verdicts_are_those_of_re2() -> None:
    r"""Not asked: `\B` in a text beyond ASCII, where RE2 also looks between the bytes of one character."""
    seen: Counter[tuple[str, bool]] = Counter()

    @given(one=PLANTED, flags=FLAGS, before=AROUND, after=AROUND, change=CHANGES)
    @settings(derandomize=True, max_examples=2500, deadline=None)
    def ask(one: Planted, flags: Flags, before: str, after: str, change: Callable[[str], str]) -> None:
        text = before + change(one.text) + after
        assume(r"\B" not in one.kinds or text.isascii())
        try:
            expected = re2_finds(one.pattern, flags, text)
            regex = Regex.parse(one.pattern, flags)
        except (re2.error, Refused):
            assume(False)  # a group's name twice; what is taken and what is refused is asked below
        seen.update((kind, expected) for kind in one.kinds | flags)
        assert regex.search(text) is expected

    ask()
    assert_each_verdict_was_seen(seen)


def test_verdicts_are_those_of_python() -> None:
    r"""Not asked: `$` before a last newline, where Python's is true, letters beyond ASCII that have a case under `i`, of which
    it folds none when `\w` is ASCII, and `\B` in the empty text, where it is false before 3.14."""
    seen: Counter[tuple[str, bool]] = Counter()

    @given(one=planted(ATOMS), flags=FLAGS, before=AROUND, after=AROUND, change=CHANGES)
    @settings(derandomize=True, max_examples=2500, deadline=None)
    def ask(one: Planted, flags: Flags, before: str, after: str, change: Callable[[str], str]) -> None:
        text = before + change(one.text) + after
        assume("$" not in one.pattern or "\n" not in text)
        assume(not ({"i", "(?i:{})"} & (flags | one.kinds)) or (text + one.pattern).isascii())
        assume(r"\B" not in one.kinds or text)
        try:
            python = re.compile(one.pattern, re.ASCII | sum(getattr(re, flag.upper()) for flag in flags))
            regex = Regex.parse(one.pattern, flags)
        except (re.error, Refused):
            assume(False)
        expected = python.search(text) is not None
        seen.update((kind, expected) for kind in one.kinds | flags)
        assert regex.search(text) is expected

    ask()
    assert_each_verdict_was_seen(seen)


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


@given(pattern=PLANTED.map(lambda one: one.pattern) | st.text(r"\*?.+ab|", min_size=1, max_size=8), flags=FLAGS)
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


@given(text=st.text(ALPHABET, max_size=6))
@settings(derandomize=True, max_examples=200, deadline=None)
def test_a_quoted_text_finds_itself(text: str) -> None:
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


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        ("(?:ab*)c", ["xabbc", "ac"], ["ab", "abb", "c"]),
        ("a(?:b*c)", ["abbcx", "ac"], ["a", "abb", "bc"]),
        (".*ab.*", ["xabx", "ab"], ["xaxb"]),
        ("^.*b?$", ["", "ab"], ["a\nb"]),
    ],
)
def test_repeats_inside_a_group_are_kept(pattern: str, good: list[str], bad: list[str]) -> None:
    regex = Regex.parse(pattern)
    assert all(map(regex.search, good))
    assert not any(map(regex.search, bad))


# Each takes Python's `re` more than a lifetime, or hours.
SLOW = [
    ("a.*b.*c", "ab" * 10_000),
    ("^(a+)+$", "a" * 10_000 + "b"),
    (r"^(\w+\s?)*$", "ab " * 5_000 + "!"),
    ("((a{1,30}){1,30})b", "a" * 20_000),
    (r"(x+x+)+y", "x" * 20_000),
    ("(a|a)*b", "a" * 20_000),
]


def test_no_pattern_makes_a_search_hang() -> None:
    """In a process of its own, which can be ended: all of them take less than a second, and a minute is given."""
    code = f"""
from amazon_q_detections.regex import Regex
assert not any(Regex.parse(pattern).search(text) for pattern, text in {SLOW!r})
"""
    done = run(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_re2_is_only_read_for_a_regular_expression() -> None:
    code = "import sys; from amazon_q_detections import cli, engines, predicate; sys.exit('re2' in sys.modules)"
    assert run(code).returncode == 0


def run(code: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_pattern_too_large_is_refused_and_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Refused, match="too large for RE2"):
        Regex.parse("|".join(f"{number}[^a]{{1000}}" for number in range(400)))
    assert capfd.readouterr() == ("", "")


def test_half_a_surrogate_pair_is_one_unknown_character() -> None:
    assert Regex.parse("^a.c$").search("a\ud800c")
    assert Regex.parse("^a[^b]c$").search("a\udfffc")
    assert not Regex.parse(r"[?\x{d800}]").search("a\ud800c")


@pytest.mark.parametrize("pattern", [r"\B", r"a|\B", r"(a*\B)+", r"\B{2}", r"(?:a?|b)\B", r"\B(x|)"])
def test_a_pattern_that_no_boundary_satisfies_is_refused(pattern: str) -> None:
    """RE2 would find it inside the bytes of one character, as in `aéa`."""
    with pytest.raises(Refused, match=re.escape(r"\B alone satisfies it")):
        Regex.parse(pattern)


@pytest.mark.parametrize("pattern", [r"a\B", r"\Ba", r"(\B)?", r"a*|\B", r"^\B", r"\b\B"])
def test_no_boundary_beside_something_is_taken(pattern: str) -> None:
    assert Regex.parse(pattern).search("aéa") is re2_finds(pattern, frozenset(), "aéa")
