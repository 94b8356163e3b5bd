"""Whether a scalar passes a test: texts, numbers, addresses (docs/semantics.md, "Single events").

A scalar is folded, or read as a number or an address, once for all the tests that it may pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from operator import ge, gt, le, lt
from typing import Any

from amazon_q_detections import casing, record
from amazon_q_detections.condition import Boolean, Cidr, Compare, Matches, Number, Test, Text, Wild
from amazon_q_detections.record import Scalar

ScalarTest = Callable[[Scalar], bool]
TextTest = Callable[[str], bool]

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}

# The loops below are written out: a generator inside any() or all() takes longer than most of the tests themselves.


def one_of(tests: Sequence[Test]) -> ScalarTest:
    """Whether a scalar passes one of *tests*, none of which looks at more than a scalar."""
    texts = [test for test in tests if isinstance(test, Text)]
    texts += [Text(("true" if test.value else "false",)) for test in tests if isinstance(test, Boolean)]
    of_text = [fits_one(texts)] if texts else []
    of_text += [test.regex.search for test in tests if isinstance(test, Matches)]
    parts: list[ScalarTest] = []
    if of_text:
        parts.append(_of_text(_either(of_text)))
    if any(isinstance(test, Number | Compare) for test in tests):
        parts.append(_of_number(tests))
    if any(isinstance(test, Cidr) for test in tests):
        parts.append(_of_address(tests))
    return _either(parts)


def _either(parts: Sequence[Callable[[Any], bool]]) -> Callable[[Any], bool]:
    if len(parts) == 1:
        return parts[0]

    def passes(value: Any) -> bool:
        for part in parts:  # noqa: SIM110  # see above
            if part(value):
                return True
        return False

    return passes


def _of_text(passes: TextTest) -> ScalarTest:
    return lambda value: passes(record.text(value))


def _of_number(tests: Sequence[Test]) -> ScalarTest:
    equal = frozenset(test.value for test in tests if isinstance(test, Number))
    bounds = [(_RELATIONS[test.op], test.value) for test in tests if isinstance(test, Compare)]

    def passes(value: Scalar) -> bool:
        number = as_number(value)
        if number is None:
            return False
        return number in equal or any(relation(number, bound) for relation, bound in bounds)

    return passes


def _of_address(tests: Sequence[Test]) -> ScalarTest:
    """Whether a scalar spells an address in a network.

    An IPv4 address is in no IPv6 network and the other way round, mapped or not; one with a zone (`fe80::1%eth0`) is in none.
    """
    networks = [test.network for test in tests if isinstance(test, Cidr)]

    def passes(value: Scalar) -> bool:
        if not isinstance(value, str) or "%" in value:
            return False
        try:
            address = ip_address(value)
        except ValueError:
            return False
        return any(address in network for network in networks)

    return passes


def fits_one(texts: Sequence[Text]) -> TextTest:
    """Whether a text fits one of *texts*; plain values are looked up in one set."""
    parts = [_fits(text) for text in texts if text.cased]
    plain = frozenset(casing.fold(text.literal) for text in texts if not text.cased and text.literal is not None)
    others = [_fits(text) for text in texts if not text.cased and text.literal is None]
    if others:
        passes = _either([*others, plain.__contains__] if plain else others)
        parts.append(lambda text: passes(casing.fold(text)))
    elif plain:
        parts.append(lambda text: casing.fold(text) in plain)
    return _either(parts)


def _fits(test: Text) -> TextTest:
    """Whether a text, folded already unless case counts, fits the parts of *test*."""
    parts = tuple(part if isinstance(part, Wild) or test.cased else casing.fold(part) for part in test.parts)
    match parts:
        case ():
            return lambda text: not text
        case (str(literal),):
            return lambda text: text == literal
        case (Wild.ANY,):
            return lambda _: True
        case (Wild.ANY, str(literal), Wild.ANY):
            return lambda text: literal in text
        case (str(literal), Wild.ANY):
            return lambda text: text.startswith(literal)
        case (Wild.ANY, str(literal)):
            return lambda text: text.endswith(literal)
    pattern = _glob(parts)
    return lambda text: pattern.fullmatch(text) is not None


def _glob(parts: tuple[str | Wild, ...]) -> re.Pattern[str]:
    """The parts as an expression that takes no more than one way through a text.

    What lies between two `*` may stand at its first place, since later ones leave less room for the rest: so no group is
    entered again, and a long text without a match costs one walk.
    """
    runs: list[str] = [""]
    for part in parts:
        if part is Wild.ANY:
            runs.append("")
        else:
            runs[-1] += "." if part is Wild.ONE else re.escape(str(part))
    first, *middle, last = runs if len(runs) > 1 else (runs[0], None)
    tail = "" if last is None else "".join(f"(?>.*?{run})" for run in middle if run) + f".*{last}"
    return re.compile(f"{first}{tail}", re.DOTALL)


def as_number(value: Scalar) -> int | float | None:
    """The number that *value* is or spells (docs/semantics.md, first rows), else None; a boolean is none.

    Fractions are those of JSON readers, IEEE 754 doubles, and so is what has thousands of digits: an infinity.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    if not _NUMBER.fullmatch(value):
        return None
    return float(value) if "." in value or len(value) > record.MOST_DIGITS else int(value)
