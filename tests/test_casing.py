"""Case folding, held against RE2's `(?i)`: it has Unicode's simple folding, one character to one."""

import pytest
import re2

from amazon_q_detections import casing

CASED = [char for char in map(chr, range(0x2000)) if char.lower() != char or char.upper() != char]
# Their capitals are several letters, and newer Unicode makes two such small letters one (ΐ and ΐ): outside the contract.
ONE_TO_ONE = "".join(char for char in CASED if len(char.upper()) == 1 and len(char.lower()) == 1)


def test_the_variants_of_a_letter_are_those_of_re2() -> None:
    different = [
        char
        for char in ONE_TO_ONE
        if set(re2.findall(f"(?i){char}", ONE_TO_ONE)) != set(casing.variants(char)) & set(ONE_TO_ONE)
    ]
    assert not different


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ABC", "abc", True), ("ÄÖÜ", "äöü", True), ("ΑΣ", "ασ", True), ("ΟΔΟΣ", "οδοσ", True), ("Жук", "жУК", True), ("ẞ", "ß", True),
        ("ß", "ss", False), ("ﬁ", "fi", False), ("é", "e", False), ("ı", "i", False), ("中", "中", True), ("🙂", "🙂", True),
    ],
)  # fmt: skip
def test_folded_texts(one: str, other: str, same: bool) -> None:
    assert (casing.fold(one) == casing.fold(other)) is same


def test_folding_keeps_lengths_and_places() -> None:
    text = "".join(map(chr, range(0x3000)))
    assert [casing.fold(char) for char in text] == list(casing.fold(text))
    assert len(casing.fold(text)) == len(text)
